//! A running hub.

use std::io::Write as _;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::Value;

use super::process::{self, Finished, Process};
use super::{Account, Api, Exposition, Options, PATIENCE, Place};

/// A running `gih serve` and what belongs to it.
pub struct Hub {
    /// The process; declared first, so that it ends before its place goes.
    pub process: Process,
    /// Where it keeps everything.
    pub place: Arc<Place>,
    /// `http://` and the address that it listens on.
    pub url: String,
    options: Options,
    client: reqwest::Client,
}

impl Hub {
    /// Starts one in a place of its own and waits until it listens.
    pub async fn start(options: Options) -> Self {
        let place = Arc::new(Place::new(options.kind));
        Self::start_at(place, options).await
    }

    /// Starts one in a place that others use or have used.
    pub async fn start_at(place: Arc<Place>, options: Options) -> Self {
        let (env, binary) = (env(&place, &options), options.binary.clone());
        let args = [&["serve".to_owned()], &options.args[..]].concat();
        // Off the async threads, so that several can start at once.
        let starting = tokio::task::spawn_blocking(move || {
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            let mut process = Process::of(process::command_of(&binary, &env, &args));
            let url = process.line("listening on ");
            (process, url)
        });
        let (process, url) = starting.await.unwrap();
        Self::of(process, place, url, options)
    }

    /// One that runs already and listens at `url`.
    pub fn of(process: Process, place: Arc<Place>, url: String, options: Options) -> Self {
        assert!(url.starts_with("http://127.0.0.1:"), "{url}");
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            // The hub answers 408 on a connection that brought no request for 15 s, and this client may open one ahead.
            .pool_idle_timeout(Duration::from_secs(10))
            .build()
            .unwrap();
        Self {
            process,
            place,
            url,
            options,
            client,
        }
    }

    /// Starts again, with the same options, where this one was: after [`Process::kill`] or its own end.
    pub async fn restart(mut self) -> Self {
        self.process.kill();
        let (place, options) = (Arc::clone(&self.place), self.options.clone());
        drop(self);
        Self::start_at(place, options).await
    }

    /// Another process beside this one, on the same database and storage.
    pub async fn beside(&self, change: impl FnOnce(Options) -> Options) -> Self {
        Self::start_at(Arc::clone(&self.place), change(self.options.clone())).await
    }

    /// Runs a command of the binary in this hub's environment.
    pub fn gih(&self, args: &[&str]) -> Finished {
        self.gih_with_stdin(args, "")
    }

    /// The same with this on its stdin.
    pub fn gih_with_stdin(&self, args: &[&str], stdin: &str) -> Finished {
        let env = env(&self.place, &self.options);
        process::finish(process::command_of(&self.options.binary, &env, args), stdin)
    }

    /// Runs a command that must succeed; what it answers with `--json`.
    #[track_caller]
    pub fn gih_json(&self, args: &[&str]) -> Value {
        self.gih(&[args, &["--json"]].concat()).succeed().json()
    }

    /// A new PRO account with no live and 1,000 test credits.
    #[track_caller]
    pub fn account(&self) -> Account<'_> {
        self.account_of_type("PRO")
    }

    /// A new account of this type.
    #[track_caller]
    pub fn account_of_type(&self, account_type: &str) -> Account<'_> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let email = format!("user{}@example.com", COUNT.fetch_add(1, Ordering::Relaxed));
        self.gih_json(&[
            "account",
            "create",
            "--email",
            &email,
            "--type",
            account_type,
        ]);
        Account { hub: self, email }
    }

    /// The API with this key.
    pub fn with_key(&self, key: &str) -> Api {
        Api::new(self.client.clone(), self.url.clone(), Some(key.to_owned()))
    }

    /// The API without a key.
    pub fn without_key(&self) -> Api {
        Api::new(self.client.clone(), self.url.clone(), None)
    }

    /// What `GET /metrics` says.
    pub async fn metrics(&self) -> Exposition {
        let answer = self.without_key().get("/metrics").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let content_type = answer.header("content-type");
        assert_eq!(
            content_type,
            Some("text/plain; version=0.0.4; charset=utf-8")
        );
        Exposition::read(std::str::from_utf8(&answer.body).unwrap())
    }

    /// The books must hold.
    #[track_caller]
    pub fn audit(&self) {
        let audit = self.gih(&["audit", "--json"]);
        assert_eq!(
            audit.json(),
            serde_json::json!({"ok": true, "violations": []})
        );
        assert_eq!(audit.code, Some(0));
    }

    /// Sends bytes as they are on a connection of its own; everything that comes back until the hub closes it. The
    /// bytes should ask for that with `Connection: close`.
    pub fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect();
        // The hub may refuse before it has read all.
        let _refused_early = stream.write_all(bytes);
        String::from_utf8_lossy(&process::read_all(stream)).into_owned()
    }

    /// A connection to the hub.
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.host()).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(45)))
            .unwrap();
        stream
    }

    /// The address that it listens on, as in `Host`.
    pub fn host(&self) -> &str {
        self.url.trim_start_matches("http://")
    }
}

fn env(place: &Place, options: &Options) -> Vec<(String, String)> {
    let mut env = place.env();
    env.push(("GIH_BIND".to_owned(), "127.0.0.1:0".to_owned()));
    env.extend(options.env.iter().cloned());
    env
}

//! A hub's place as its operator has it: with settings, and with the binary to run in it.

use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::process::{self, Process};
use crate::support::{Finished, Hub, Kind, Options, PATIENCE, Place};

/// For tests that hold on each.
pub const KINDS: [Kind; 2] = [Kind::Sqlite, Kind::Postgres];

/// A place and the settings that the binary is run with there.
#[derive(Clone)]
pub struct Site {
    pub place: Arc<Place>,
    pub options: Options,
}

impl Site {
    /// A place whose database is not made yet.
    pub fn embedded() -> Self {
        Self::of(Kind::Sqlite)
    }

    /// A place with a migrated database.
    pub fn postgres() -> Self {
        Self::of(Kind::Postgres)
    }

    /// Either.
    pub fn of(kind: Kind) -> Self {
        Self::at(Place::new(kind), kind)
    }

    /// A place whose database has no schema.
    pub fn without_schema(kind: Kind) -> Self {
        Self::at(Place::empty(kind), kind)
    }

    fn at(place: Place, kind: Kind) -> Self {
        Self {
            place: Arc::new(place),
            options: Options::on(kind),
        }
    }

    /// The same place with a setting more.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        Self {
            place: Arc::clone(&self.place),
            options: self.options.clone().env(name, value),
        }
    }

    /// Writes a file into the folder that the binary runs in.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.place.folder().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The variables that the binary is run with, the last of a name counting.
    pub fn env(&self) -> Vec<(String, String)> {
        let mut env = self.place.env();
        env.push(("GIH_BIND".to_owned(), "127.0.0.1:0".to_owned()));
        env.extend(self.options.env.iter().cloned());
        env
    }

    /// Runs a command to its end. One that does not end, because it serves after all, fails the test.
    #[track_caller]
    pub fn gih(&self, args: &[&str]) -> Finished {
        let mut child = process::command(&self.env(), args).spawn().unwrap();
        let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let read = |stream: Box<dyn Read + Send>| thread::spawn(move || process::read_all(stream));
        let (stdout, stderr) = (read(Box::new(stdout)), read(Box::new(stderr)));
        let began = Instant::now();
        while child.try_wait().unwrap().is_none() && began.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(5));
        }
        let ended = child.try_wait().unwrap();
        // It may have ended this moment.
        let _gone = child.kill();
        let text =
            |reading: JoinHandle<Vec<u8>>| String::from_utf8(reading.join().unwrap()).unwrap();
        let ran = Finished {
            code: ended.and_then(|status| status.code()),
            stdout: text(stdout),
            stderr: text(stderr),
        };
        child.wait().unwrap();
        assert!(ended.is_some(), "gih {args:?} does not end: {ran:?}");
        ran
    }

    /// Runs a command that must succeed; what it answers with `--json`.
    #[track_caller]
    pub fn json(&self, args: &[&str]) -> Value {
        self.gih(&[args, &["--json"]].concat()).succeed().json()
    }

    /// Starts a hub and waits until it listens.
    pub async fn serve(&self) -> Hub {
        Hub::start_at(Arc::clone(&self.place), self.options.clone()).await
    }

    /// Starts the binary without waiting for anything.
    pub fn spawn(&self, args: &[&str]) -> Process {
        Process::spawn(&self.env(), args)
    }

    /// An account.
    pub fn account(&self, email: &str) {
        self.gih(&["account", "create", "--email", email]).succeed();
    }

    /// The one number of a query.
    #[track_caller]
    pub fn number(&self, sql: &str) -> i64 {
        let numbers = self.place.numbers(sql);
        assert_eq!(numbers.len(), 1, "{sql}: {numbers:?}");
        numbers[0]
    }

    /// The books hold.
    #[track_caller]
    pub fn audit(&self) {
        let audit = self.gih(&["audit", "--json"]);
        assert_eq!(
            audit.json(),
            serde_json::json!({"ok": true, "violations": []})
        );
        assert_eq!(audit.code, Some(0));
    }
}

/// The names of an object's fields, in alphabetical order.
#[track_caller]
pub fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    keys
}

/// A field that is text.
#[track_caller]
pub fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name]
        .as_str()
        .unwrap_or_else(|| panic!("{name}: {value}"))
}

/// A command that went well, whose text for people has these words and is no JSON.
#[track_caller]
pub fn says(ran: &Finished, words: &[&str]) {
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        serde_json::from_str::<Value>(&ran.stdout).is_err(),
        "{ran:?}"
    );
    for word in words {
        assert!(ran.stdout.contains(word), "{word}: {ran:?}");
    }
}

/// A command that could not be done: exit code 1, nothing on stdout, one line on stderr behind the log's. The line.
#[track_caller]
pub fn refused(ran: &Finished) -> &str {
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{ran:?}");
    let told: Vec<&str> = ran.stderr.lines().filter(|line| !is_logged(line)).collect();
    assert_eq!(told.len(), 1, "{ran:?}");
    assert!(
        told[0].starts_with("gih: ") && ran.stderr.ends_with(&format!("{}\n", told[0])),
        "{ran:?}"
    );
    told[0]
}

/// A line of the log begins with its time.
fn is_logged(line: &str) -> bool {
    line.get(..5)
        .is_some_and(|year| year.starts_with("20") && year.ends_with('-'))
}

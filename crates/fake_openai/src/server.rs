use std::any::Any;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use actix_web::dev::{Extensions, ServerHandle};
use actix_web::rt::{self, net::TcpStream};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::json;
use tokio::sync::oneshot;

use crate::behaviour::Behaviour;
use crate::failure::Failure;
use crate::record::Call;
use crate::shared::Shared;
use crate::{images, models};

/// The key that is right unless another is named.
pub const DEFAULT_KEY: &str = "sk-fake";
/// The longest JSON body: a prompt of 32,000 characters, every one escaped, and some.
const MAX_JSON_BYTES: usize = 1024 * 1024;
/// How long a request's head may take to arrive.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running stand-in. It has a thread and a runtime of its own, and stops when dropped.
pub struct FakeOpenAi {
    shared: Arc<Shared>,
    address: SocketAddr,
    handle: ServerHandle,
}

impl FakeOpenAi {
    /// Starts one on a free port of this machine, with [`DEFAULT_KEY`], answering with success.
    ///
    /// # Panics
    ///
    /// When this machine gives no port: a test cannot go on without.
    pub async fn start() -> Self {
        Self::start_at("127.0.0.1:0", DEFAULT_KEY, Behaviour::succeed())
            .await
            .expect("a free port on this machine")
    }

    /// Starts one at an address, with a key and what it does when nothing is enqueued.
    pub async fn start_at(bind: &str, key: &str, default: Behaviour) -> io::Result<Self> {
        let listener = TcpListener::bind(bind)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::new(key, default));
        let (tell, told) = oneshot::channel();
        let served = Arc::clone(&shared);
        thread::Builder::new()
            .name("fake-openai".to_owned())
            .spawn(move || serve(listener, served, tell))?;
        let handle = told
            .await
            .map_err(|_| io::Error::other("the server ended while it started"))??;
        Ok(Self {
            shared,
            address,
            handle,
        })
    }

    /// The address before `/images/generations`; ends with `/v1`.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// How many calls for images came, valid or not.
    pub fn call_count(&self) -> usize {
        self.shared.counted()
    }

    /// The calls for images as they came, the latest thousand, oldest first.
    pub fn requests(&self) -> Vec<Call> {
        self.shared.recorded()
    }

    /// What happens to the next valid call for which nothing is enqueued yet.
    pub fn enqueue(&self, behaviour: Behaviour) {
        self.shared.enqueue(behaviour);
    }

    /// Chooses what happens to each valid call by what it asks, before anything enqueued; `None` leaves it to that.
    pub fn choose_by(&self, choice: impl Fn(&Call) -> Option<Behaviour> + Send + Sync + 'static) {
        self.shared.choose_by(Arc::new(choice));
    }

    /// What happens to the next valid calls for exactly this prompt, one after the other and before anything that is
    /// enqueued for all: so that many things can happen at once.
    pub fn enqueue_for(&self, prompt: &str, behaviours: impl Into<Vec<Behaviour>>) {
        self.shared.enqueue_for(prompt, behaviours.into());
    }

    /// How many valid calls for exactly this prompt came (of the first ten thousand prompts).
    pub fn call_count_for(&self, prompt: &str) -> usize {
        self.shared.counted_for(prompt)
    }

    /// What happens when nothing is enqueued.
    pub fn set_default(&self, behaviour: Behaviour) {
        self.shared.set_default(behaviour);
    }
}

impl Drop for FakeOpenAi {
    fn drop(&mut self) {
        // The command is sent at once; what is returned only waits for its end, which nobody needs.
        drop(self.handle.stop(false));
    }
}

/// Runs a server until it is stopped. Its handle, or why there is none, is told once.
fn serve(
    listener: TcpListener,
    shared: Arc<Shared>,
    tell: oneshot::Sender<io::Result<ServerHandle>>,
) {
    rt::System::new().block_on(async move {
        let shared = web::Data::from(shared);
        let server = HttpServer::new(move || {
            App::new()
                .app_data(shared.clone())
                .app_data(web::PayloadConfig::new(MAX_JSON_BYTES))
                .route("/calls", web::get().to(calls))
                .route("/v1/models", web::get().to(list_models))
                .route(
                    "/v1/images/generations",
                    web::post().to(images::generations),
                )
                .route("/v1/images/edits", web::post().to(images::edits))
                .default_service(web::to(unknown))
        })
        .on_connect(Socket::remember)
        // One may be busy encoding a large image while another answers.
        .workers(2)
        // A client on a busy machine may open a connection long before it sends: 5 s, the framework's own bound, is too few.
        .client_request_timeout(PATIENCE)
        .disable_signals()
        .listen(listener);
        match server.map(HttpServer::run) {
            Ok(server) => {
                let told = tell.send(Ok(server.handle()));
                if told.is_ok() {
                    // It ends by being stopped; an error then has nobody to go to.
                    let _ended = server.await;
                }
            }
            Err(error) => drop(tell.send(Err(error))),
        }
    });
}

/// For scripts: how many calls came, and the calls.
async fn calls(shared: web::Data<Shared>) -> HttpResponse {
    HttpResponse::Ok().json(json!({"calls": shared.counted(), "requests": shared.recorded()}))
}

async fn list_models(request: HttpRequest, shared: web::Data<Shared>) -> HttpResponse {
    if let Err(failure) = images::authorize(&request, &shared) {
        return failure.answer();
    }
    let models = models::NAMES.map(|name| {
        json!({"id": name, "object": "model", "created": 1_776_729_600, "owned_by": "system"})
    });
    HttpResponse::Ok().json(json!({"object": "list", "data": models}))
}

async fn unknown(request: HttpRequest) -> HttpResponse {
    let message = format!("Invalid URL ({} {})", request.method(), request.path());
    Failure::new(404, "invalid_request_error", None, message).answer()
}

/// A second hand on a connection's socket, for what the server has no way to do: to end it with a reset.
#[derive(Clone)]
pub(crate) struct Socket(#[cfg(unix)] Arc<std::os::fd::OwnedFd>);

impl Socket {
    #[cfg(unix)]
    fn remember(connection: &dyn Any, data: &mut Extensions) {
        use std::os::fd::AsFd;

        let stream = connection.downcast_ref::<TcpStream>();
        if let Some(Ok(socket)) = stream.map(|stream| stream.as_fd().try_clone_to_owned()) {
            data.insert(Self(Arc::new(socket)));
        }
    }

    /// Lets the last close send RST instead of FIN.
    #[cfg(unix)]
    pub(crate) fn reset_on_close(&self) {
        let stream = self.0.try_clone().map(std::net::TcpStream::from);
        if let Ok(Ok(stream)) = stream.map(TcpStream::from_std) {
            let _best_effort = stream.set_zero_linger();
        }
    }

    #[cfg(not(unix))]
    fn remember(_: &dyn Any, _: &mut Extensions) {}

    #[cfg(not(unix))]
    pub(crate) fn reset_on_close(&self) {}
}

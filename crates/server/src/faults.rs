//! Where tests make things go wrong: before and after everything that commits work, credits or keys, and every call of the
//! provider and the image store.
//!
//! `FAILPOINTS="settle.after=1*return(error)"` in the environment of a test's build. What a point does is the argument of
//! its `return`: `error`, `exit` (the process is gone, as by kill -9), `delay:MILLISECONDS`; `panic` is an action of its
//! own. Elsewhere there are no fail points: nothing here is wired, and the macro is empty.

mod accounts;
mod generations;
mod keys;
mod provider;
mod sessions;
mod store;

use std::sync::Arc;
use std::time::Duration;

use fail::fail_point;
use gih_domain::ports::{
    Accounts, DatabaseError, Generations, ImageProvider, ImageStore, Keys, Sessions,
};

/// A port with a point before and after each call.
struct Faulty<T: ?Sized>(Arc<T>);

/// The same, in a test's build with fail points around it.
pub fn around_generations(port: Arc<dyn Generations>) -> Arc<dyn Generations> {
    if fail::has_failpoints() {
        Arc::new(Faulty(port))
    } else {
        port
    }
}

/// The same, in a test's build with fail points around it.
pub fn around_accounts(port: Arc<dyn Accounts>) -> Arc<dyn Accounts> {
    if fail::has_failpoints() {
        Arc::new(Faulty(port))
    } else {
        port
    }
}

/// The same, in a test's build with fail points around it.
pub fn around_keys(port: Arc<dyn Keys>) -> Arc<dyn Keys> {
    if fail::has_failpoints() {
        Arc::new(Faulty(port))
    } else {
        port
    }
}

/// The same, in a test's build with fail points around it.
pub fn around_sessions(port: Arc<dyn Sessions>) -> Arc<dyn Sessions> {
    if fail::has_failpoints() {
        Arc::new(Faulty(port))
    } else {
        port
    }
}

/// The same, in a test's build with fail points around it.
pub fn around_store(port: Arc<dyn ImageStore>) -> Arc<dyn ImageStore> {
    if fail::has_failpoints() {
        Arc::new(Faulty(port))
    } else {
        port
    }
}

/// The same, in a test's build with fail points around it.
pub fn around_provider(port: Arc<dyn ImageProvider>) -> Arc<dyn ImageProvider> {
    if fail::has_failpoints() {
        Arc::new(Faulty(port))
    } else {
        port
    }
}

fn away() -> DatabaseError {
    DatabaseError::Unavailable("a fail point".to_owned())
}

/// Goes wrong here if a test says so: `true` when the caller is to fail.
async fn goes_wrong(name: &str) -> bool {
    let Some(what) = told(name) else {
        return false;
    };
    tracing::warn!(name, what, "a fail point");
    match what.strip_prefix("delay:").map(str::parse) {
        Some(Ok(milliseconds)) => {
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            false
        }
        _ if what == "exit" => std::process::abort(),
        _ => true,
    }
}

/// What a test says is to happen here.
#[allow(
    unused_variables,
    reason = "without fail points the macro leaves nothing"
)]
fn told(name: &str) -> Option<String> {
    fail_point!(name, |what| Some(what.unwrap_or_default()));
    None
}

/// Calls, with a point before and after that each make an error instead.
macro_rules! call {
    ($name:literal, $before:expr, $after:expr, $call:expr) => {{
        if $crate::faults::goes_wrong(concat!($name, ".before")).await {
            return Err($before);
        }
        let done = $call.await;
        if $crate::faults::goes_wrong(concat!($name, ".after")).await {
            return Err($after);
        }
        done
    }};
}
use call;

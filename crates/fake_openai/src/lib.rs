//! A strict stand-in for the OpenAI Images API: for tests, and for trying the hub by hand without paying.
//!
//! It listens on a real socket, refuses what the real one refuses, in its words where they are known, draws real PNG
//! images of the asked size, and can be told to fail in every way that was seen. It counts and records every call, so
//! that a test can say what was sent and that it was sent once.
//!
//! ```no_run
//! # async fn example() {
//! use gih_fake_openai::{Behaviour, FakeOpenAi, Failure};
//!
//! let upstream = FakeOpenAi::start().await;
//! upstream.enqueue(Behaviour::fail(Failure::rate_limited().with_header("retry-after", "2")));
//! // … one call to upstream.base_url() …
//! assert_eq!(upstream.call_count(), 1);
//! # }
//! ```

mod behaviour;
mod draw;
mod failure;
mod form;
mod images;
mod models;
mod raw;
mod record;
mod reply;
mod rules;
mod server;
mod shared;

pub use behaviour::{Behaviour, Cut, Item, Outcome};
pub use draw::COLOURS;
pub use failure::Failure;
pub use raw::{RawUpstream, Script, Step};
pub use record::{Call, File};
pub use server::{DEFAULT_KEY, FakeOpenAi};

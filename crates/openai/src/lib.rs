//! The provider port over the OpenAI Images API.
//!
//! A request goes out once ([`OpenAi`] never retries) and its answer is received as it arrives: a small scanner
//! diverts the base64 of each image out of the JSON, it is decoded piece by piece into the spool, and an image is
//! handed on as soon as its string ends. Memory stays bounded by the pieces that the network delivers, whatever the size
//! and number of the images.

mod answer;
mod base64;
mod check;
mod client;
mod failure;
mod request;
mod retry_after;
mod scanner;
mod settings;
#[doc(hidden)]
pub mod testing;

pub use check::CheckError;
pub use client::OpenAi;
pub use settings::{ApiKey, Settings, SettingsError};

#![cfg_attr(test, allow(clippy::ref_option_ref))] // in what the mock is made of

use async_trait::async_trait;

use super::DatabaseError;
use crate::admin::NewAct;
use crate::catalog::Model;

/// The models on sale.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Catalog: Send + Sync {
    /// Every model, enabled or not, in the order they were added (then by id).
    async fn models(&self) -> Result<Vec<Model>, DatabaseError>;
    /// The model with this id, enabled or not.
    async fn find(&self, id: &str) -> Result<Option<Model>, DatabaseError>;
    /// Writes one model, new or changed, and records whose doing it is when it is an admin's, atomically.
    async fn put<'a>(&self, model: &Model, act: Option<&'a NewAct>) -> Result<(), DatabaseError>;
    /// Adds those of `models` whose id is missing, in one transaction, and returns how many; alters no row unless
    /// `reset`, which writes all of them as given (and counts all of them).
    async fn seed(&self, models: &[Model], reset: bool) -> Result<usize, DatabaseError>;
}

use async_trait::async_trait;

use super::DatabaseError;
use crate::catalog::Model;

/// The models on sale.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Catalog: Send + Sync {
    /// Every model, enabled or not, in the order they were added (then by id).
    async fn models(&self) -> Result<Vec<Model>, DatabaseError>;
    /// The model with this id, enabled or not.
    async fn find(&self, id: &str) -> Result<Option<Model>, DatabaseError>;
    /// Writes one model, new or changed.
    async fn put(&self, model: &Model) -> Result<(), DatabaseError>;
    /// Adds those of `models` whose id is missing, in one transaction, and returns how many; alters no row unless
    /// `reset`, which writes all of them as given (and counts all of them).
    async fn seed(&self, models: &[Model], reset: bool) -> Result<usize, DatabaseError>;
}

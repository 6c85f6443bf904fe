//! Looking at what is there: models, credits, generations.

use std::sync::Arc;

use crate::api_key::Caller;
use crate::balance::Balance;
use crate::catalog::Model;
use crate::generation::Generation;
use crate::id::GenerationId;
use crate::ports::{Accounts, Catalog, Clock, DatabaseError, Generations, ListFilter, Page};

/// The use cases that read.
pub struct Retrieve {
    accounts: Arc<dyn Accounts>,
    catalog: Arc<dyn Catalog>,
    generations: Arc<dyn Generations>,
    clock: Arc<dyn Clock>,
}

impl Retrieve {
    /// Over these ports.
    pub fn new(
        accounts: Arc<dyn Accounts>,
        catalog: Arc<dyn Catalog>,
        generations: Arc<dyn Generations>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            accounts,
            catalog,
            generations,
            clock,
        }
    }

    /// The models on sale.
    pub async fn models(&self) -> Result<Vec<Model>, DatabaseError> {
        let mut models = self.catalog.models().await?;
        models.retain(|model| model.enabled);
        Ok(models)
    }

    /// What the caller may spend in its key's mode.
    pub async fn balance(&self, caller: &Caller) -> Result<Balance, DatabaseError> {
        let balance = self
            .accounts
            .balance(caller.account, caller.mode, self.clock.now())
            .await?;
        // The key was found with its account a moment ago, and accounts are never deleted.
        balance.ok_or_else(|| DatabaseError::Unexpected(format!("no account {}", caller.account)))
    }

    /// One of the caller's generations, and what the caller may spend; `None` when there is none or it is another's.
    pub async fn generation(
        &self,
        caller: &Caller,
        id: GenerationId,
    ) -> Result<Option<(Generation, Balance)>, DatabaseError> {
        match self
            .generations
            .find(caller.account, caller.mode, id)
            .await?
        {
            Some(generation) => Ok(Some((generation, self.balance(caller).await?))),
            None => Ok(None),
        }
    }

    /// The caller's generations, newest first.
    pub async fn generations(
        &self,
        caller: &Caller,
        filter: &ListFilter,
    ) -> Result<Page, DatabaseError> {
        self.generations
            .list(caller.account, caller.mode, filter)
            .await
    }
}

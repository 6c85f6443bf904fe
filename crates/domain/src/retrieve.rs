//! Looking at what is there: models, credits, generations.

use std::sync::Arc;

use crate::api_key::Caller;
use crate::balance::Balance;
use crate::catalog::Model;
use crate::generation::{Generation, Timeline};
use crate::id::{AccountId, GenerationId};
use crate::lots::InsufficientCredits;
use crate::mode::Mode;
use crate::ports::{
    Accounts, Catalog, Clock, DatabaseError, Generations, ListFilter, Page, Statistics,
};
use crate::usual_times::{Cache, UsualTime};

/// The use cases that read.
pub struct Retrieve {
    accounts: Arc<dyn Accounts>,
    catalog: Arc<dyn Catalog>,
    generations: Arc<dyn Generations>,
    statistics: Arc<dyn Statistics>,
    clock: Arc<dyn Clock>,
    usual_times: Cache,
}

impl Retrieve {
    /// Over these ports.
    pub fn new(
        accounts: Arc<dyn Accounts>,
        catalog: Arc<dyn Catalog>,
        generations: Arc<dyn Generations>,
        statistics: Arc<dyn Statistics>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            accounts,
            catalog,
            generations,
            statistics,
            clock,
            usual_times: Cache::default(),
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

    /// What the cheapest image on sale costs and the caller has, when that is less: such a caller need not be read further.
    pub async fn shortfall(
        &self,
        caller: &Caller,
    ) -> Result<Option<InsufficientCredits>, DatabaseError> {
        let models = self.models().await?;
        let prices = models
            .iter()
            .flat_map(|model| model.credits_per_image.values());
        let Some(&required) = prices.min() else {
            return Ok(None);
        };
        let available = self.balance(caller).await?.credits;
        Ok((available < required).then_some(InsufficientCredits {
            required,
            available,
        }))
    }

    /// One of the caller's generations, and what the caller may spend; `None` when there is none or it is another's.
    pub async fn generation(
        &self,
        caller: &Caller,
        id: GenerationId,
    ) -> Result<Option<(Generation, Balance)>, DatabaseError> {
        match self.generation_of(caller.account, caller.mode, id).await? {
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
        self.generations_of(caller.account, caller.mode, filter)
            .await
    }

    /// One of the account's generations in `mode`; `None` when there is none or it is another's.
    pub async fn generation_of(
        &self,
        account: AccountId,
        mode: Mode,
        id: GenerationId,
    ) -> Result<Option<Generation>, DatabaseError> {
        self.generations.find(account, mode, id).await
    }

    /// The account's generations in `mode`, newest first.
    pub async fn generations_of(
        &self,
        account: AccountId,
        mode: Mode,
        filter: &ListFilter,
    ) -> Result<Page, DatabaseError> {
        self.generations.list(account, mode, filter).await
    }

    /// When a generation came to where it is. Whoever may see the generation may see this.
    pub async fn timeline(
        &self,
        generation: &Generation,
    ) -> Result<Option<Timeline>, DatabaseError> {
        self.generations.timeline(generation.id).await
    }

    /// How long each choice usually takes, of those that were made lately; looked up every 30 s at most.
    pub async fn usual_times(&self) -> Result<Arc<[UsualTime]>, DatabaseError> {
        self.usual_times.get(&*self.statistics, &*self.clock).await
    }
}

#[cfg(test)]
#[path = "retrieve_tests.rs"]
mod tests;

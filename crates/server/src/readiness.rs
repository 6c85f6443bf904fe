//! Whether this process can serve.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use gih_api::Readiness;
use gih_database::Database;
use gih_domain::engine::Engine;
use gih_domain::ports::ImageStore;
use tokio::sync::Mutex;

/// How long a verdict about the storage holds: asking writes an object, and anybody may ask us.
const STORAGE_VERDICT_LIFE: Duration = Duration::from_secs(10);
/// How long any one part may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Database, schema, storage, and whether the process is shutting down.
pub struct HubReadiness {
    database: Database,
    store: Arc<dyn ImageStore>,
    engine: Arc<Engine>,
    storage: Mutex<Option<(Instant, Result<(), String>)>>,
}

impl HubReadiness {
    /// Over these.
    pub fn new(database: Database, store: Arc<dyn ImageStore>, engine: Arc<Engine>) -> Self {
        Self {
            database,
            store,
            engine,
            storage: Mutex::new(None),
        }
    }

    async fn schema(&self) -> Result<(), String> {
        let status = tokio::time::timeout(PATIENCE, self.database.migration_status()).await;
        match status {
            Ok(Ok(status)) if status.pending.is_empty() => Ok(()),
            Ok(Ok(_)) => Err("the database's schema is behind this build".to_owned()),
            Ok(Err(_)) | Err(_) => Err("the database cannot be reached".to_owned()),
        }
    }

    async fn storage(&self) -> Result<(), String> {
        let mut verdict = self.storage.lock().await;
        if let Some((when, verdict)) = &*verdict
            && when.elapsed() < STORAGE_VERDICT_LIFE
        {
            return verdict.clone();
        }
        let fresh = match tokio::time::timeout(PATIENCE, self.store.check()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the storage check failed");
                Err("the image storage cannot be used".to_owned())
            }
            Err(_) => Err("the image storage does not answer".to_owned()),
        };
        *verdict = Some((Instant::now(), fresh.clone()));
        fresh
    }
}

#[async_trait]
impl Readiness for HubReadiness {
    async fn check(&self) -> Result<(), Vec<String>> {
        if self.engine.is_draining() {
            return Err(vec!["shutting down".to_owned()]);
        }
        let (schema, storage) = tokio::join!(self.schema(), self.storage());
        let problems: Vec<String> = [schema, storage]
            .into_iter()
            .filter_map(Result::err)
            .collect();
        if problems.is_empty() {
            Ok(())
        } else {
            Err(problems)
        }
    }
}

//! What people do and look at, over the hub's adapters.

use std::sync::Arc;

use actix_web::web;
use gih_api::ApiState;
use gih_console::ConsoleState;
use gih_domain::administer::Administer;
use gih_domain::generate::Generate;
use gih_domain::manage_keys::ManageKeys;
use gih_domain::ports::DatabaseError;
use gih_domain::retrieve::Retrieve;
use gih_domain::sign_in::SignIn;
use gih_domain::statement::Statement;
use gih_domain::thumbnail::Thumbnails;
use gih_media::JpegThumbnailer;

use super::Hub;
use crate::console::ApiFace;
use crate::faults;
use crate::ids::SystemIds;
use crate::settings::Settings;

impl Hub {
    /// How people come in.
    pub fn sign_in(&self, settings: &Settings) -> SignIn {
        let database = Arc::new(self.books.database.clone());
        SignIn {
            accounts: faults::around_accounts(Arc::clone(&database) as _),
            sessions: faults::around_sessions(database),
            passwords: Arc::clone(&self.passwords) as _,
            throttle: Arc::clone(&self.throttle) as _,
            clock: Arc::clone(&self.books.clock) as _,
            ids: Arc::new(SystemIds),
            is_sign_up_open: settings.is_sign_up_open,
        }
    }

    /// What people do with their keys.
    pub fn manage_keys(&self) -> ManageKeys {
        ManageKeys {
            keys: faults::around_keys(Arc::new(self.books.database.clone())),
            clock: Arc::clone(&self.books.clock) as _,
            ids: Arc::new(SystemIds),
        }
    }

    /// Writes down when keys were last used.
    pub async fn flush_uses(&self) -> Result<(), DatabaseError> {
        self.uses.flush(&*self.manage_keys().keys).await
    }

    /// What is read of models, balances and generations.
    pub fn retrieve(&self) -> Retrieve {
        let database = Arc::new(self.books.database.clone());
        Retrieve::new(
            Arc::clone(&database) as _,
            Arc::clone(&database) as _,
            Arc::clone(&self.generations),
            database,
            Arc::clone(&self.books.clock) as _,
        )
    }

    /// What is read of credits.
    pub fn statement(&self) -> Statement {
        let database = Arc::new(self.books.database.clone());
        Statement {
            accounts: database,
            ledger: Arc::clone(&self.ledger),
            clock: Arc::clone(&self.books.clock) as _,
        }
    }

    /// What admins do and look at.
    pub fn administer(&self) -> Administer {
        let database = Arc::new(self.books.database.clone());
        Administer {
            accounts: faults::around_accounts(Arc::clone(&database) as _),
            catalog: Arc::clone(&database) as _,
            generations: Arc::clone(&self.generations),
            ledger: Arc::clone(&self.ledger),
            statistics: Arc::clone(&database) as _,
            acts: Arc::clone(&database) as _,
            books: database,
            clock: Arc::clone(&self.books.clock) as _,
            ids: Arc::new(SystemIds),
            passwords: Arc::clone(&self.passwords) as _,
        }
    }

    /// A request's way to its images.
    pub fn generate(&self) -> Generate {
        Generate::new(
            Arc::new(self.books.database.clone()),
            Arc::clone(&self.generations),
            Arc::clone(&self.books.clock) as _,
            Arc::new(SystemIds),
            Arc::clone(&self.engine),
        )
    }

    /// The console over it, beside this API.
    pub fn console(
        &self,
        settings: &Settings,
        api: &web::Data<ApiState>,
    ) -> anyhow::Result<ConsoleState> {
        let links = &api.links;
        Ok(ConsoleState {
            sign_in: self.sign_in(settings),
            keys: self.manage_keys(),
            statement: self.statement(),
            retrieve: self.retrieve(),
            generate: self.generate(),
            thumbnails: Thumbnails::new(
                Arc::clone(&self.generations),
                Arc::clone(&self.store),
                Arc::clone(&self.spool) as _,
                Arc::new(JpegThumbnailer::default()),
            ),
            administer: self.administer(),
            clock: Arc::clone(&self.books.clock) as _,
            face: Arc::new(ApiFace(api.clone())),
            openapi: serde_json::to_value(gih_api::openapi(&links.public_url))?,
            public_url: links.public_url.clone(),
            media_url: links.media_url.clone(),
        })
    }
}

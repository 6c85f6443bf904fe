//! The wiring: settings in, use cases over their adapters out. The one place where all crates meet.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use gih_api::{ApiState, Bodies, Links};
use gih_database::{Database, OpenError, Presence};
use gih_domain::authenticate::Authenticate;
use gih_domain::closed_days::ClosedDays;
use gih_domain::engine::{Engine, EnginePorts, EngineSettings};
use gih_domain::fulfil::{Fulfil, Providers};
use gih_domain::last_uses::LastUses;
use gih_domain::operate::Operate;
use gih_domain::ports::{Generations, ImageProvider, ImageStore, Ledger, Limits, Spool};
use gih_media::{FileSpool, Store};
use gih_openai::{OpenAi, SettingsError};
use gih_sandbox::Sandbox;

use crate::clock::{SystemClock, host_time};
use crate::faults;
use crate::ids::SystemIds;
use crate::metrics::{About, Metered, MeteredGenerations, Metrics, Scrape};
use crate::passwords::Argon2id;
use crate::readiness::HubReadiness;
use crate::settings::{Settings, environment};
use crate::spool;
use crate::tasks::MainRuntime;
use crate::throttle::MemoryThrottle;

mod people;

/// How long a connection to the provider may take to come about.
const PROVIDER_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The name that the catalog knows this provider by. The others will be beside it.
pub const OPENAI: &str = "openai";

/// The database, opened and asked for its time.
pub struct Books {
    /// It.
    pub database: Database,
    /// The clock that it disciplines.
    pub clock: Arc<SystemClock>,
}

impl Books {
    /// Opens the database, a few connections for a command or a pool to serve from.
    pub async fn open(settings: &Settings, pool: gih_database::Settings) -> anyhow::Result<Self> {
        Self::over(settings, Database::open(&settings.database_url, pool)).await
    }

    /// The same for what works on a database that must be there: a file that is none of the hub's is left as it is, and
    /// where there is none, none is made.
    pub async fn open_what_is_there(
        settings: &Settings,
        pool: gih_database::Settings,
    ) -> anyhow::Result<Self> {
        let opened = match Presence::of(&settings.database_url) {
            Ok(Presence::ToBeMade(path)) => anyhow::bail!(
                "there is no database at {}; is {} right?",
                path.display(),
                settings.database_setting()
            ),
            Ok(Presence::Strange { path, problem }) => Err(OpenError::File { path, problem }),
            Ok(Presence::Ready(_) | Presence::Server) => {
                Database::open_as_it_is(&settings.database_url, pool)
            }
            Err(error) => Err(error),
        };
        Self::over(settings, opened).await
    }

    async fn over(
        settings: &Settings,
        opened: Result<Database, OpenError>,
    ) -> anyhow::Result<Self> {
        let cannot = || {
            format!(
                "the database ({}) cannot be used",
                settings.database_setting()
            )
        };
        let database = match opened {
            Err(error @ OpenError::BadUrl(_)) => return Err(error.into()), // it names the setting itself
            opened => opened.with_context(cannot)?,
        };
        let clock = Arc::new(SystemClock::default());
        let books = Self { database, clock };
        books.set_clock().await.with_context(cannot)?;
        Ok(books)
    }

    /// Measures how far the host's clock is from the database's.
    pub async fn set_clock(&self) -> anyhow::Result<()> {
        let asked = host_time();
        let database = self.database.now().await?;
        let offset_micros = self.clock.discipline(asked, database);
        if offset_micros.abs() > 1_000_000 {
            tracing::warn!(
                offset_micros,
                "the host's clock differs from the database's, which is taken"
            );
        }
        Ok(())
    }

    /// What operators do.
    pub fn operate(&self) -> Operate {
        let database = Arc::new(self.database.clone());
        Operate {
            accounts: faults::around_accounts(Arc::clone(&database) as _),
            keys: faults::around_keys(Arc::clone(&database) as _),
            catalog: database,
            clock: Arc::clone(&self.clock) as _,
            ids: Arc::new(SystemIds),
            passwords: Arc::new(Argon2id::default()),
        }
    }
}

/// Everything that serves.
pub struct Hub {
    /// The books.
    pub books: Books,
    /// The engine.
    pub engine: Arc<Engine>,
    /// Where images are.
    pub store: Arc<dyn ImageStore>,
    generations: Arc<dyn Generations>,
    /// What is measured.
    pub metrics: Arc<Metrics>,
    /// Where this process and others on the same data folder have their spools.
    pub spool_parent: PathBuf,
    spool: Arc<FileSpool>,
    ledger: Arc<dyn Ledger>,
    uses: Arc<LastUses>,
    passwords: Arc<Argon2id>,
    throttle: Arc<MemoryThrottle>,
}

impl Hub {
    /// Wires the engine and its adapters; `workers` live and `test_workers` test generations may be in flight here.
    pub fn new(
        books: Books,
        settings: &Settings,
        workers: u32,
        test_workers: u32,
    ) -> anyhow::Result<Self> {
        let spool = Arc::new(spool::open(settings)?);
        let store = faults::around_store(Arc::new(open_store(settings)?));
        let (clock, ids) = (Arc::clone(&books.clock), Arc::new(SystemIds));
        let metrics = Arc::new(Metrics::new(&About {
            database: books.database.kind(),
            started_at: host_time(),
            slots: workers,
            test_slots: test_workers,
            spool_limit_bytes: settings.work.spool_limit_bytes,
        })?);
        let generations = faults::around_generations(Arc::new(books.database.clone()));
        let generations: Arc<dyn Generations> =
            Arc::new(MeteredGenerations::new(generations, &metrics));
        let fulfil = Fulfil::new(
            providers(settings, &(Arc::clone(&spool) as _), &clock, &metrics)?,
            Arc::clone(&spool) as _,
            Arc::clone(&store),
            Arc::clone(&generations),
            Arc::clone(&clock) as _,
            Arc::clone(&ids) as _,
        );
        let ports = EnginePorts {
            generations: Arc::clone(&generations),
            store: Arc::clone(&store),
            clock,
            ids,
            tasks: Arc::new(MainRuntime(tokio::runtime::Handle::current())),
        };
        let work = &settings.work;
        let limits = |rate| Limits {
            max_queue: work.max_queue,
            max_queued_per_account: work.max_queued_per_account,
            rate,
        };
        let engine = Engine::new(
            fulfil,
            ports,
            EngineSettings {
                workers,
                test_workers,
                generation_timeout: work.generation_timeout,
                queue_timeout: work.queue_timeout,
                lease: work.lease,
                live_limits: limits(work.live_rate),
                test_limits: limits(work.test_rate),
            },
        );
        let ledger = Arc::new(books.database.clone());
        let ledger = Arc::new(ClosedDays::new(ledger, Arc::clone(&books.clock) as _));
        Ok(Self {
            books,
            engine,
            store,
            metrics,
            generations,
            spool_parent: spool::parent(settings),
            spool,
            ledger,
            uses: Arc::default(),
            passwords: Arc::default(),
            throttle: Arc::default(),
        })
    }

    /// The API over it, reached at `public_url`.
    pub fn api(&self, settings: &Settings, public_url: String) -> ApiState {
        let database = Arc::new(self.books.database.clone());
        let (clock, ids) = (Arc::clone(&self.books.clock), Arc::new(SystemIds));
        let http = &settings.http;
        ApiState {
            authenticate: Authenticate::new(
                Arc::clone(&database) as _,
                Arc::clone(&clock) as _,
                Arc::clone(&self.uses),
            ),
            generate: self.generate(),
            retrieve: self.retrieve(),
            store: Arc::clone(&self.store),
            spool: Arc::clone(&self.spool) as _,
            metrics: Arc::new(Scrape::new(
                Arc::clone(&self.metrics),
                self.books.database.clone(),
                Arc::clone(&self.engine),
                Arc::clone(&self.spool),
            )),
            readiness: Arc::new(HubReadiness::new(
                self.books.database.clone(),
                Arc::clone(&self.store),
                Arc::clone(&self.engine),
            )),
            clock,
            ids,
            links: Links {
                media_url: http
                    .media_url
                    .clone()
                    .unwrap_or_else(|| format!("{public_url}/media")),
                serves_media: http
                    .media_url
                    .as_ref()
                    .is_none_or(|media| *media == format!("{public_url}/media")),
                public_url,
            },
            bodies: Bodies::new(http.max_uploads),
            proxies: http.trusted_proxies.clone(),
        }
    }
}

/// The image store that the settings name.
pub fn open_store(settings: &Settings) -> anyhow::Result<Store> {
    Store::open(&settings.storage_url, environment()?).context("GIH_STORAGE_URL")
}

/// The same for looking at it: nothing is made.
pub fn open_store_as_it_is(settings: &Settings) -> anyhow::Result<Store> {
    Store::open_as_it_is(&settings.storage_url, environment()?).context("GIH_STORAGE_URL")
}

fn providers(
    settings: &Settings,
    spool: &Arc<dyn Spool>,
    clock: &Arc<SystemClock>,
    metrics: &Metrics,
) -> anyhow::Result<Providers> {
    let sandbox = Sandbox::new(Arc::clone(spool), Arc::clone(clock) as _);
    let watched = |name: &str, provider: Arc<dyn ImageProvider>| {
        Arc::new(Metered::new(
            faults::around_provider(provider),
            name,
            metrics,
        ))
    };
    let providers = Providers::new(watched("sandbox", Arc::new(sandbox)));
    Ok(match openai(settings, spool)? {
        Some(openai) => providers.with(OPENAI, watched(OPENAI, Arc::new(openai))),
        None => providers,
    })
}

/// The provider behind `OPENAI_*`; `None` without a key.
pub fn openai(settings: &Settings, spool: &Arc<dyn Spool>) -> anyhow::Result<Option<OpenAi>> {
    let openai = &settings.openai;
    let Some(api_key) = &openai.api_key else {
        return Ok(None);
    };
    let openai = gih_openai::Settings {
        base_url: openai.base_url.clone(),
        api_key: gih_openai::ApiKey::new(api_key),
        organization: openai.organization.clone(),
        project: openai.project.clone(),
        timeout: settings.work.generation_timeout,
        connect_timeout: PROVIDER_CONNECT_TIMEOUT,
    };
    let openai = OpenAi::new(&openai, Arc::clone(spool)).map_err(|error| {
        let setting = match &error {
            SettingsError::ApiKey => "OPENAI_API_KEY",
            SettingsError::BaseUrl(_) => "OPENAI_BASE_URL",
            SettingsError::Header(_) => "OPENAI_ORG_ID or OPENAI_PROJECT_ID",
            SettingsError::Client(_) => "the OpenAI settings",
        };
        anyhow::Error::new(error).context(setting)
    })?;
    Ok(Some(openai))
}

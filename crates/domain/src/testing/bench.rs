use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{
    Log, MemorySpool, MemoryStore, Scene, ScriptedProvider, SequentialIds, Step, TIMEOUT, ended,
    row, uuid,
};
use crate::engine::{Engine, EnginePorts, EngineSettings};
use crate::fulfil::{Fulfil, Providers};
use crate::generation::{Generation, Lease, State};
use crate::id::{GenerationId, WorkerId};
use crate::ports::{Accept, Accepted, Claimed, Hand, Limits, MockGenerations};

const LIMITS: Limits = Limits {
    max_queue: 100,
    max_queued_per_account: 50,
    rate: None,
};

/// The first id that an engine draws is its own.
pub(crate) const WORKER: u128 = 1;

/// What a test says before its engine is built.
pub(crate) struct Setup {
    pub(crate) generations: MockGenerations,
    pub(crate) log: Log,
    pub(crate) script: Vec<Step>,
    pub(crate) workers: u32,
    pub(crate) queue_timeout: Duration,
    /// What was asked to be accepted.
    pub(crate) accepts: Arc<Mutex<Vec<Accept>>>,
    /// What was settled, by whom and under which fence.
    pub(crate) settled: Arc<Mutex<Vec<Settled>>>,
    /// The rows that acceptance made, or a test put there.
    pub(crate) rows: Rows,
}

type Settled = (GenerationId, WorkerId, i64);
type Rows = Arc<Mutex<HashMap<GenerationId, Generation>>>;

/// An engine and the world around it.
pub(crate) struct Bench {
    pub(crate) scene: Scene,
    pub(crate) log: Log,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) generations: Arc<MockGenerations>,
    pub(crate) ids: Arc<SequentialIds>,
    pub(crate) engine: Arc<Engine>,
    pub(crate) accepts: Arc<Mutex<Vec<Accept>>>,
    pub(crate) settled: Arc<Mutex<Vec<Settled>>>,
}

impl Setup {
    /// Two workers, and a provider that does so.
    pub(crate) fn new(script: impl IntoIterator<Item = Step>) -> Self {
        Self {
            generations: MockGenerations::new(),
            log: Log::default(),
            script: script.into_iter().collect(),
            workers: 2,
            queue_timeout: Duration::from_hours(1),
            accepts: Arc::default(),
            settled: Arc::default(),
            rows: Rows::default(),
        }
    }

    /// Accepts all that comes: running in whose hand it was asked for, and settles whatever was accepted.
    pub(crate) fn accepting(mut self) -> Self {
        let (log, accepts, rows) = (
            self.log.clone(),
            Arc::clone(&self.accepts),
            Arc::clone(&self.rows),
        );
        self.generations.expect_accept().returning(move |accept| {
            log.add(match accept.hand {
                Hand::Mine { .. } => "accept mine",
                Hand::Queue => "accept queued",
            });
            accepts.lock().unwrap().push(accept.clone());
            let accepted = accepted(&accept);
            let generation = match &accepted {
                Accepted::Running(claimed) => &claimed.generation,
                Accepted::Queued(generation) | Accepted::Again(generation) => generation,
            };
            rows.lock().unwrap().insert(accept.id, generation.clone());
            Ok(accepted)
        });
        self.settling()
    }

    /// Settles whatever row there is.
    pub(crate) fn settling(mut self) -> Self {
        let (log, rows) = (self.log.clone(), Arc::clone(&self.rows));
        let settled = Arc::clone(&self.settled);
        self.generations
            .expect_settle()
            .returning(move |lease, ending, _| {
                log.add(format!("settle {}", ending.status()));
                let by = (lease.generation, lease.worker, lease.fence);
                settled.lock().unwrap().push(by);
                let mut rows = rows.lock().unwrap();
                let of = rows
                    .get(&lease.generation)
                    .expect("settled what is not there");
                let ended = ended(of, ending.clone());
                rows.insert(ended.id, ended.clone());
                Ok(ended)
            });
        self
    }

    pub(crate) fn build(self) -> Bench {
        let scene = Scene::new();
        let store = MemoryStore::new(self.log.clone());
        let ids = Arc::new(SequentialIds::default());
        let provider =
            ScriptedProvider::new(Arc::clone(&scene.clock), self.log.clone(), self.script);
        let generations = Arc::new(self.generations);
        let fulfil = Fulfil::new(
            Providers::new(provider.clone()).with("openai", provider),
            Arc::new(MemorySpool),
            store.clone(),
            generations.clone(),
            scene.clock.clone(),
            ids.clone(),
        );
        let ports = EnginePorts {
            generations: generations.clone(),
            store: store.clone(),
            clock: scene.clock.clone(),
            ids: ids.clone(),
            tasks: scene.tasks.clone(),
        };
        let settings = EngineSettings {
            workers: self.workers,
            test_workers: self.workers,
            generation_timeout: TIMEOUT,
            queue_timeout: self.queue_timeout,
            lease: Duration::from_secs(30),
            live_limits: LIMITS,
            test_limits: LIMITS,
        };
        Bench {
            scene,
            log: self.log,
            store,
            generations,
            ids,
            engine: Engine::new(fulfil, ports, settings),
            accepts: self.accepts,
            settled: self.settled,
        }
    }
}

impl Bench {
    /// The engine, for a caller's future.
    pub(crate) fn engine(&self) -> Arc<Engine> {
        Arc::clone(&self.engine)
    }
}

/// What accepting comes to when there is nothing against it.
pub(crate) fn accepted(accept: &Accept) -> Accepted {
    match accept.hand {
        Hand::Queue => Accepted::Queued(Box::new(row(accept, State::Queued))),
        Hand::Mine { worker } => {
            assert_eq!(worker, WorkerId(uuid(WORKER)));
            Accepted::Running(Box::new(Claimed {
                lease: Lease {
                    generation: accept.id,
                    worker,
                    fence: 1,
                },
                generation: row(accept, State::Running { dispatched: true }),
                time_left: accept.timeout,
            }))
        }
    }
}

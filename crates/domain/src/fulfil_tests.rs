use std::collections::VecDeque;

use super::draw::Stored;
use super::*;
use crate::blob::{Blob, Source as _};
use crate::object_name::ObjectName;
use crate::ports::{MockGenerations, MockImageProvider, Order, StoreError};
use crate::testing::{
    Log, MemorySpool, MemoryStore, Scene, ScriptedProvider, SequentialIds, Step, away, blob,
    claimed, ended, generation,
};

#[path = "fulfil_tests/deadline.rs"]
mod deadline;
#[path = "fulfil_tests/images.rs"]
mod images;
#[path = "fulfil_tests/recovery.rs"]
mod recovery;
#[path = "fulfil_tests/retries.rs"]
mod retries;
#[path = "fulfil_tests/settlement.rs"]
mod settlement;

/// One run of one generation, with everything around it prepared.
struct Case {
    scene: Scene,
    log: Log,
    store: Arc<MemoryStore>,
    claimed: Claimed,
    script: Vec<Step>,
    dispatch_errors: VecDeque<LeaseError>,
    settle_errors: VecDeque<LeaseError>,
}

/// What it came to.
struct Outcome {
    ended: Option<Generation>,
    log: Log,
    store: Arc<MemoryStore>,
    orders: Vec<Order>,
    seconds: u64,
    /// What was settled, each time it was tried.
    endings: Vec<Ending>,
}

impl Case {
    fn new(script: impl IntoIterator<Item = Step>) -> Self {
        let log = Log::default();
        Self {
            scene: Scene::new(),
            store: MemoryStore::new(log.clone()),
            log,
            claimed: claimed(generation()),
            script: script.into_iter().collect(),
            dispatch_errors: VecDeque::new(),
            settle_errors: VecDeque::new(),
        }
    }

    fn generation(&mut self) -> &mut Generation {
        &mut self.claimed.generation
    }

    /// The store fails for names that hold `part` until so many seconds have passed.
    fn store_fails(&self, part: &'static str, until_seconds: u64) {
        let clock = Arc::clone(&self.scene.clock);
        self.store.fail_when(move |name| {
            name.as_str().contains(part) && clock.elapsed_seconds() < until_seconds
        });
    }

    fn run(self) -> Outcome {
        self.run_with(async |fulfil, claimed| fulfil.run(claimed).await)
    }

    fn run_with<F>(mut self, use_case: F) -> Outcome
    where
        F: AsyncFnOnce(&Fulfil, Claimed) -> Option<Generation> + 'static,
    {
        let endings = Arc::new(Mutex::new(Vec::new()));
        let clock = Arc::clone(&self.scene.clock);
        let provider = ScriptedProvider::new(Arc::clone(&clock), self.log.clone(), self.script);
        let mut sandbox = MockImageProvider::new();
        sandbox.expect_generate().never();

        let mut generations = MockGenerations::new();
        let (log, mut errors) = (self.log.clone(), self.dispatch_errors);
        generations.expect_dispatch().returning(move |_| {
            log.add("dispatch");
            errors.pop_front().map_or(Ok(()), Err)
        });
        let (log, mut errors) = (self.log.clone(), self.settle_errors);
        let (of, tried) = (self.claimed.generation.clone(), Arc::clone(&endings));
        let (lease, now) = (claimed(of.clone()).lease, Arc::clone(&clock));
        generations
            .expect_settle()
            .returning(move |by, ending, at| {
                assert_eq!((by, at), (&lease, now.now()));
                log.add("settle");
                tried.lock().unwrap().push(ending.clone());
                errors
                    .pop_front()
                    .map_or_else(|| Ok(ended(&of, ending.clone())), Err)
            });

        let fulfil = Fulfil::new(
            Providers::new(Arc::new(sandbox)).with("openai", Arc::clone(&provider) as _),
            Arc::new(MemorySpool),
            Arc::clone(&self.store) as _,
            Arc::new(generations),
            Arc::clone(&clock) as _,
            Arc::new(SequentialIds::default()),
        );
        let claimed = self.claimed;
        let ended = self
            .scene
            .run(async move { use_case(&fulfil, claimed).await });
        Outcome {
            ended,
            log: self.log,
            store: self.store,
            orders: provider.orders(),
            seconds: clock.elapsed_seconds(),
            endings: std::mem::take(&mut endings.lock().unwrap()),
        }
    }
}

impl Outcome {
    /// The one end that it was settled with, and that was answered.
    fn ending(&self) -> &Ending {
        assert_eq!(self.log.count("settle"), 1, "{:?}", self.log.all());
        let ended = self.ended.as_ref().unwrap().end().unwrap();
        assert_eq!(ended.ending, self.endings[0]);
        &self.endings[0]
    }

    fn failure(&self) -> &Failure {
        let Ending::Failed(failure) = self.ending() else {
            panic!("{:?}", self.ending());
        };
        failure
    }

    /// The contents of the images that were delivered, read from the store by the names that were settled.
    fn delivered(&self) -> Vec<String> {
        let images = self.ending().images().iter();
        images
            .map(|image| self.store.text(&image.object_name).unwrap())
            .collect()
    }
}

fn not_accepted(retry_after: Option<u64>) -> ProviderError {
    ProviderError::NotAccepted {
        retry_after: retry_after.map(Duration::from_secs),
        message: "429 from sk-secret".to_owned(),
    }
}

fn bad() -> ProviderError {
    ProviderError::BadImage {
        message: "bad chunk in sk-secret".to_owned(),
    }
}

fn failed() -> ProviderError {
    ProviderError::Failed {
        message: "500 from sk-secret".to_owned(),
    }
}

fn refused() -> ProviderError {
    ProviderError::Refused {
        message: "Foxes are not allowed.".to_owned(),
    }
}

fn account_refused() -> ProviderError {
    ProviderError::Account {
        message: "401 for sk-secret".to_owned(),
    }
}

fn two_images() -> Step {
    Step::Give(vec![Ok(blob("a")), Ok(blob("b"))])
}

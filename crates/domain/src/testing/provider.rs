use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::{StreamExt as _, stream};

use super::{Log, TestClock, content};
use crate::blob::Blob;
use crate::ports::{Clock as _, ImageProvider, Images, Order, ProviderError};

/// What a provider does when it is called.
pub(crate) enum Step {
    /// Refuses at once.
    Refuse(ProviderError),
    /// Gives these, then ends.
    Give(Vec<Result<Blob, ProviderError>>),
    /// Gives these, then nothing more ever.
    GiveAndHang(Vec<Result<Blob, ProviderError>>),
    /// Answers after a while.
    Late(Duration, Vec<Result<Blob, ProviderError>>),
    /// Breaks when it is called.
    Panic,
    /// Gives these, then breaks.
    GiveAndPanic(Vec<Result<Blob, ProviderError>>),
}

/// A provider that does as it was told, step by step, and tells the log of every call and when it was.
pub(crate) struct ScriptedProvider {
    script: Mutex<VecDeque<Step>>,
    orders: Mutex<Vec<Order>>,
    clock: Arc<TestClock>,
    log: Log,
}

impl ScriptedProvider {
    pub(crate) fn new(
        clock: Arc<TestClock>,
        log: Log,
        script: impl IntoIterator<Item = Step>,
    ) -> Arc<Self> {
        Arc::new(Self {
            script: Mutex::new(script.into_iter().collect()),
            orders: Mutex::default(),
            clock,
            log,
        })
    }

    /// What was ordered.
    pub(crate) fn orders(&self) -> Vec<Order> {
        self.orders.lock().unwrap().clone()
    }
}

#[async_trait]
impl ImageProvider for ScriptedProvider {
    async fn generate(&self, order: Order) -> Result<Images, ProviderError> {
        self.log
            .add(format!("generate at {}", self.clock.elapsed_seconds()));
        for reference in &order.references {
            match content(reference) {
                Some(text) => self.log.add(format!("with {text}")),
                None => self.log.add("with a reference that cannot be read"),
            }
        }
        self.orders.lock().unwrap().push(order);
        let step = self.script.lock().unwrap().pop_front();
        match step.expect("the provider was called once too often") {
            Step::Refuse(error) => Err(error),
            Step::Give(images) => Ok(stream::iter(images).boxed()),
            Step::GiveAndHang(images) => Ok(stream::iter(images).chain(stream::pending()).boxed()),
            Step::Late(time, images) => {
                self.clock.sleep(time).await;
                Ok(stream::iter(images).boxed())
            }
            Step::Panic => panic!("the provider broke"),
            Step::GiveAndPanic(images) => {
                let broken = stream::once(async { panic!("the provider broke") });
                Ok(stream::iter(images).chain(broken).boxed())
            }
        }
    }
}

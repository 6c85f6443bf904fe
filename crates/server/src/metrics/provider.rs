//! Calls to providers.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use async_trait::async_trait;
use futures_util::{Stream, StreamExt as _};
use gih_domain::blob::Blob;
use gih_domain::ports::{ImageProvider, Images, Order, ProviderError};
use prometheus::{HistogramVec, IntCounterVec, IntGaugeVec, Registry, Result};

use super::{Metrics, family};

/// From a drawn test image to the default `GIH_GENERATION_TIMEOUT`.
const SECONDS: [f64; 10] = [0.1, 1.0, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 800.0];

/// How a call can come out.
const OK: &str = "ok";
const BAD_IMAGES: &str = "bad_images";
const FAILED: &str = "failed";
const REFUSED: &str = "refused";
const NOT_ACCEPTED: &str = "not_accepted";
const ACCOUNT: &str = "account";
const ABANDONED: &str = "abandoned";

#[derive(Clone)]
pub(super) struct Family {
    calls: IntCounterVec,
    images: IntCounterVec,
    seconds: HistogramVec,
    alarm: IntGaugeVec,
}

impl Family {
    pub(super) fn new(registry: &Registry) -> Result<Self> {
        Ok(Self {
            calls: family::counters(
                registry,
                "gih_provider_calls_total",
                "Calls to a provider: ok (at least one whole image), bad_images (none that is whole), failed, \
                 refused (the content), not_accepted (429, 503 or no connection), account (key, permission, model or quota), \
                 abandoned (the deadline came first).",
                &["provider", "result"],
            )?,
            images: family::counters(
                registry,
                "gih_provider_images_total",
                "Whole images that came from a provider.",
                &["provider"],
            )?,
            seconds: family::seconds(
                registry,
                "gih_provider_call_duration_seconds",
                "Time from the call to its last image, or to its error.",
                &["provider"],
                &SECONDS,
            )?,
            alarm: family::gauges(
                registry,
                "gih_provider_account_alarm",
                "1 from when the provider refused the hub's own account (key, permission, model or quota) until it draws \
                 again: an operator has to act.",
                &["provider"],
            )?,
        })
    }
}

/// A provider whose calls are counted and timed.
pub struct Metered {
    inner: Arc<dyn ImageProvider>,
    name: Arc<str>,
    family: Family,
}

impl Metered {
    /// The provider, measured under this name.
    pub fn new(inner: Arc<dyn ImageProvider>, name: &str, metrics: &Metrics) -> Self {
        let family = metrics.provider.clone();
        // All of them are there from the start, so that the first of a kind is seen as a change.
        for result in [
            OK,
            BAD_IMAGES,
            FAILED,
            REFUSED,
            NOT_ACCEPTED,
            ACCOUNT,
            ABANDONED,
        ] {
            family.calls.with_label_values(&[name, result]);
        }
        family.images.with_label_values(&[name]);
        family.alarm.with_label_values(&[name]);
        Self {
            inner,
            name: name.into(),
            family,
        }
    }
}

#[async_trait]
impl ImageProvider for Metered {
    async fn generate(&self, order: Order) -> std::result::Result<Images, ProviderError> {
        let mut call = Call {
            family: self.family.clone(),
            name: Arc::clone(&self.name),
            started: Instant::now(),
            images: 0,
            result: None,
        };
        match self.inner.generate(order).await {
            Ok(images) => Ok(MeteredImages { images, call }.boxed()),
            Err(error) => {
                call.result = Some(kind(&error));
                Err(error)
            }
        }
    }
}

/// One call, counted when it is over. It is over when it is dropped, too: whoever has all images asks for no more, and at
/// the deadline nobody asks.
struct Call {
    family: Family,
    name: Arc<str>,
    started: Instant,
    images: u64,
    result: Option<&'static str>,
}

impl Drop for Call {
    fn drop(&mut self) {
        let result = match self.result {
            Some(result) => result,
            None if self.images > 0 => OK,
            None => ABANDONED,
        };
        let (family, name) = (&self.family, &*self.name);
        family.calls.with_label_values(&[name, result]).inc();
        family.images.with_label_values(&[name]).inc_by(self.images);
        let seconds = self.started.elapsed().as_secs_f64();
        family.seconds.with_label_values(&[name]).observe(seconds);
        match result {
            ACCOUNT => family.alarm.with_label_values(&[name]).set(1),
            OK => family.alarm.with_label_values(&[name]).set(0),
            _ => {}
        }
    }
}

struct MeteredImages {
    images: Images,
    call: Call,
}

impl Stream for MeteredImages {
    type Item = std::result::Result<Blob, ProviderError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = self.images.poll_next_unpin(context);
        if let Poll::Ready(next) = &polled {
            let call = &mut self.call;
            match next {
                Some(Ok(_)) => call.images += 1,
                // One image; more may follow.
                Some(Err(ProviderError::BadImage { .. })) => {}
                Some(Err(error)) => call.result = Some(kind(error)),
                None if call.images == 0 => call.result = call.result.or(Some(BAD_IMAGES)),
                None => {}
            }
        }
        polled
    }
}

fn kind(error: &ProviderError) -> &'static str {
    match error {
        ProviderError::NotAccepted { .. } => NOT_ACCEPTED,
        ProviderError::Refused { .. } => REFUSED,
        ProviderError::Account { .. } => ACCOUNT,
        ProviderError::BadImage { .. } => BAD_IMAGES,
        ProviderError::Failed { .. } => FAILED,
    }
}

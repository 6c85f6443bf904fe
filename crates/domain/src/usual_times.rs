//! How long a choice usually takes, from what the newest generations took.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::admin::Sample;
use crate::mode::Mode;
use crate::ports::{Clock, DatabaseError, Statistics};
use crate::size::{RenderingQuality, Tier};
use crate::time::Timestamp;

/// How many of the newest generations are looked at.
const SAMPLES: u32 = 500;
/// How long a look is good for.
pub const USUAL_TIMES_LIFE: Duration = Duration::from_secs(30);

/// How long one choice usually takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsualTime {
    /// In which of the two worlds.
    pub mode: Mode,
    /// The model's id.
    pub model: String,
    /// The tier.
    pub tier: Tier,
    /// The rendering quality.
    pub rendering_quality: RenderingQuality,
    /// How many images.
    pub n: u8,
    /// From acceptance to end: the middle of what the newest took.
    pub took: Duration,
}

/// The last look, and when it was.
#[derive(Default)]
pub(crate) struct Cache(Mutex<Option<(Timestamp, Arc<[UsualTime]>)>>);

impl Cache {
    /// The last look while it is good, or else a new one. Several at the same time may look for themselves.
    pub(crate) async fn get(
        &self,
        statistics: &dyn Statistics,
        clock: &dyn Clock,
    ) -> Result<Arc<[UsualTime]>, DatabaseError> {
        let now = clock.now();
        if let Some(times) = self.fresh(now) {
            return Ok(times);
        }
        let times: Arc<[UsualTime]> = medians(statistics.samples(SAMPLES).await?).into();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, Arc::clone(&times)));
        Ok(times)
    }

    fn fresh(&self, now: Timestamp) -> Option<Arc<[UsualTime]>> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, times) = last.as_ref()?;
        // A clock that was put back makes it no fresher.
        let is_fresh = *at <= now && now.since(*at) < USUAL_TIMES_LIFE;
        is_fresh.then(|| Arc::clone(times))
    }
}

/// The middle of each choice's times (the upper one of two), in the order of the choices.
fn medians(samples: Vec<Sample>) -> Vec<UsualTime> {
    let mut choices: BTreeMap<_, Vec<Duration>> = BTreeMap::new();
    for sample in samples {
        let Sample {
            mode,
            model,
            tier,
            rendering_quality,
            n,
            took,
        } = sample;
        let choice = (mode, model, tier, rendering_quality, n);
        choices.entry(choice).or_default().push(took);
    }
    let usual = |(choice, mut times): (_, Vec<Duration>)| {
        times.sort_unstable();
        let (mode, model, tier, rendering_quality, n) = choice;
        UsualTime {
            mode,
            model,
            tier,
            rendering_quality,
            n,
            took: times[times.len() / 2],
        }
    };
    choices.into_iter().map(usual).collect()
}

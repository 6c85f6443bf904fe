use std::time::Duration;

use futures_util::FutureExt as _;

use super::*;
use crate::admin::Sample;
use crate::ports::{MockAccounts, MockCatalog, MockGenerations, MockStatistics};
use crate::size::{RenderingQuality, Tier};
use crate::testing::{TestClock, account, away, generation, start};
use crate::usual_times::USUAL_TIMES_LIFE;

struct Outside {
    generations: MockGenerations,
    statistics: MockStatistics,
    clock: Arc<TestClock>,
}

impl Outside {
    fn new() -> Self {
        Self {
            generations: MockGenerations::new(),
            statistics: MockStatistics::new(),
            clock: Arc::default(),
        }
    }

    fn retrieve(self) -> Retrieve {
        Retrieve::new(
            Arc::new(MockAccounts::new()),
            Arc::new(MockCatalog::new()),
            Arc::new(self.generations),
            Arc::new(self.statistics),
            self.clock,
        )
    }
}

fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("mocks answer at once")
}

fn sample(n: u8, seconds: u64) -> Sample {
    Sample {
        mode: Mode::Live,
        model: "gpt-image-2".to_owned(),
        tier: Tier::OneK,
        rendering_quality: RenderingQuality::High,
        n,
        took: Duration::from_secs(seconds),
    }
}

#[test]
fn a_generation_is_looked_for_among_the_accounts_own() {
    let mut outside = Outside::new();
    outside
        .generations
        .expect_find()
        .withf(|of, mode, id| (*of, *mode, *id) == (account(), Mode::Live, generation().id))
        .returning(|_, _, _| Ok(Some(generation())));
    outside
        .generations
        .expect_list()
        .withf(|of, mode, filter| (*of, *mode, filter.limit) == (account(), Mode::Test, 9))
        .returning(|_, _, _| Ok(Page::default()));
    outside
        .generations
        .expect_timeline()
        .withf(|id| *id == generation().id)
        .returning(|_| {
            Ok(Some(Timeline {
                accepted_at: start(),
                started_at: None,
                dispatched_at: None,
                completed_at: None,
            }))
        });
    let retrieve = outside.retrieve();
    let found = now(retrieve.generation_of(account(), Mode::Live, generation().id));
    assert_eq!(found, Ok(Some(generation())));
    let timeline = now(retrieve.timeline(&generation())).unwrap().unwrap();
    assert_eq!(timeline.accepted_at, start());
    let filter = ListFilter {
        limit: 9,
        ..ListFilter::default()
    };
    let page = now(retrieve.generations_of(account(), Mode::Test, &filter)).unwrap();
    assert!(page.generations.is_empty());
}

#[test]
fn the_usual_time_is_the_middle_of_each_choice() {
    let mut outside = Outside::new();
    outside.statistics.expect_samples().once().returning(|_| {
        let rare = Sample {
            rendering_quality: RenderingQuality::Low,
            ..sample(1, 3)
        };
        Ok(vec![
            sample(1, 40),
            sample(1, 10),
            sample(1, 900),
            sample(2, 60),
            sample(2, 50),
            rare,
        ])
    });
    let times = now(outside.retrieve().usual_times()).unwrap();
    let told: Vec<_> = times
        .iter()
        .map(|time| (time.rendering_quality, time.n, time.took.as_secs()))
        .collect();
    let (low, high) = (RenderingQuality::Low, RenderingQuality::High);
    assert_eq!(told, [(low, 1, 3), (high, 1, 40), (high, 2, 60)]);
}

#[test]
fn usual_times_are_looked_up_once_in_a_while() {
    let mut outside = Outside::new();
    let clock = Arc::clone(&outside.clock);
    let mut looks = 0;
    outside
        .statistics
        .expect_samples()
        .times(3)
        .returning(move |_| {
            looks += 1;
            // An error is not kept.
            if looks == 2 {
                return Err(away());
            }
            Ok(vec![sample(1, looks)])
        });
    let retrieve = outside.retrieve();
    let look = || now(retrieve.usual_times()).map(|times| times[0].took.as_secs());
    assert_eq!(look(), Ok(1));
    clock.advance(USUAL_TIMES_LIFE.saturating_sub(Duration::from_secs(1)));
    assert_eq!(look(), Ok(1));
    clock.advance(Duration::from_secs(1));
    assert_eq!(look(), Err(away()));
    assert_eq!(look(), Ok(3));
    assert_eq!(look(), Ok(3));
}

//! How many generations of an account are accepted a minute, on both databases.

use std::num::NonZeroU32;
use std::time::Duration;

use gih_domain::time::Timestamp;
use tokio::task::JoinSet;

use crate::support::on_both;
use crate::world::*;
use gih_database::Database;
use gih_domain::credits::Credits;
use gih_domain::id::GenerationId;
use gih_domain::mode::Mode;
use gih_domain::ports::{Accept, AcceptError, Generations, Hand, Limits};

#[tokio::test]
async fn so_many_are_accepted_a_minute_of_an_account_and_mode() {
    on_both(|database| async move {
        let world = world(&database, &[(1_000, None)]).await;
        let limited = |at: Timestamp| {
            let accept = world.accept();
            let rate = NonZeroU32::new(3);
            Accept {
                id: GenerationId(fresh_at(at)),
                limits: Limits {
                    rate,
                    ..accept.limits
                },
                at,
                ..accept
            }
        };
        let after = |seconds| NOW.plus(Duration::from_secs(seconds));
        for seconds in [0, 10, 20] {
            queued(&database, limited(after(seconds))).await;
        }
        let error = refused(&database, limited(after(30))).await;
        let AcceptError::RateLimited { most, wait } = error else {
            panic!("{error}");
        };
        assert_eq!((most.get(), wait), (3, Duration::from_secs(30)));
        // Nothing is counted that was refused, nor what the other mode, or another account, has.
        let here = Hand::Mine {
            worker: world.worker,
        };
        refused(
            &database,
            Accept {
                hand: here,
                ..limited(after(59))
            },
        )
        .await;
        let test = Accept {
            mode: Mode::Test,
            price: Credits::from_u32(0),
            ..limited(after(59))
        };
        queued(&database, test).await;
        queued(&database, limited(after(60))).await;
        refused(&database, limited(after(69))).await;
        queued(&database, limited(after(70))).await;
    })
    .await;
}

#[tokio::test]
async fn of_many_at_once_no_more_are_accepted_than_a_minute_has() {
    on_both(|database| async move {
        let world = world(&database, &[(1_000, None)]).await;
        let mut tries = JoinSet::new();
        for _ in 0..20 {
            let accept = world.accept();
            let rate = NonZeroU32::new(5);
            let limits = Limits {
                rate,
                ..accept.limits
            };
            let database = Database::clone(&database);
            tries.spawn(async move { database.accept(Accept { limits, ..accept }).await.is_ok() });
        }
        let accepted = tries
            .join_all()
            .await
            .into_iter()
            .filter(|is_accepted| *is_accepted)
            .count();
        assert_eq!(accepted, 5);
    })
    .await;
}

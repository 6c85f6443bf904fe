//! The contract of `Ledger`, on both databases.

use crate::support::on_both;
use crate::world::*;
use gih_database::Database;
use gih_domain::credits::Credits;
use gih_domain::id::{AccountId, EntryId, GenerationId, LotId};
use gih_domain::ledger::{Cause, DaySpending, Entry, EntryFilter, EntryPage};
use gih_domain::mode::Mode;
use gih_domain::ports::{Accept, Accounts, Generations, Grant, Ledger, LotSource, NewLot};
use gih_domain::time::Timestamp;

fn first(limit: u32) -> EntryFilter {
    EntryFilter {
        limit,
        ..EntryFilter::default()
    }
}

async fn page(database: &Database, account: AccountId, filter: EntryFilter) -> EntryPage {
    let page = database.entries(account, Mode::Live, &filter).await;
    page.unwrap()
}

fn ids(page: &EntryPage) -> Vec<EntryId> {
    page.entries.iter().map(|entry| entry.id).collect()
}

/// One generation of two images at [`PRICE`], of which so many are delivered, a minute after it was accepted.
async fn spend(database: &Database, world: &World, at: Timestamp, delivered: u8) -> GenerationId {
    let accept = Accept {
        id: GenerationId(fresh_at(at)),
        at,
        ..world.mine(2)
    };
    let claimed = running(database, accept).await;
    let id = claimed.lease.generation;
    let ending = match delivered {
        0 => failed(),
        count => images(id, count),
    };
    let settled = database.settle(&claimed.lease, &ending, at.plus(MINUTE));
    settled.await.unwrap();
    id
}

async fn grant(database: &Database, account: AccountId, credits: u32, at: Timestamp) -> LotId {
    let lot = NewLot {
        id: LotId(fresh_at(at)),
        mode: Mode::Live,
        source: LotSource::Grant,
        credits: Credits::from_u32(credits),
        expires_at: None,
        note: Some("a gift".to_owned()),
    };
    let id = lot.id;
    let grant = Grant {
        account,
        lot,
        reference: None,
        created_at: at,
        act: None,
    };
    database.grant(&grant).await.unwrap();
    id
}

#[tokio::test]
async fn entries_page_and_filter() {
    on_both(|database| async move {
        let world = world(&database, &[(100, None)]).await;
        let generation = spend(&database, &world, NOW.plus(MINUTE), 1).await;
        let lot = grant(&database, world.account, 5, NOW.plus(DAY)).await;

        let all = page(&database, world.account, first(9)).await;
        let told: Vec<_> = all
            .entries
            .iter()
            .map(|entry| (entry.cause, entry.amount, entry.generation))
            .collect();
        assert_eq!(
            told,
            [
                (Cause::Grant, 5, None),
                (Cause::Refund, 4, Some(generation)),
                (Cause::Charge, -8, Some(generation)),
                (Cause::Grant, 100, None),
            ]
        );
        let Entry {
            lot: of,
            lot_source,
            lot_note,
            created_at,
            ..
        } = all.entries[0].clone();
        assert_eq!((of, lot_source), (lot, LotSource::Grant));
        assert_eq!(lot_note.as_deref(), Some("a gift"));
        assert_eq!(created_at, NOW.plus(DAY));

        let all = ids(&all);
        let begin = page(&database, world.account, first(3)).await;
        assert_eq!((ids(&begin), begin.has_more), (all[..3].to_vec(), true));
        let rest = EntryFilter {
            after: Some(all[2]),
            ..first(3)
        };
        let rest = page(&database, world.account, rest).await;
        assert_eq!((ids(&rest), rest.has_more), (all[3..].to_vec(), false));

        let of_cause = |cause| EntryFilter {
            cause: Some(cause),
            ..first(9)
        };
        let cases = [
            (Cause::Grant, vec![all[0], all[3]]),
            (Cause::Charge, vec![all[2]]),
            (Cause::Refund, vec![all[1]]),
            (Cause::Expiry, vec![]),
        ];
        for (cause, expected) in cases {
            let found = page(&database, world.account, of_cause(cause)).await;
            assert_eq!(ids(&found), expected, "{cause}");
        }
        let between = EntryFilter {
            created_from: Some(NOW.plus(MINUTE)),
            created_before: Some(NOW.plus(DAY)),
            ..first(9)
        };
        let found = page(&database, world.account, between).await;
        assert_eq!(ids(&found), all[1..3]);
        let found = page(
            &database,
            world.account,
            EntryFilter {
                created_before: Some(NOW.plus(2 * MINUTE)),
                ..between
            },
        );
        assert_eq!(ids(&found.await), all[2..3]);
    })
    .await;
}

#[tokio::test]
async fn nobody_reads_anothers_ledger() {
    on_both(|database| async move {
        let ann = world(&database, &[(100, None)]).await;
        let bob = world(&database, &[]).await;
        spend(&database, &ann, NOW, 2).await;
        assert_eq!(page(&database, bob.account, first(9)).await.entries, []);
        let other_mode = database.entries(ann.account, Mode::Test, &first(9)).await;
        assert_eq!(other_mode.unwrap().entries, []);
        let lots = database.lots(bob.account, Mode::Live, NOW, 9).await;
        assert_eq!(lots, Ok(vec![]));
        let from = NOW.midnight();
        let spent = database.spending(Some(bob.account), Mode::Live, from, from.plus(DAY));
        assert_eq!(spent.await, Ok(vec![]));
    })
    .await;
}

#[tokio::test]
async fn a_generation_tells_which_lots_paid_and_were_paid_back() {
    on_both(|database| async move {
        let world = world(&database, &[(5, Some(2 * DAY)), (100, None)]).await;
        let generation = spend(&database, &world, NOW, 1).await;
        spend(&database, &world, NOW, 2).await;
        let entries = database.entries_of(generation).await.unwrap();
        let told: Vec<_> = entries
            .iter()
            .map(|entry| (entry.cause, entry.amount))
            .collect();
        assert!(
            matches!(
                told[..],
                [
                    (Cause::Charge, _),
                    (Cause::Charge, _),
                    (Cause::Refund, 3),
                    (Cause::Refund, 1)
                ] | [
                    (Cause::Charge, _),
                    (Cause::Charge, _),
                    (Cause::Refund, 1),
                    (Cause::Refund, 3)
                ]
            ),
            "{told:?}"
        );
        assert!(
            entries
                .iter()
                .all(|entry| entry.generation == Some(generation))
        );
        let charged: i64 = entries[..2].iter().map(|entry| entry.amount).sum();
        assert_eq!(charged, -8);
        let nothing = GenerationId(fresh());
        assert_eq!(database.entries_of(nothing).await, Ok(vec![]));
    })
    .await;
}

#[tokio::test]
async fn lots_come_in_the_order_they_are_spent_then_newest_first() {
    on_both(|database| async move {
        // Expired by the time of the question, to be spent last, first, second; then two that come later.
        let lives = [Some(DAY), None, Some(3 * DAY), Some(4 * DAY)];
        let world = world(&database, &lives.map(|life| (10, life))).await;
        let spent = grant(&database, world.account, 3, NOW.plus(MINUTE)).await;
        database
            .execute(&format!(
                "UPDATE credit_lots SET remaining = 0 WHERE id = {}",
                literal(&database, spent.0)
            ))
            .unwrap();
        let last = grant(&database, world.account, 7, NOW.plus(2 * MINUTE)).await;
        let at = NOW.plus(2 * DAY);
        let lots = database
            .lots(world.account, Mode::Live, at, 9)
            .await
            .unwrap();
        let told: Vec<_> = lots
            .iter()
            .map(|lot| {
                let life = lot.expires_at.map(|end| end.since(NOW).as_secs() / 86_400);
                (lot.is_live, life, lot.granted.get(), lot.remaining.get())
            })
            .collect();
        assert_eq!(
            told,
            [
                (true, Some(3), 10, 10),
                (true, Some(4), 10, 10),
                (true, None, 10, 10),
                (true, None, 7, 7),
                (false, None, 3, 0),
                (false, Some(1), 10, 10),
            ]
        );
        assert_eq!((lots[3].id, lots[4].id), (last, spent));
        assert_eq!(lots[3].note.as_deref(), Some("a gift"));
        for at_most in [0, 3, 5] {
            let some = database.lots(world.account, Mode::Live, at, at_most).await;
            assert_eq!(some.unwrap(), lots[..at_most as usize]);
        }
        // What is live ends at the very moment of its expiry.
        let at = NOW.plus(3 * DAY);
        let lots = database
            .lots(world.account, Mode::Live, at, 9)
            .await
            .unwrap();
        assert_eq!(lots.iter().filter(|lot| lot.is_live).count(), 3);
    })
    .await;
}

#[tokio::test]
async fn spending_is_added_up_by_days_in_utc() {
    on_both(|database| async move {
        let ann = world(&database, &[(1_000, None)]).await;
        let bob = world(&database, &[(1_000, None)]).await;
        let monday = NOW.midnight();
        let day = |days: u32| monday.plus(DAY * days);
        let moment = std::time::Duration::from_micros(1);
        // At the edges of Tuesday, and on Thursday. The refund of the one at its end falls on Wednesday.
        spend(&database, &ann, day(1).minus(moment), 2).await;
        spend(&database, &ann, day(1), 2).await;
        spend(&database, &ann, day(2).minus(moment), 1).await;
        spend(&database, &ann, day(3), 0).await;
        spend(&database, &bob, day(1), 2).await;
        let spending = |account, from, before| {
            let another = database.another();
            async move {
                let found = another.spending(account, Mode::Live, from, before).await;
                let told =
                    |spent: DaySpending| (spent.day, spent.charged.get(), spent.refunded.get());
                found.unwrap().into_iter().map(told).collect::<Vec<_>>()
            }
        };
        assert_eq!(
            spending(Some(ann.account), day(0), day(4)).await,
            [
                (day(0), 8, 0),
                (day(1), 16, 0),
                (day(2), 0, 4),
                (day(3), 8, 8),
            ]
        );
        assert_eq!(
            spending(None, day(1), day(3)).await,
            [(day(1), 24, 0), (day(2), 0, 4)]
        );
        assert_eq!(spending(Some(ann.account), day(4), day(9)).await, []);
        let other = database.spending(None, Mode::Test, day(0), day(9)).await;
        assert_eq!(other, Ok(vec![]));
    })
    .await;
}

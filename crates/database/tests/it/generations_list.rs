//! The contract of `Generations`: lists, and what is read of one generation.

use crate::support::on_both;
use crate::world::*;
use gih_database::Database;
use gih_domain::generation::{Generation, Status};
use gih_domain::id::{GenerationId, KeyId};
use gih_domain::mode::Mode;
use gih_domain::ports::{Accept, Generations, ListFilter, Page};
use gih_domain::time::Timestamp;

fn names(page: &Page) -> Vec<GenerationId> {
    let names = page.generations.iter().map(|generation| generation.id);
    names.collect()
}

fn first(limit: u32) -> ListFilter {
    ListFilter {
        limit,
        ..ListFilter::default()
    }
}

/// Runs a generation that was accepted then; one that is to succeed does so at once.
async fn run(
    database: &Database,
    world: &World,
    key: KeyId,
    at: Timestamp,
    succeeds: bool,
) -> GenerationId {
    let accept = Accept {
        id: GenerationId(fresh_at(at)),
        key,
        at,
        ..world.mine(1)
    };
    let claimed = running(database, accept).await;
    let id = claimed.lease.generation;
    if succeeds {
        let ending = images(id, 1);
        database.settle(&claimed.lease, &ending, at).await.unwrap();
    }
    id
}

/// Five generations, a minute between each, the newest first: every other one has succeeded, the others run.
async fn five(database: &Database, world: &World) -> Vec<GenerationId> {
    let mut ids = Vec::new();
    for minute in 0..5_u32 {
        let at = NOW.plus(MINUTE * minute);
        ids.push(run(database, world, world.key, at, minute % 2 == 0).await);
    }
    ids.reverse();
    ids
}

#[tokio::test]
async fn lists_page_and_filter() {
    on_both(|database| async move {
        let world = world(&database, &[(100, None)]).await;
        let ids = five(&database, &world).await;
        let list = |filter: ListFilter| {
            let another = database.another();
            async move {
                Generations::list(&another, world.account, Mode::Live, &filter)
                    .await
                    .unwrap()
            }
        };
        let all = list(first(5)).await;
        assert_eq!((names(&all), all.has_more), (ids.clone(), false));
        assert_eq!(all.generations[0].end().unwrap().ending.images().len(), 1);
        let page = list(first(2)).await;
        assert_eq!((names(&page), page.has_more), (ids[..2].to_vec(), true));
        let page = list(ListFilter {
            after: Some(ids[1]),
            ..first(3)
        })
        .await;
        assert_eq!((names(&page), page.has_more), (ids[2..].to_vec(), false));
        let of_status = |status| ListFilter {
            status: Some(status),
            ..first(9)
        };
        let page = list(of_status(Status::Running)).await;
        assert_eq!(names(&page), [ids[1], ids[3]]);
        let page = list(of_status(Status::Succeeded)).await;
        assert_eq!(names(&page), [ids[0], ids[2], ids[4]]);
        assert!(names(&list(of_status(Status::Failed)).await).is_empty());
        let between = ListFilter {
            created_from: Some(NOW.plus(MINUTE)),
            created_before: Some(NOW.plus(3 * MINUTE)),
            ..first(9)
        };
        assert_eq!(names(&list(between.clone()).await), [ids[2], ids[3]]);
        let all_at_once = ListFilter {
            status: Some(Status::Running),
            key: Some(world.key),
            after: Some(ids[2]),
            ..between
        };
        assert_eq!(names(&list(all_at_once).await), [ids[3]]);
        let other = Generations::list(&*database, world.account, Mode::Test, &first(9)).await;
        assert!(other.unwrap().generations.is_empty());
        assert_eq!(database.ended(&ids).await.unwrap().len(), 3);
    })
    .await;
}

#[tokio::test]
async fn dates_are_those_of_acceptance_and_not_of_ids() {
    on_both(|database| async move {
        let world = world(&database, &[(100, None)]).await;
        // Its reference images took half an hour to be saved.
        let accept = Accept {
            id: GenerationId(fresh_at(NOW.minus(30 * MINUTE))),
            ..world.mine(1)
        };
        let id = running(&database, accept).await.lease.generation;
        let list = |from, before| {
            let another = database.another();
            let filter = ListFilter {
                created_from: Some(from),
                created_before: Some(before),
                ..first(9)
            };
            async move {
                let page = Generations::list(&another, world.account, Mode::Live, &filter).await;
                names(&page.unwrap())
            }
        };
        assert_eq!(list(NOW, NOW.plus(MINUTE)).await, [id]);
        assert_eq!(list(NOW.minus(DAY), NOW).await, []);
        assert_eq!(list(NOW.plus(MINUTE), NOW.plus(DAY)).await, []);
    })
    .await;
}

#[tokio::test]
async fn a_key_lists_what_was_asked_with_it() {
    on_both(|database| async move {
        let ann = world(&database, &[(100, None)]).await;
        let bob = world(&database, &[(100, None)]).await;
        let second = add_key(&database, ann.account).await;
        let old = run(&database, &ann, second, NOW, true).await;
        run(&database, &ann, ann.key, NOW.plus(MINUTE), true).await;
        let new = run(&database, &ann, second, NOW.plus(2 * MINUTE), false).await;
        let bobs = run(&database, &bob, bob.key, NOW.plus(3 * MINUTE), true).await;
        let with = |key| ListFilter {
            key: Some(key),
            ..first(9)
        };
        let list = |filter: ListFilter, mode| {
            let another = database.another();
            async move {
                let page = Generations::list(&another, ann.account, mode, &filter).await;
                names(&page.unwrap())
            }
        };
        assert_eq!(list(with(second), Mode::Live).await, [new, old]);
        let succeeded = ListFilter {
            status: Some(Status::Succeeded),
            ..with(second)
        };
        assert_eq!(list(succeeded, Mode::Live).await, [old]);
        assert_eq!(list(with(second), Mode::Test).await, []);
        assert_eq!(list(with(bob.key), Mode::Live).await, []);
        let running = ListFilter {
            status: Some(Status::Running),
            ..with(bob.key)
        };
        assert_eq!(list(running, Mode::Live).await, []);
        let page = database.list_all(None, &with(bob.key)).await.unwrap();
        assert_eq!(names(&page), [bobs]);
    })
    .await;
}

#[tokio::test]
async fn admins_see_everybodys() {
    on_both(|database| async move {
        let ann = world(&database, &[(100, None)]).await;
        let bob = world(&database, &[(100, None)]).await;
        let mut ids = [
            run(&database, &ann, ann.key, NOW, true).await,
            run(&database, &bob, bob.key, NOW.plus(MINUTE), false).await,
            run(&database, &ann, ann.key, NOW.plus(2 * MINUTE), true).await,
        ];
        ids.reverse();
        let page = database.list_all(None, &first(2)).await.unwrap();
        assert_eq!((names(&page), page.has_more), (ids[..2].to_vec(), true));
        assert_eq!(page.generations[0].end().unwrap().ending.images().len(), 1);
        let rest = ListFilter {
            after: Some(ids[1]),
            ..first(2)
        };
        let page = database.list_all(Some(Mode::Live), &rest).await.unwrap();
        assert_eq!((names(&page), page.has_more), (ids[2..].to_vec(), false));
        let running = ListFilter {
            status: Some(Status::Running),
            ..first(9)
        };
        let page = database.list_all(Some(Mode::Live), &running).await.unwrap();
        assert_eq!(names(&page), [ids[1]]);
        let page = database
            .list_all(Some(Mode::Test), &first(9))
            .await
            .unwrap();
        assert!(page.generations.is_empty());

        let found: Option<Generation> = database.find_any(ids[1]).await.unwrap();
        assert_eq!(found.unwrap().account, bob.account);
        let nothing = GenerationId(fresh());
        assert_eq!(database.find_any(nothing).await, Ok(None));
    })
    .await;
}

#[tokio::test]
async fn a_timeline_fills_as_the_work_goes_on() {
    on_both(|database| async move {
        let world = world(&database, &[(100, None)]).await;
        let id = queued(&database, world.accept()).await.id;
        let timeline = || async { database.timeline(id).await.unwrap().unwrap() };
        let began = timeline().await;
        assert_eq!(began.accepted_at, NOW);
        assert_eq!(
            (began.started_at, began.dispatched_at, began.completed_at),
            (None, None, None)
        );
        let claimed = database
            .claim(&live(world.worker, MINUTE, 1))
            .await
            .unwrap();
        let lease = &claimed[0].lease;
        let started = timeline().await;
        assert!(started.started_at.is_some() && started.dispatched_at.is_none());
        database.dispatch(lease).await.unwrap();
        let sent = timeline().await;
        assert!(sent.dispatched_at >= started.started_at && sent.completed_at.is_none());
        let end = NOW.plus(MINUTE);
        database.settle(lease, &images(id, 1), end).await.unwrap();
        let ended = timeline().await;
        assert_eq!(ended.completed_at, Some(end));
        assert_eq!(ended.dispatched_at, sent.dispatched_at);
        let nothing = GenerationId(fresh());
        assert_eq!(database.timeline(nothing).await, Ok(None));
    })
    .await;
}

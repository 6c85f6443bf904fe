//! Work past its time: one look at it, and the audit that looks for a while, beside workers that serve or do not. Images,
//! page by page.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use gih_database::Database;
use gih_domain::audit::{Audit, Audited, Images, LOOKS};
use gih_domain::blob::Blob;
use gih_domain::generation::Lease;
use gih_domain::id::GenerationId;
use gih_domain::object_name::ObjectName;
use gih_domain::ports::{Books, Clock, Generations, ImageStore, Object, StoreError};
use gih_domain::time::Timestamp;

use super::scene::scene;
use crate::support::{TestDatabase, on_both};
use crate::world::*;

/// What a hub does beside the audit while the audit waits.
#[derive(Clone, Copy, PartialEq)]
enum Hub {
    /// Nothing: it is not there, though its lease may be.
    Gone,
    /// Renews its lease and forgets about the work.
    Forgetful,
    /// Renews its lease and ends the work after a while.
    Late,
}

/// A clock on which waiting takes no time, and lets a hub do what it does.
struct Meanwhile {
    database: Database,
    world: World,
    hub: Hub,
    sleeps: AtomicU32,
}

#[async_trait]
impl Clock for Meanwhile {
    fn now(&self) -> Timestamp {
        NOW.plus(365 * DAY)
    }

    async fn sleep(&self, _time: Duration) {
        let sleeps = self.sleeps.fetch_add(1, Ordering::Relaxed) + 1;
        if self.hub == Hub::Gone {
            return;
        }
        let lease = 10 * MINUTE + Duration::from_secs(u64::from(sleeps));
        self.database.renew(self.world.worker, lease).await.unwrap();
        if self.hub == Hub::Late && sleeps == LOOKS {
            let reaped = self
                .database
                .reap(self.world.worker, MINUTE / 2, 10)
                .await
                .unwrap();
            assert_eq!((reaped.taken_over.len(), reaped.overdue.len()), (1, 1));
            let ending = failed();
            for taken in reaped.taken_over {
                let settled = self
                    .database
                    .settle(&taken.lease, &ending, NOW.plus(3 * DAY));
                settled.await.unwrap();
            }
            for (id, reason) in reaped.overdue {
                self.database
                    .cancel(id, reason, NOW.plus(3 * DAY))
                    .await
                    .unwrap();
            }
        }
    }
}

/// The books alone are audited here.
struct NoStore;

#[async_trait]
impl ImageStore for NoStore {
    async fn put(&self, _: &ObjectName, _: &Blob) -> Result<(), StoreError> {
        Err(StoreError::NotFound)
    }

    async fn get(&self, _: &ObjectName, _: Option<Range<u64>>) -> Result<Object, StoreError> {
        Err(StoreError::NotFound)
    }

    async fn byte_length(&self, _: &ObjectName) -> Result<u64, StoreError> {
        Err(StoreError::NotFound)
    }

    async fn delete(&self, _: &ObjectName) -> Result<(), StoreError> {
        Err(StoreError::NotFound)
    }

    async fn list(
        &self,
        _: &str,
        _: Option<ObjectName>,
        _: usize,
    ) -> Result<Vec<ObjectName>, StoreError> {
        Err(StoreError::NotFound)
    }

    async fn check(&self) -> Result<(), StoreError> {
        Err(StoreError::NotFound)
    }
}

/// An audit of books with late work, beside this hub.
async fn audited(database: &TestDatabase, hub: Hub) -> (Audited, [GenerationId; 2]) {
    let scene = scene(database).await;
    set_time(
        database,
        "generations",
        "started_at",
        -100,
        "status = 'running'",
    );
    set_time(
        database,
        "generations",
        "deadline_at",
        -75,
        "status = 'running'",
    );
    set_time(
        database,
        "generations",
        "queue_deadline_at",
        -90,
        "status = 'queued'",
    );
    let handle = database.another();
    let audit = Audit {
        books: Arc::new(handle.clone()),
        store: Arc::new(NoStore),
        clock: Arc::new(Meanwhile {
            database: handle,
            world: scene.world,
            hub,
            sleeps: AtomicU32::new(0),
        }),
    };
    let audited = audit.run(Images::None, 10).await.unwrap();
    (audited, [scene.queued, scene.running])
}

fn told(audited: &Audited) -> Vec<String> {
    let told = audited.violations.iter();
    told.map(|violation| format!("{} {}", violation.invariant, violation.subject))
        .collect()
}

#[tokio::test]
async fn work_that_a_serving_hub_has_forgotten_is_overdue() {
    on_both(|database| async move {
        let (audited, late) = audited(&database, Hub::Forgetful).await;
        assert_eq!(told(&audited), late.map(|id| format!("overdue {id}")));
        let detail = &audited.violations[1].detail;
        assert!(
            detail.starts_with("it is running, and its time was up 7"),
            "{detail}"
        );
    })
    .await;
}

#[tokio::test]
async fn work_that_is_ended_late_or_beside_nobody_is_not() {
    on_both(|database| async move {
        let (audited, _) = audited(&database, Hub::Late).await;
        assert_eq!(told(&audited), [""; 0]);
    })
    .await;
    on_both(|database| async move {
        let (audited, _) = audited(&database, Hub::Gone).await;
        assert_eq!(told(&audited), [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn one_look_tells_what_is_late_and_who_is_there() {
    on_both(|database| async move {
        let scene = scene(&database).await;
        let look = database.overdue(MINUTE, 10).await.unwrap();
        assert_eq!(look.work, []);
        let live: Vec<_> = look
            .live_workers
            .iter()
            .map(|(worker, _)| *worker)
            .collect();
        assert_eq!(live, [scene.world.worker]);
        set_time(
            &database,
            "generations",
            "deadline_at",
            -59,
            "status = 'running'",
        );
        assert_eq!(database.overdue(MINUTE, 10).await.unwrap().work, []);
        set_time(
            &database,
            "generations",
            "deadline_at",
            -61,
            "status = 'running'",
        );
        set_time(
            &database,
            "generations",
            "queue_deadline_at",
            -70,
            "status = 'queued'",
        );
        // Of what has ended the deadlines mean nothing any more.
        set_time(
            &database,
            "generations",
            "deadline_at",
            -500,
            "status = 'succeeded'",
        );
        let late = |look: gih_domain::ports::Overdue| {
            look.work
                .into_iter()
                .map(|late| late.generation)
                .collect::<Vec<_>>()
        };
        let look = database.overdue(MINUTE, 10).await.unwrap();
        assert_eq!(late(look), [scene.queued, scene.running]);
        let look = database.overdue(MINUTE, 1).await.unwrap();
        assert_eq!(late(look), [scene.queued]);
        set_time(&database, "workers", "lease_until", -1, "1 = 1");
        assert_eq!(database.overdue(MINUTE, 1).await.unwrap().live_workers, []);
    })
    .await;
}

#[tokio::test]
async fn images_come_in_pages() {
    on_both(|database| async move {
        let scene = scene(&database).await;
        let all = database.images(None, 10).await.unwrap();
        assert_eq!(all.len(), 2);
        assert!(all[0].id < all[1].id);
        for image in &all {
            assert_eq!(
                (image.generation, image.byte_length),
                (scene.succeeded, 1_500_000)
            );
        }
        assert_eq!(database.images(None, 1).await.unwrap(), all[..1]);
        assert_eq!(
            database.images(Some(all[0].id), 10).await.unwrap(),
            all[1..]
        );
        assert_eq!(database.images(Some(all[1].id), 10).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn unfinished_work_is_counted() {
    on_both(|database| async move {
        let scene = scene(&database).await;
        let count = database.unfinished().await.unwrap();
        assert_eq!((count.queued, count.running), (1, 1));
        let lease = Lease {
            generation: scene.running,
            worker: scene.world.worker,
            fence: 1,
        };
        database.settle(&lease, &failed(), NOW).await.unwrap();
        let count = database.unfinished().await.unwrap();
        assert_eq!((count.queued, count.running), (1, 0));
    })
    .await;
}

//! In whose hands a running generation is when answers were lost, on both databases.

use crate::support::on_both;
use crate::world::*;
use gih_domain::generation::Status;
use gih_domain::id::WorkerId;
use gih_domain::mode::Mode;
use gih_domain::ports::Generations;

fn worker() -> WorkerId {
    WorkerId(fresh())
}

#[tokio::test]
async fn only_what_was_born_running_in_these_hands_is_resumed() {
    on_both(|database| async move {
        let world = world(&database, &[(100, None)]).await;
        let born = running(&database, world.mine(1)).await;
        let resumed = database.resume(born.lease.generation, world.worker).await;
        assert_eq!(resumed.unwrap().unwrap().lease, born.lease);
        let other = database.resume(born.lease.generation, worker()).await;
        assert!(other.unwrap().is_none(), "not in other hands");
        let id = queued(&database, world.accept()).await.id;
        assert!(database.resume(id, world.worker).await.unwrap().is_none());
        // A claimed one is under its first fence as well, but its claimer draws it.
        let claimed = database
            .claim(&live(world.worker, MINUTE, 1))
            .await
            .unwrap();
        assert_eq!(
            (claimed[0].lease.generation, claimed[0].lease.fence),
            (id, 1)
        );
        assert!(database.resume(id, world.worker).await.unwrap().is_none());
        assert_audited(&database).await;
    })
    .await;
}

#[tokio::test]
async fn the_reapers_own_work_is_spared_and_a_claim_that_nobody_heard_of_is_not() {
    on_both(|database| async move {
        let world = world(&database, &[(100, None)]).await;
        let own = running(&database, world.mine(1)).await;
        let id = queued(&database, world.accept()).await.id;
        database
            .claim(&live(world.worker, MINUTE, 1))
            .await
            .unwrap();
        set_time(&database, "workers", "lease_until", -1, "1 = 1");
        let reaped = database.reap(world.worker, MINUTE, 10).await.unwrap();
        assert_eq!((reaped.requeued, reaped.taken_over.len()), (0, 0));
        // Claimed and not sent within the grace: the answer to the claim was lost.
        set_time(
            &database,
            "generations",
            "started_at",
            -90,
            "dispatched_at IS NULL",
        );
        let reaped = database.reap(world.worker, MINUTE, 10).await.unwrap();
        assert_eq!((reaped.requeued, reaped.taken_over.len()), (1, 0));
        let again = Generations::find(&*database, world.account, Mode::Live, id)
            .await
            .unwrap();
        assert_eq!(again.unwrap().status(), Status::Queued);
        let ended = database.settle(&own.lease, &failed(), NOW).await;
        assert!(ended.is_ok(), "{ended:?}");
        assert_audited(&database).await;
    })
    .await;
}

//! What rows say of objects in the image store, and of images, on both databases.

use crate::support::on_both;
use crate::world::*;
use gih_domain::generation::Ending;
use gih_domain::id::{GenerationId, ImageId};
use gih_domain::object_name::ObjectName;
use gih_domain::ports::{CancelReason, Generations, Keys};

#[tokio::test]
async fn ends_are_told_of_what_exists() {
    on_both(|database| async move {
        let world = world(&database, &[(1_000, None)]).await;
        let ended = running(&database, world.mine(1)).await.lease;
        let running = running(&database, world.mine(1)).await.lease.generation;
        let later = NOW.plus(MINUTE);
        database.settle(&ended, &failed(), later).await.unwrap();
        let canceled = queued(&database, world.accept()).await.id;
        let reason = CancelReason::ShuttingDown;
        database.cancel(canceled, reason, NOW).await.unwrap();
        let revoked = queued(&database, world.accept()).await.id;
        Keys::revoke(&*database, None, world.key, later)
            .await
            .unwrap();
        let world = self::world(&database, &[(1_000, None)]).await;
        let queued = queued(&database, world.accept()).await.id;
        let absent = GenerationId(fresh());

        let mut wanted = vec![
            (ended.generation, Some(later)),
            (running, None),
            (canceled, Some(NOW)),
            (revoked, Some(later)),
            (queued, None),
        ];
        wanted.sort();
        let mut asked: Vec<_> = wanted.iter().map(|&(id, _)| id).collect();
        asked.push(absent);
        let mut told = database.end_times(&asked).await.unwrap();
        told.sort();
        assert_eq!(told, wanted);
        assert_eq!(database.end_times(&[absent]).await.unwrap(), []);
        assert_eq!(database.end_times(&[]).await.unwrap(), []);
        // As many as the store may list at once, of which most are not there.
        let many: Vec<_> = (0..5_000)
            .map(|_| GenerationId(fresh()))
            .chain(asked)
            .collect();
        assert_eq!(database.end_times(&many).await.unwrap().len(), wanted.len());
    })
    .await;
}

#[tokio::test]
async fn images_are_named_as_soon_as_they_are_settled() {
    on_both(|database| async move {
        let world = world(&database, &[(1_000, None)]).await;
        let lease = running(&database, world.mine(3)).await.lease;
        let ending = images(lease.generation, 2);
        let Ending::Succeeded(saved) = &ending else {
            unreachable!()
        };
        let mut wanted: Vec<_> = saved
            .iter()
            .map(|image| image.object_name.clone())
            .collect();
        let mut asked = wanted.clone();
        asked.push(ObjectName::of_image(lease.generation, 0, 99, "webp"));
        asked.push(ObjectName::of_reference(lease.generation, 0));
        assert_eq!(database.named_images(&asked).await.unwrap(), []);
        database.settle(&lease, &ending, NOW).await.unwrap();
        let mut named = database.named_images(&asked).await.unwrap();
        named.sort();
        wanted.sort();
        assert_eq!(named, wanted);
        assert_eq!(
            database.named_images(&asked[..1]).await.unwrap(),
            asked[..1]
        );
        assert_eq!(database.named_images(&asked[2..]).await.unwrap(), []);
        assert_eq!(database.named_images(&[]).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn an_image_is_found_by_its_owner_and_by_admins() {
    on_both(|database| async move {
        let world = world(&database, &[(1_000, None)]).await;
        let stranger = self::world(&database, &[]).await.account;
        let lease = running(&database, world.mine(2)).await.lease;
        let ending = images(lease.generation, 2);
        let Ending::Succeeded(saved) = &ending else {
            unreachable!()
        };
        for image in saved {
            assert_eq!(database.image(None, image.id).await.unwrap(), None);
        }
        database.settle(&lease, &ending, NOW).await.unwrap();
        for image in saved {
            let found = Some(image.clone());
            assert_eq!(database.image(None, image.id).await.unwrap(), found);
            let asked = database.image(Some(world.account), image.id);
            assert_eq!(asked.await.unwrap(), found);
            let asked = database.image(Some(stranger), image.id);
            assert_eq!(asked.await.unwrap(), None);
        }
        let absent = ImageId(fresh());
        assert_eq!(database.image(None, absent).await.unwrap(), None);
        let asked = database.image(Some(world.account), absent);
        assert_eq!(asked.await.unwrap(), None);
    })
    .await;
}

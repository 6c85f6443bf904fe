//! Thumbnails over a store in memory; the "small picture" of a text is the text with `small ` before it.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use super::*;
use crate::id::GenerationId;
use crate::ports::MockGenerations;
use crate::testing::{
    Log, MemorySpool, MemoryStore, Scene, TestClock, account, away, blob, content, start, uuid,
};

const SHRINKING: Duration = Duration::from_millis(100);

struct SlowThumbnailer {
    clock: Arc<TestClock>,
    log: Log,
}

#[async_trait]
impl Thumbnailer for SlowThumbnailer {
    async fn shrink(&self, image: &Blob) -> Result<Blob, ShrinkError> {
        use crate::ports::Clock as _;
        let text = content(image).unwrap();
        self.log.add(format!("shrink {text}"));
        self.clock.sleep(SHRINKING).await;
        match text.as_str() {
            "noise" => Err(ShrinkError::Undecodable("no pixels".to_owned())),
            text => Ok(blob(&format!("small {text}"))),
        }
    }
}

/// The account's image of this number; its bytes are `text`.
fn image(number: u8, text: &str) -> SavedImage {
    let generation = GenerationId(uuid(0x9e));
    SavedImage {
        id: ImageId(uuid(u128::from(number))),
        object_name: ObjectName::of_image(generation, number, u128::from(number), "png"),
        about: blob(text).about,
        created_at: start(),
    }
}

struct World {
    scene: Scene,
    log: Log,
    store: Arc<MemoryStore>,
    thumbnails: Arc<Thumbnails>,
}

impl World {
    /// With these images, which are the account's.
    fn new(images: Vec<SavedImage>) -> Self {
        let (scene, log) = (Scene::new(), Log::default());
        let store = MemoryStore::new(log.clone());
        let mut generations = MockGenerations::new();
        generations.expect_image().returning(move |asking, id| {
            let found = images.iter().find(|image| image.id == id);
            Ok(found
                .filter(|_| asking.is_none_or(|asking| asking == account()))
                .cloned())
        });
        let thumbnailer = SlowThumbnailer {
            clock: scene.clock.clone(),
            log: log.clone(),
        };
        let thumbnails = Thumbnails::new(
            Arc::new(generations),
            store.clone(),
            Arc::new(MemorySpool),
            Arc::new(thumbnailer),
        );
        Self {
            scene,
            log,
            store,
            thumbnails: Arc::new(thumbnails),
        }
    }

    /// With one image, which is in the store.
    fn of(text: &str) -> (Self, SavedImage) {
        let image = image(1, text);
        let world = Self::new(vec![image.clone()]);
        world.store.hold(&image.object_name, text);
        (world, image)
    }

    fn open(
        &self,
        account: Option<AccountId>,
        image: &SavedImage,
    ) -> impl Future<Output = Result<Option<String>, ThumbnailError>> + 'static {
        let (thumbnails, id) = (self.thumbnails.clone(), image.id);
        async move {
            match thumbnails.open(account, id).await? {
                Some(object) => Ok(Some(text(object).await)),
                None => Ok(None),
            }
        }
    }

    fn run(&mut self, image: &SavedImage) -> Result<Option<String>, ThumbnailError> {
        let open = self.open(Some(account()), image);
        self.scene.run(open)
    }
}

async fn text(object: Object) -> String {
    assert_eq!(object.range, 0..object.byte_length);
    let pieces: Vec<Bytes> = object.bytes.try_collect().await.unwrap();
    let text = String::from_utf8(pieces.concat()).unwrap();
    assert_eq!(text.len() as u64, object.byte_length);
    text
}

#[test]
fn made_once_and_kept() {
    let (mut world, image) = World::of("fox");
    let name = ObjectName::of_thumbnail(&image.object_name);
    for _ in 0..3 {
        assert_eq!(world.run(&image).unwrap().unwrap(), "small fox");
        assert_eq!(world.store.text(&name).unwrap(), "small fox");
    }
    assert_eq!(world.log.count("shrink"), 1);
    assert_eq!(world.log.count("put"), 1);
}

#[test]
fn only_its_owner_and_admins_see_it() {
    let (mut world, image) = World::of("fox");
    let stranger = AccountId(uuid(0xbad));
    let open = world.open(Some(stranger), &image);
    assert_eq!(world.scene.run(open).unwrap(), None);
    let (thumbnails, id) = (world.thumbnails.clone(), image.id);
    let original = async move { thumbnails.original(Some(stranger), id).await };
    assert!(world.scene.run(original).unwrap().is_none());
    assert_eq!(world.log.all(), [""; 0]);

    let open = world.open(None, &image);
    assert_eq!(world.scene.run(open).unwrap().unwrap(), "small fox");
    for asking in [None, Some(account())] {
        let thumbnails = world.thumbnails.clone();
        let original = async move {
            let (about, object) = thumbnails.original(asking, id).await.unwrap().unwrap();
            (about, text(object).await)
        };
        let (about, text) = world.scene.run(original);
        assert_eq!((about, text.as_str()), (image.clone(), "fox"));
    }
}

#[test]
fn asked_for_by_many_at_once_it_is_made_once() {
    let (mut world, image) = World::of("fox");
    let mut running: Vec<_> = (0..5)
        .map(|_| {
            let open = world.open(Some(account()), &image);
            world.scene.begin(open)
        })
        .collect();
    world.scene.advance(SHRINKING);
    for one in &mut running {
        assert_eq!(one.result().unwrap().unwrap().unwrap(), "small fox");
    }
    assert_eq!(world.log.count("shrink"), 1);
}

#[test]
fn one_that_hangs_up_leaves_it_to_the_next() {
    let (mut world, image) = World::of("fox");
    let open = world.open(Some(account()), &image);
    let first = world.scene.begin(open);
    let open = world.open(Some(account()), &image);
    let mut second = world.scene.begin(open);
    first.hang_up();
    world.scene.settle();
    world.scene.advance(SHRINKING);
    assert_eq!(second.result().unwrap().unwrap().unwrap(), "small fox");
}

#[test]
fn few_originals_are_in_the_spool_at_a_time() {
    let images: Vec<_> = (0..100).map(|number| image(number, "fox")).collect();
    let mut world = World::new(images.clone());
    let mut running = Vec::new();
    for image in &images {
        world.store.hold(&image.object_name, "fox");
        let open = world.open(Some(account()), image);
        running.push(world.scene.begin(open));
    }
    assert_eq!(world.log.count("shrink"), MAKERS);
    world.scene.advance(SHRINKING * 100);
    for mut one in running {
        assert_eq!(one.result().unwrap().unwrap().unwrap(), "small fox");
    }
}

#[test]
fn shown_even_when_it_cannot_be_kept() {
    let (mut world, image) = World::of("fox");
    world.store.fail_when({
        let log = world.log.clone();
        move |name| {
            let is_put = log.all().last().is_some_and(|last| last.starts_with("put"));
            is_put && name.as_str().starts_with(ObjectName::THUMBNAILS)
        }
    });
    for _ in 0..2 {
        assert_eq!(world.run(&image).unwrap().unwrap(), "small fox");
    }
    assert_eq!(world.log.count("shrink"), 2);
    world.store.fail_when(|_| false);
    assert_eq!(world.run(&image).unwrap().unwrap(), "small fox");
    assert_eq!(world.run(&image).unwrap().unwrap(), "small fox");
    assert_eq!(world.log.count("shrink"), 3);
}

#[test]
fn what_makes_no_picture_is_told_from_what_is_away() {
    for text in ["damaged", "noise"] {
        let (mut world, image) = World::of(text);
        let error = world.run(&image).unwrap_err();
        assert!(matches!(error, ThumbnailError::Undecodable(_)), "{error:?}");
        assert_eq!(world.log.count("put"), 0);
    }
    // An object that has become longer than its row says.
    let (mut world, image) = World::of("fox");
    world.store.hold(&image.object_name, "foxes");
    let error = world.run(&image).unwrap_err();
    assert!(matches!(error, ThumbnailError::Undecodable(_)), "{error:?}");

    let mut world = World::new(vec![image.clone()]);
    let error = world.run(&image).unwrap_err();
    let lost = ThumbnailError::Store(StoreError::NotFound);
    assert_eq!(error.to_string(), lost.to_string());
    world.store.fail_when(|_| true);
    let error = world.run(&image).unwrap_err();
    let unavailable = matches!(error, ThumbnailError::Store(StoreError::Unavailable(_)));
    assert!(unavailable, "{error:?}");
}

#[test]
fn without_the_database_there_is_no_answer() {
    let (world, image) = World::of("fox");
    let mut generations = MockGenerations::new();
    generations.expect_image().returning(|_, _| Err(away()));
    let thumbnails = Thumbnails::new(
        Arc::new(generations),
        world.store.clone(),
        Arc::new(MemorySpool),
        Arc::new(crate::ports::MockThumbnailer::new()),
    );
    let mut scene = world.scene;
    let error = scene.run(async move { thumbnails.open(None, image.id).await.map(drop) });
    assert!(matches!(error, Err(ThumbnailError::Database(_))));
}

//! The collector against a world in memory.

use std::collections::BTreeMap;
use std::sync::Mutex;

use proptest::prelude::*;
use uuid::Builder;

use super::*;
use crate::ports::MockGenerations;
use crate::testing::{Log, MemoryStore, Scene, away, start, uuid};

const MINUTE: Duration = Duration::from_mins(1);

/// What becomes of a generation.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    /// Queued or running.
    Unfinished,
    /// Running when its end is asked for, and settled right after.
    EndsMeanwhile,
    /// Ended so many minutes ago.
    Ended(u32),
    /// There is no row of it, and its id was made so many minutes ago.
    Absent(u32),
    /// There is no row of it, and its id does not tell its age.
    Ageless,
}

/// What lies in the store of a generation.
#[derive(Clone, Copy, Debug, Default)]
struct Objects {
    /// Images that its row will name, or names.
    named: u8,
    /// Images that no row will ever name.
    unnamed: u8,
    references: u8,
}

/// Time before the test begins.
fn ago(minutes: u32) -> Timestamp {
    let micros = i64::from(minutes) * 60_000_000;
    Timestamp::from_micros(start().as_micros() - micros)
}

/// The id of a generation, made so many minutes ago.
fn id(number: u8, minutes: u32) -> GenerationId {
    let millis = u64::try_from(ago(minutes).as_micros() / 1_000).unwrap();
    let id = Builder::from_unix_timestamp_millis(millis, &[number; 10]).into_uuid();
    GenerationId(id)
}

fn image(id: GenerationId, position: u8) -> ObjectName {
    ObjectName::of_image(id, position, u128::from(position) + 7, "png")
}

struct World {
    scene: Scene,
    store: Arc<MemoryStore>,
    log: Log,
    fates: Arc<Mutex<BTreeMap<GenerationId, Fate>>>,
    named: Arc<Mutex<HashSet<ObjectName>>>,
    /// How often the database is away before it answers.
    outages: Arc<Mutex<u32>>,
}

impl World {
    fn new() -> Self {
        let log = Log::default();
        Self {
            scene: Scene::new(),
            store: MemoryStore::new(log.clone()),
            log,
            fates: Arc::default(),
            named: Arc::default(),
            outages: Arc::default(),
        }
    }

    /// Adds a generation and what lies in the store of it; the names of what must stay and of what must go.
    fn add(&self, number: u8, fate: Fate, objects: Objects) -> [Vec<ObjectName>; 2] {
        let id = match fate {
            Fate::Absent(minutes) => id(number, minutes),
            Fate::Ageless => GenerationId(uuid(u128::from(number))),
            _ => id(number, 100_000),
        };
        self.fates.lock().unwrap().insert(id, fate);
        let named: Vec<_> = (0..objects.named).map(|at| image(id, at)).collect();
        let unnamed = (0..objects.unnamed).map(|at| image(id, 10 + at));
        let references = (0..objects.references).map(|at| ObjectName::of_reference(id, at.into()));
        let others: Vec<_> = unnamed.chain(references).collect();
        for name in named.iter().chain(&others) {
            self.store.hold(name, "bytes");
        }
        let is_settled = matches!(fate, Fate::Ended(_) | Fate::EndsMeanwhile);
        if matches!(fate, Fate::Ended(_)) {
            self.named.lock().unwrap().extend(named.clone());
        }
        let is_old = match fate {
            Fate::Ended(minutes) => minutes >= 60,
            Fate::Absent(minutes) => minutes >= 12 * 60,
            Fate::Unfinished | Fate::EndsMeanwhile | Fate::Ageless => false,
        };
        match (is_old, is_settled) {
            (false, _) => [[named, others].concat(), Vec::new()],
            (true, true) => [named, others],
            (true, false) => [Vec::new(), [named, others].concat()],
        }
    }

    fn generations(&self) -> MockGenerations {
        let mut generations = MockGenerations::new();
        let (fates, named) = (Arc::clone(&self.fates), Arc::clone(&self.named));
        let outages = Arc::clone(&self.outages);
        let is_away = move || {
            let mut left = outages.lock().unwrap();
            let is_away = *left > 0;
            *left = left.saturating_sub(1);
            is_away
        };
        let is_away_too = is_away.clone();
        generations.expect_end_times().returning(move |ids| {
            if is_away() {
                return Err(away());
            }
            let mut fates = fates.lock().unwrap();
            let mut rows = Vec::new();
            for id in ids {
                match fates.get(id).copied() {
                    Some(Fate::Unfinished) => rows.push((*id, None)),
                    Some(Fate::Ended(minutes)) => rows.push((*id, Some(ago(minutes)))),
                    Some(Fate::EndsMeanwhile) => {
                        rows.push((*id, None));
                        fates.insert(*id, Fate::Ended(0));
                        named
                            .lock()
                            .unwrap()
                            .extend((0..3).map(|at| image(*id, at)));
                    }
                    Some(Fate::Absent(_) | Fate::Ageless) | None => {}
                }
            }
            Ok(rows)
        });
        let named = Arc::clone(&self.named);
        generations.expect_named_images().returning(move |names| {
            if is_away_too() {
                return Err(away());
            }
            let named = named.lock().unwrap();
            Ok(names
                .iter()
                .filter(|name| named.contains(name))
                .cloned()
                .collect())
        });
        generations
    }

    fn round(&mut self) -> Result<Collected, CollectError> {
        let store = Arc::clone(&self.store);
        let collect = Collect::new(
            store,
            Arc::new(self.generations()),
            Arc::clone(&self.scene.clock) as _,
        );
        self.scene.run(async move { collect.round().await })
    }

    /// References of so many generations that were never accepted.
    fn abandon(&self, count: u32) -> Vec<ObjectName> {
        let names: Vec<_> = (0..count)
            .map(|at| ObjectName::of_reference(id(1, 10_000 + at), 0))
            .collect();
        for name in &names {
            self.store.hold(name, "bytes");
        }
        names
    }
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        Just(Fate::Unfinished),
        Just(Fate::EndsMeanwhile),
        Just(Fate::Ageless),
        prop::sample::select(vec![0, 30, 61, 90, 100_000]).prop_map(Fate::Ended),
        prop::sample::select(vec![0, 61, 700, 721, 800, 100_000]).prop_map(Fate::Absent),
    ]
}

fn objects() -> impl Strategy<Value = Objects> {
    (0_u8..4, 0_u8..4, 0_u8..4).prop_map(|(named, unnamed, references)| Objects {
        named,
        unnamed,
        references,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn orphans_go_and_nothing_else_does(
        generations in prop::collection::vec((fate(), objects()), 0..12),
        outages in 0_u32..4,
        broken in prop::option::of(0_usize..30),
    ) {
        let mut world = World::new();
        let (mut stay, mut go) = (Vec::new(), Vec::new());
        for (number, (fate, objects)) in (0..).zip(generations) {
            let [more_stay, more_go] = world.add(number, fate, objects);
            stay.extend(more_stay);
            go.extend(more_go);
        }
        // Not of the hub's naming, however old it may be.
        for name in ["references/notes/0", "generations/gen_1/x.png", "references/readme"] {
            let name = ObjectName::stored(name.to_owned());
            world.store.hold(&name, "somebody's");
            stay.push(name);
        }
        *world.outages.lock().unwrap() = outages;
        let broken = broken.and_then(|at| go.get(at).cloned());
        if let Some(broken) = broken.clone() {
            world.store.fail_when(move |name| *name == broken);
        }
        let collected = world.round().unwrap();
        let failed = u32::from(broken.is_some());
        prop_assert_eq!(collected.failed, failed);
        prop_assert_eq!(collected.deleted, go.len() as u64 - u64::from(failed));
        prop_assert_eq!(collected.seen, (stay.len() + go.len()) as u64);
        stay.extend(broken);
        stay.sort();
        prop_assert_eq!(world.store.names(), stay.clone());
        // Once more, with a store that works: what had failed goes, and what ended meanwhile is still too young.
        world.store.fail_when(|_| false);
        prop_assert_eq!(world.round().unwrap().deleted, u64::from(failed));
    }
}

#[test]
fn what_a_late_writer_adds_goes_with_the_next_round() {
    let mut world = World::new();
    let objects = Objects {
        named: 2,
        ..Objects::default()
    };
    let [stay, _] = world.add(1, Fate::Ended(600), objects);
    assert_eq!(world.round().unwrap().deleted, 0);
    let late = image(id(1, 100_000), 9);
    world
        .store
        .hold(&late, "from a process that was stopped for hours");
    assert_eq!(world.round().unwrap().deleted, 1);
    assert_eq!(world.store.names(), stay);
}

#[test]
fn thumbnails_are_left_alone() {
    let mut world = World::new();
    let objects = Objects {
        named: 1,
        unnamed: 1,
        ..Objects::default()
    };
    let [mut stay, go] = world.add(1, Fate::Ended(600), objects);
    for image in [&stay[0], &go[0]] {
        let thumbnail = ObjectName::of_thumbnail(image);
        world.store.hold(&thumbnail, "small");
    }
    let thumbnails = [&stay[0], &go[0]].map(ObjectName::of_thumbnail);
    assert_eq!(world.round().unwrap().deleted, 1);
    stay.extend(thumbnails);
    stay.sort();
    assert_eq!(world.store.names(), stay);
}

#[test]
fn everything_is_gone_within_a_day_of_hourly_rounds() {
    let mut world = World::new();
    let objects = Objects {
        named: 1,
        unnamed: 1,
        references: 1,
    };
    world.add(1, Fate::Absent(0), objects);
    world.add(2, Fate::Ended(0), objects);
    for _ in 0..24 {
        world.round().unwrap();
        world.scene.advance(60 * MINUTE);
    }
    assert_eq!(world.store.names(), [image(id(2, 100_000), 0)]);
}

#[test]
fn many_objects_go_page_by_page_each_once() {
    let mut world = World::new();
    let names = world.abandon(5_100);
    let collected = world.round().unwrap();
    assert_eq!((collected.seen, collected.deleted), (5_100, 5_100));
    assert_eq!(world.store.names(), []);
    assert_eq!(world.log.count("delete"), names.len());
    assert!(world.scene.clock.elapsed_seconds() < 2);
}

#[test]
fn the_storage_of_another_database_is_left_alone() {
    let mut world = World::new();
    let references = world.abandon(300).len() as u64;
    let theirs: Vec<_> = (0..550).map(|at| image(id(2, 10_000 + at), 0)).collect();
    for name in &theirs {
        world.store.hold(name, "theirs");
    }
    let collected = world.round().unwrap();
    assert_eq!((collected.strangers, collected.deleted), (550, references));
    assert_eq!(world.store.names().len(), theirs.len());
    for name in &theirs[99..] {
        let store = Arc::clone(&world.store);
        let name = name.clone();
        world
            .scene
            .run(async move { store.delete(&name).await.unwrap() });
    }
    let collected = world.round().unwrap();
    assert_eq!(
        (collected.strangers, collected.deleted),
        (0, 99),
        "a few are garbage"
    );
}

#[test]
fn images_behind_those_of_a_restored_copy_are_left_alone_for_good() {
    let mut world = World::new();
    // An old copy knows the older ones, which are most of the batch that the others begin in.
    let objects = Objects {
        named: 3,
        ..Objects::default()
    };
    for number in 0..100 {
        world.add(number, Fate::Ended(600), objects);
    }
    let newer: Vec<_> = (0..250).map(|at| image(id(2, 10_000 + at), 0)).collect();
    for name in &newer {
        world.store.hold(name, "paid for");
    }
    for _ in 0..3 {
        let collected = world.round().unwrap();
        assert_eq!(collected.strangers, 250);
        world.scene.advance(60 * MINUTE);
    }
    let left = world.store.names();
    assert!(newer.iter().all(|name| left.contains(name)));
}

#[test]
fn an_outage_ends_the_round_and_not_the_objects() {
    let mut world = World::new();
    let names = world.abandon(30);
    *world.outages.lock().unwrap() = TRIES;
    assert!(matches!(world.round(), Err(CollectError::Database(_))));
    world.store.fail_when(|_| true);
    let given_up = world.round();
    assert!(
        matches!(given_up, Err(CollectError::Store(_))),
        "{given_up:?}"
    );
    assert_eq!(world.store.names().len(), names.len());
    assert!(
        world.log.count("delete") < names.len(),
        "it does not try them all"
    );
    world.store.fail_when(|_| false);
    assert_eq!(world.round().unwrap().deleted, 30);
}

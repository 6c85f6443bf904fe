use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_executor::block_on;
use uuid::Uuid;

use super::*;
use crate::id::{GenerationId, ImageId, WorkerId};
use crate::object_name::ObjectName;
use crate::ports::{BookedImage, Late, MockBooks, MockClock, MockImageStore, Overdue, StoreError};
use crate::testing::{start, uuid};

/// A look at these generations, with workers by number whose leases end so many seconds from the start.
fn look(late: &[u128], workers: &[(u128, u64)]) -> Overdue {
    let work = |number: &u128| Late {
        generation: GenerationId(uuid(*number)),
        detail: "it is running, and its time was up 75 s ago".to_owned(),
    };
    let worker = |(number, seconds): &(u128, u64)| {
        let until = start().plus(Duration::from_secs(*seconds));
        (WorkerId(uuid(*number)), until)
    };
    Overdue {
        work: late.iter().map(work).collect(),
        live_workers: workers.iter().map(worker).collect(),
    }
}

/// What the audit says of work past its time, given what each look sees, and how many looks it takes.
fn overdue(looks: impl Fn(u32) -> Overdue + Send + 'static) -> (Vec<String>, u32) {
    let count = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&count);
    let mut books = MockBooks::new();
    books.expect_audit().returning(|_, _| Ok(Vec::new()));
    books.expect_overdue().returning(move |grace, at_most| {
        assert_eq!((grace, at_most), (Duration::from_mins(1), 9));
        Ok(looks(counted.fetch_add(1, Ordering::Relaxed)))
    });
    let audit = audit(books, MockImageStore::new());
    let audited = block_on(audit.run(Images::None, 9)).unwrap();
    let violations = audited.violations.iter();
    let told = violations.map(|violation| format!("{} {}", violation.invariant, violation.subject));
    (told.collect(), count.load(Ordering::Relaxed))
}

fn audit(books: MockBooks, store: MockImageStore) -> Audit {
    let mut clock = MockClock::new();
    clock.expect_now().returning(start);
    clock.expect_sleep().returning(|_| ());
    Audit {
        books: Arc::new(books),
        store: Arc::new(store),
        clock: Arc::new(clock),
    }
}

/// A worker that serves: its lease ends a minute after the look.
fn serving(number: u32) -> (u128, u64) {
    (7, 60 + u64::from(number) * PAUSE.as_secs())
}

#[test]
fn work_that_nobody_ends_though_somebody_serves_is_overdue() {
    let (told, looks) = overdue(|number| look(&[1, 2], &[serving(number)]));
    let expected = [1, 2].map(|number| format!("overdue {}", GenerationId(uuid(number))));
    assert_eq!((told, looks), (expected.to_vec(), 1 + LOOKS));
    assert_eq!(PAUSE * LOOKS, GRACE);
}

#[test]
fn one_look_is_enough_when_nothing_is_late_or_nobody_serves() {
    assert_eq!(overdue(|_| look(&[], &[(7, 60)])), (vec![], 1));
    assert_eq!(overdue(|_| look(&[1], &[])), (vec![], 1));
}

#[test]
fn work_that_a_reaper_is_catching_up_with_is_not_overdue() {
    // Others get late meanwhile, and are none of this audit's business.
    let (told, looks) = overdue(|number| match number {
        0..3 => look(&[1, 2], &[serving(number)]),
        3..12 => look(&[2, 3], &[serving(number)]),
        _ => look(&[3, 4], &[serving(number)]),
    });
    assert_eq!((told, looks), (vec![], 13));
    let (told, _) = overdue(|number| match number {
        0..3 => look(&[1, 2], &[serving(number)]),
        _ => look(&[2, 3], &[serving(number)]),
    });
    assert_eq!(told, [format!("overdue {}", GenerationId(uuid(2)))]);
}

#[test]
fn a_lease_that_nobody_renews_is_nobody_who_serves() {
    // Long, and of a process that is gone.
    assert_eq!(overdue(|_| look(&[1], &[(7, 86_400)])).0, [""; 0]);
    // Lapsed meanwhile.
    let lapsing = |number| look(&[1], if number < 12 { &[(7, 60)] } else { &[] });
    assert_eq!(overdue(lapsing).0, [""; 0]);
    // Another's, who has only just come.
    let coming = |number| look(&[1], if number < 11 { &[(7, 60)] } else { &[(8, 120)] });
    assert_eq!(overdue(coming).0, [""; 0]);
}

const LENGTH: u64 = 1_500;

fn image(number: u128) -> BookedImage {
    let generation = GenerationId(uuid(number));
    BookedImage {
        id: ImageId(Uuid::from_u128(number)),
        generation,
        object_name: ObjectName::of_image(generation, 0, number, "png"),
        byte_length: LENGTH,
    }
}

/// Books of so many images, numbered from 1.
fn books_of(images: u128) -> MockBooks {
    let mut books = MockBooks::new();
    books.expect_audit().returning(|_, _| Ok(Vec::new()));
    books
        .expect_overdue()
        .returning(|_, _| Ok(Overdue::default()));
    books.expect_images().returning(move |after, at_most| {
        let after = after.map_or(0, |id| id.0.as_u128());
        let page = (after + 1..=images).take(at_most as usize);
        Ok(page.map(image).collect())
    });
    books
}

/// What is said of a store in which the object of image `number` is so.
fn stored(
    images: u128,
    scope: Images,
    at_most: u32,
    object: impl Fn(u128) -> Result<u64, StoreError> + Send + Sync + 'static,
) -> (Vec<Violation>, u64, Option<String>) {
    let mut store = MockImageStore::new();
    store.expect_check().returning(|| Ok(()));
    store.expect_byte_length().returning(move |name| {
        let (_, random) = name.as_str().rsplit_once('-').unwrap();
        object(u128::from_str_radix(random.strip_suffix(".png").unwrap(), 16).unwrap())
    });
    let audit = audit(books_of(images), store);
    let audited = block_on(audit.run(scope, at_most)).unwrap();
    let problem = audited.store_problem.map(|problem| problem.to_string());
    (audited.violations, audited.images, problem)
}

#[test]
fn every_image_is_looked_for_page_by_page() {
    let (violations, images, problem) = stored(2_500, Images::All, 9, |number| match number {
        1_700 => Err(StoreError::NotFound),
        2_500 => Ok(LENGTH - 1),
        _ => Ok(LENGTH),
    });
    assert_eq!((images, problem), (2_500, None));
    let told = |number, what: &str| {
        let BookedImage {
            id,
            generation,
            object_name,
            ..
        } = image(number);
        Violation {
            invariant: "image-stored",
            subject: id.to_string(),
            detail: format!("{object_name} {what} ({generation})"),
        }
    };
    let expected = [
        told(1_700, "is not there"),
        told(2_500, "has 1499 bytes instead of 1500"),
    ];
    assert_eq!(violations, expected);
}

#[test]
fn none_are_looked_for_when_the_books_alone_are_audited() {
    let (violations, images, problem) = stored(5, Images::None, 9, |_| unreachable!());
    assert_eq!((violations, images, problem), (vec![], 0, None));
}

#[test]
fn those_since_a_time_are_bounded() {
    let since = Images::Since(Timestamp::from_micros(0), 1_200);
    let (violations, images, problem) = stored(5_000, since, 9, |_| Ok(LENGTH));
    assert_eq!((violations, images, problem), (vec![], 1_200, None));
}

#[test]
fn as_many_as_asked_for_are_told_of() {
    let half = |number| {
        if number % 2 == 0 {
            Err(StoreError::NotFound)
        } else {
            Ok(LENGTH)
        }
    };
    let (violations, images, problem) = stored(5_000, Images::All, 20, half);
    assert_eq!((violations.len(), images, problem), (20, 40, None));
}

#[test]
fn a_store_without_any_of_them_is_the_wrong_one() {
    let (violations, images, problem) =
        stored(5_000, Images::All, 20, |_| Err(StoreError::NotFound));
    assert_eq!((violations, images), (vec![], 20));
    assert!(problem.unwrap().starts_with("none of the first 20 images"));
    // Fewer than are told of at most, but too many for a coincidence.
    let (violations, images, problem) = stored(10, Images::All, 100, |_| Err(StoreError::NotFound));
    assert_eq!((violations, images), (vec![], 10));
    assert!(problem.unwrap().starts_with("none of the first 10 images"));
    let but_one = |number| {
        if number == 7 {
            Ok(LENGTH)
        } else {
            Err(StoreError::NotFound)
        }
    };
    let (violations, _, problem) = stored(50, Images::All, 100, but_one);
    assert_eq!((violations.len(), problem), (49, None));
    // Three lost images of three are three lost images.
    let (violations, _, problem) = stored(3, Images::All, 20, |_| Err(StoreError::NotFound));
    assert_eq!((violations.len(), problem), (3, None));
}

#[test]
fn a_store_that_cannot_be_reached_is_one_problem() {
    let away = || StoreError::Unavailable("no route to it".to_owned());
    let (violations, _, problem) = stored(5_000, Images::All, 20, move |number| match number {
        2_000.. => Err(away()),
        _ => Ok(LENGTH),
    });
    let expected = "the image store is unavailable: no route to it";
    assert_eq!((violations, problem.as_deref()), (vec![], Some(expected)));
}

#[test]
fn a_store_that_stumbles_is_asked_again() {
    let asked = AtomicU32::new(0);
    let stumbling = move |_| match asked.fetch_add(1, Ordering::Relaxed) % 4 {
        3 => Ok(LENGTH),
        _ => Err(StoreError::Unavailable("slow down".to_owned())),
    };
    let (violations, images, problem) = stored(1, Images::All, 20, stumbling);
    assert_eq!((violations, images, problem), (vec![], 1, None));
}

#[test]
fn nothing_is_called_lost_in_a_store_that_does_not_work() {
    let mut store = MockImageStore::new();
    store
        .expect_byte_length()
        .returning(|_| Err(StoreError::NotFound));
    store
        .expect_check()
        .times(1)
        .returning(|| Err(StoreError::Unavailable("no such bucket".to_owned())));
    let audited = block_on(audit(books_of(3), store).run(Images::All, 20)).unwrap();
    assert_eq!(audited.violations, []);
    let problem = audited.store_problem.unwrap().to_string();
    assert_eq!(problem, "the image store is unavailable: no such bucket");
}

#[test]
fn names_that_the_hub_never_makes_are_not_asked_for() {
    let mut books = MockBooks::new();
    books.expect_audit().returning(|_, _| Ok(Vec::new()));
    books
        .expect_overdue()
        .returning(|_, _| Ok(Overdue::default()));
    books.expect_images().returning(|after, _| {
        let odd = BookedImage {
            object_name: ObjectName::stored("../etc/passwd".to_owned()),
            ..image(1)
        };
        Ok(if after.is_none() {
            vec![odd]
        } else {
            Vec::new()
        })
    });
    let audited = block_on(audit(books, MockImageStore::new()).run(Images::All, 20)).unwrap();
    assert_eq!((audited.images, audited.store_problem), (0, None));
}

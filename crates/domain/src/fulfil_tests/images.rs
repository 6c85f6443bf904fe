//! What is kept of what a provider gives.

use super::*;
use crate::testing::start;

fn given(images: Vec<Result<Blob, ProviderError>>) -> Outcome {
    Case::new([Step::Give(images)]).run()
}

#[test]
fn images_are_saved_in_order_and_named_in_the_settlement() {
    let outcome = given(vec![Ok(blob("a")), Ok(blob("b"))]);
    assert_eq!(outcome.delivered(), ["a", "b"]);
    let images = outcome.ending().images();
    let about: Vec<_> = images.iter().map(|image| image.about).collect();
    assert_eq!(about, [blob("a").about, blob("b").about]);
    assert_ne!(images[0].id, images[1].id);
    assert!(images.iter().all(|image| image.created_at == start()));
    let events = outcome.log.all();
    assert_eq!(events.last().unwrap(), "settle", "{events:?}");
}

#[test]
fn names_are_of_the_generation_in_position_and_unguessable() {
    let outcome = given(vec![Ok(blob("a")), Ok(blob("b"))]);
    let mut random = Vec::new();
    for (position, image) in outcome.ending().images().iter().enumerate() {
        let name = image.object_name.as_str();
        assert_eq!(
            ObjectName::parse_image(name).as_ref(),
            Some(&image.object_name)
        );
        let rest = name
            .strip_prefix(&format!("generations/{}/{position}-", generation().id))
            .unwrap();
        random.push(rest.strip_suffix(".png").unwrap().to_owned());
    }
    assert!(random.iter().all(|random| random.len() == 32));
    assert_ne!(random[0], random[1]);
}

#[test]
fn the_name_ends_as_the_bytes_are() {
    let mut jpeg = blob("a");
    jpeg.about.format = crate::blob::ImageFormat::Jpeg;
    let outcome = given(vec![Ok(jpeg)]);
    assert_eq!(outcome.ending().images()[0].object_name.extension(), "jpg");
}

#[test]
fn fewer_images_are_what_was_delivered() {
    let outcome = given(vec![Ok(blob("a"))]);
    assert_eq!(outcome.delivered(), ["a"]);
    assert_eq!(outcome.ended.as_ref().unwrap().credits_charged().get(), 8);
}

#[test]
fn of_more_images_the_first_n_are_kept_and_the_rest_is_never_saved() {
    let outcome = given(["a", "b", "c", "d"].map(|text| Ok(blob(text))).into());
    assert_eq!(outcome.delivered(), ["a", "b"]);
    assert_eq!(outcome.log.count("put"), 2);
    assert_eq!(outcome.store.names().len(), 2);
}

#[test]
fn bad_images_are_passed_over() {
    let outcome = given(vec![Err(bad()), Ok(blob("a")), Err(bad()), Ok(blob("b"))]);
    assert_eq!(outcome.delivered(), ["a", "b"]);
    let outcome = given(vec![Ok(blob("a")), Err(bad())]);
    assert_eq!(outcome.delivered(), ["a"]);
}

#[test]
fn no_good_image_is_a_failure() {
    for images in [vec![], vec![Err(bad())], vec![Err(bad()), Err(bad())]] {
        let outcome = given(images);
        assert_eq!(outcome.failure().code, FailureCode::GenerationFailed);
        assert_eq!(outcome.log.count("put"), 0);
        let ended = outcome.ended.unwrap();
        assert_eq!(ended.credits_charged().get(), 0);
    }
}

#[test]
fn what_was_saved_before_an_error_is_kept_whatever_the_error() {
    for error in [failed(), refused(), account_refused()] {
        let outcome = given(vec![Ok(blob("a")), Err(error), Ok(blob("never"))]);
        assert_eq!(outcome.delivered(), ["a"]);
    }
}

#[test]
fn saving_is_tried_again_under_the_same_name_while_the_store_fails() {
    let case = Case::new([two_images()]);
    case.store_fails("generations/", 3);
    let outcome = case.run();
    assert_eq!(outcome.delivered(), ["a", "b"]);
    assert_eq!(outcome.seconds, 3);
    let mut puts = outcome.log.all();
    puts.retain(|event| event.starts_with("put"));
    assert_eq!(puts.len(), 8, "each at 0, 1, 2 and 3 seconds");
    puts.sort();
    puts.dedup();
    assert_eq!(puts.len(), 2, "each under its name: {puts:?}");
    assert_eq!(
        outcome.orders.len(),
        1,
        "a failing store is no reason to draw again"
    );
}

#[test]
fn the_order_is_the_providers_whatever_is_saved_first() {
    let case = Case::new([two_images()]);
    case.store_fails("/0-", 3);
    let outcome = case.run();
    assert_eq!(outcome.delivered(), ["a", "b"]);
    assert_eq!(outcome.seconds, 3);
}

#[test]
fn what_cannot_be_saved_before_the_deadline_was_not_delivered() {
    let case = Case::new([two_images()]);
    case.store_fails("/1-", u64::MAX);
    let outcome = case.run();
    assert_eq!(outcome.delivered(), ["a"]);
    assert_eq!(outcome.seconds, 800);

    // The first to fail keeps nobody behind it.
    let case = Case::new([two_images()]);
    case.store_fails("/0-", u64::MAX);
    let outcome = case.run();
    assert_eq!(outcome.delivered(), ["b"]);
    assert_eq!(outcome.seconds, 800);

    let case = Case::new([two_images()]);
    case.store_fails("generations/", u64::MAX);
    let outcome = case.run();
    assert_eq!(outcome.failure().code, FailureCode::GenerationFailed);
    assert_eq!(outcome.seconds, 800);
    assert!(outcome.store.names().is_empty());
}

//! A size to the pixel.

use super::*;

#[test]
fn auto_is_the_same_as_none() {
    for (ratio, quality) in [
        ("", ""),
        ("16:9", ""),
        ("", "2K"),
        ("3:2", "4K"),
        ("auto", "high"),
    ] {
        assert_eq!(
            resolved(asked(ratio, "auto", quality)),
            resolved(asked(ratio, "", quality)),
            "{ratio} {quality}"
        );
    }
}

#[test]
fn the_tier_is_that_of_the_pixels_up_to_and_including_each_bound() {
    for (size, pixels, tier) in [
        ("1024x640", 655_360, "1K"), // the fewest
        ("1536x1024", 1_572_864, "1K"),
        ("1024x1536", 1_572_864, "1K"),
        ("1264x1248", 1_577_472, "2K"), // the next above the bound
        ("1552x1024", 1_589_248, "2K"),
        ("2048x2048", 4_194_304, "2K"),
        ("2064x2048", 4_227_072, "4K"),
        ("3840x2160", 8_294_400, "4K"), // the most
        ("2160x3840", 8_294_400, "4K"),
    ] {
        assert_eq!(size.parse::<Size>().unwrap().pixels(), pixels, "{size}");
        let (got, _, got_tier, _) = resolved(asked("", size, ""));
        assert_eq!((got.as_str(), got_tier), (size, tier));
    }
}

#[test]
fn the_ratio_in_answers_is_the_nearest_listed_one() {
    for (size, ratio) in [
        ("1040x1024", "1:1"),
        ("1920x1088", "16:9"),
        ("1088x1920", "9:16"),
        // Between 1:1 and 5:4 the border is at 1.1180 by logarithms (1.125 by differences).
        ("1136x1024", "1:1"), // 1.109
        ("1152x1024", "5:4"), // 1.125
        ("1024x1152", "4:5"),
        // Between 2:1 and 21:9 it is at 2.1602.
        ("1760x816", "2:1"),  // 2.1569
        ("1744x800", "21:9"), // 2.18
        ("3840x1280", "3:1"),
    ] {
        assert_eq!(resolved(asked("", size, "")).1, ratio, "{size}");
    }
}

#[test]
fn sizes_that_the_model_cannot_draw_are_refused_with_the_rule() {
    for (size, why) in [
        ("1000x1024", "multiples of 16"),
        ("1024x1025", "multiples of 16"),
        ("3856x1600", "longest edge may be 3840"),
        ("1600x3856", "longest edge may be 3840"),
        ("3840x1264", "3 times the shorter"),
        ("1008x640", "655360 to 8294400 pixels"),
        ("800x800", "this one 640000"),
        ("3840x2176", "this one 8355840"),
        ("16x16", "655360"),
        ("4294967280x16", "longest edge"),
    ] {
        refused(
            asked("", size, ""),
            "size",
            &[&format!("{size:?}"), "auto or WIDTHxHEIGHT", why],
        );
    }
}

#[test]
fn what_is_no_size_is_refused() {
    for size in [
        "",
        "AUTO",
        "1024",
        "1024X1024",
        "1024*1024",
        "1024x",
        "x1024",
        " 1024x1024",
        "1024x1024px",
        "-1024x1024",
        "0x1024",
        "01024x1024",
        "1e3x1024",
        "99999999999x16",
        "1024x1024x1024",
        "\u{661}\u{666}x16",
    ] {
        let draft = Draft {
            size: Some(size.to_owned()),
            ..draft()
        };
        refused(
            draft,
            "size",
            &[&format!("{size:?}"), "auto or WIDTHxHEIGHT", "1536x1024"],
        );
    }
}

#[test]
fn a_ratio_that_disagrees_with_the_size_is_refused_by_name() {
    for (ratio, size, is) in [
        ("1:1", "1536x1024", "3:2"),
        ("2:3", "1536x1024", "3:2"),
        ("16:9", "1024x1024", "1:1"),
    ] {
        refused(
            asked(ratio, size, ""),
            "aspect_ratio",
            &[ratio, "disagrees", size, is],
        );
    }
}

#[test]
fn a_tier_that_disagrees_with_the_size_is_refused_by_name() {
    for (size, is) in [
        ("1536x1024", "1K"),
        ("2048x2048", "2K"),
        ("3840x2160", "4K"),
    ] {
        for tier in Tier::ALL.map(Tier::as_str) {
            let draft = asked("", size, tier);
            if tier == is {
                assert_eq!(resolved(draft).2, tier);
            } else {
                refused(draft, "quality", &[tier, "disagrees", size, is]);
            }
        }
    }
}

#[test]
fn what_agrees_with_the_size_passes() {
    assert_resolved(
        asked("3:2", "1536x1024", "1K"),
        "1536x1024",
        "3:2",
        "1K",
        "auto",
    );
    assert_resolved(
        asked("auto", "1536x1024", ""),
        "1536x1024",
        "3:2",
        "1K",
        "auto",
    );
    // The nearest ratio counts, not the exact one.
    assert_resolved(
        asked("16:9", "1920x1088", "2K"),
        "1920x1088",
        "16:9",
        "2K",
        "auto",
    );
}

#[test]
fn a_rendering_quality_says_nothing_of_the_tier_and_is_forwarded() {
    for quality in RenderingQuality::ALL.map(RenderingQuality::as_str) {
        assert_resolved(
            asked("", "2048x2048", quality),
            "2048x2048",
            "1:1",
            "2K",
            quality,
        );
        assert_resolved(
            asked("", "3840x2160", quality),
            "3840x2160",
            "16:9",
            "4K",
            quality,
        );
    }
}

#[test]
fn the_references_say_nothing_of_a_size_that_was_named() {
    let draft = Draft {
        references: vec![blob_of("a", "900x300")],
        ..asked("", "2048x2048", "")
    };
    assert_resolved(draft, "2048x2048", "1:1", "2K", "auto");
}

#[test]
fn what_no_image_may_cost_is_not_sold() {
    let mut dear = model();
    for (price, is_sold) in [(Credits::MAX_PRICE, true), (Credits::MAX_PRICE + 1, false)] {
        let price = Credits::new(price).unwrap();
        dear.credits_per_image.insert(Tier::FourK, price);
        let resolved = Request::resolve(asked("", "", "4K"), &dear, MAX_IMAGES_V1);
        assert_eq!(resolved.is_ok(), is_sold, "{price}");
    }
}

#[test]
fn a_tier_that_is_not_sold_is_refused_by_whatever_named_it() {
    let mut cheap = model();
    cheap.credits_per_image.remove(&Tier::FourK);
    let refused = |draft| Request::resolve(draft, &cheap, MAX_IMAGES_V1).unwrap_err();
    let by_size = refused(asked("", "3840x2160", ""));
    assert_eq!(by_size.param, "size");
    assert!(
        by_size.message.contains("not sold at 4K") && by_size.message.contains("1K, 2K"),
        "{by_size}"
    );
    let by_quality = refused(asked("", "", "4K"));
    assert_eq!(by_quality.param, "quality");
    assert!(
        by_quality.message.contains("\"4K\"") && by_quality.message.contains("1K, 2K"),
        "{by_quality}"
    );
}

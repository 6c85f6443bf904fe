//! No size given: the ratio and the tier choose it.

use super::*;

/// The contract's table, landscape and portrait.
const TABLE: [(&str, [&str; 3]); 15] = [
    ("1:1", ["1024x1024", "1920x1920", "2880x2880"]),
    ("5:4", ["1280x1024", "2080x1664", "3200x2560"]),
    ("4:5", ["1024x1280", "1664x2080", "2560x3200"]),
    ("4:3", ["1344x1008", "2176x1632", "3264x2448"]),
    ("3:4", ["1008x1344", "1632x2176", "2448x3264"]),
    ("3:2", ["1536x1024", "2304x1536", "3504x2336"]),
    ("2:3", ["1024x1536", "1536x2304", "2336x3504"]),
    ("16:9", ["1536x864", "2560x1440", "3840x2160"]),
    ("9:16", ["864x1536", "1440x2560", "2160x3840"]),
    ("2:1", ["1536x768", "2688x1344", "3840x1920"]),
    ("1:2", ["768x1536", "1344x2688", "1920x3840"]),
    ("21:9", ["1568x672", "2912x1248", "3808x1632"]),
    ("9:21", ["672x1568", "1248x2912", "1632x3808"]),
    ("3:1", ["1776x592", "3312x1104", "3840x1280"]),
    ("1:3", ["592x1776", "1104x3312", "1280x3840"]),
];
const TIERS: [&str; 3] = ["1K", "2K", "4K"];

#[test]
fn every_ratio_at_every_tier_has_the_size_of_the_contract() {
    for (ratio, sizes) in TABLE {
        for (tier, size) in TIERS.into_iter().zip(sizes) {
            assert_resolved(asked(ratio, "", tier), size, ratio, tier, "auto");
        }
        // No quality is 1K, and so is a rendering quality.
        assert_resolved(asked(ratio, "", ""), sizes[0], ratio, "1K", "auto");
        assert_resolved(asked(ratio, "", "high"), sizes[0], ratio, "1K", "high");
    }
}

#[test]
fn each_size_of_the_table_asked_for_to_the_pixel_is_the_same_request() {
    for (ratio, sizes) in TABLE {
        for (tier, size) in TIERS.into_iter().zip(sizes) {
            assert_resolved(asked("", size, ""), size, ratio, tier, "auto");
            assert_resolved(asked(ratio, size, tier), size, ratio, tier, "auto");
        }
    }
}

#[test]
fn each_tier_has_its_price() {
    for (tier, price) in [("", 8), ("1K", 8), ("2K", 10), ("4K", 12), ("low", 8)] {
        let request = resolve(Draft {
            n: Some(3),
            ..asked("1:1", "", tier)
        })
        .unwrap();
        assert_eq!(request.price, Credits::from_u32(price), "{tier}");
        assert_eq!(request.total(), Credits::from_u32(price * 3), "{tier}");
    }
}

#[test]
fn an_open_ratio_at_1k_is_left_to_the_provider() {
    let with_reference = |aspect_ratio, quality| Draft {
        references: vec![blob_of("a", "3000x2000")],
        ..asked(aspect_ratio, "", quality)
    };
    for aspect_ratio in ["", "auto"] {
        for (quality, rendering_quality) in [
            ("", "auto"),
            ("1K", "auto"),
            ("auto", "auto"),
            ("low", "low"),
            ("medium", "medium"),
            ("high", "high"),
        ] {
            for draft in [
                asked(aspect_ratio, "", quality),
                with_reference(aspect_ratio, quality),
            ] {
                assert_resolved(draft, "auto", "auto", "1K", rendering_quality);
            }
        }
    }
}

#[test]
fn an_open_ratio_above_is_square_without_a_reference_and_answers_say_auto() {
    for aspect_ratio in ["", "auto"] {
        assert_resolved(
            asked(aspect_ratio, "", "2K"),
            "1920x1920",
            "auto",
            "2K",
            "auto",
        );
        assert_resolved(
            asked(aspect_ratio, "", "4K"),
            "2880x2880",
            "auto",
            "4K",
            "auto",
        );
    }
}

#[test]
fn an_open_ratio_above_is_that_of_the_first_reference_image_as_displayed() {
    for (reference, two_k, four_k) in [
        ("3000x2000", "2304x1536", "3504x2336"),
        ("2000x3000", "1536x2304", "2336x3504"), // portrait, or turned by its EXIF orientation
        ("500x500", "1920x1920", "2880x2880"),
        ("1921x1080", "2560x1440", "3840x2160"),
        ("1080x1921", "1440x2560", "2160x3840"),
        ("10000x100", "3312x1104", "3840x1280"), // beyond every listed ratio
        ("1x65535", "1104x3312", "1280x3840"),
    ] {
        for (quality, size) in [("2K", two_k), ("4K", four_k)] {
            let draft = Draft {
                references: vec![blob_of("a", reference), blob_of("b", "100x900")],
                ..asked("", "", quality)
            };
            assert_resolved(draft, size, "auto", quality, "auto");
        }
    }
}

#[test]
fn a_ratio_that_was_named_is_not_the_references() {
    let draft = Draft {
        references: vec![blob_of("a", "3000x1000")],
        ..asked("1:1", "", "4K")
    };
    assert_resolved(draft, "2880x2880", "1:1", "4K", "auto");
}

#[test]
fn other_ratios_are_refused() {
    for ratio in [
        "7:5", "1:1 ", "16x9", "1.5", "AUTO", "", "2:2", "32:18", "16:9:1",
    ] {
        let draft = Draft {
            aspect_ratio: Some(ratio.to_owned()),
            ..draft()
        };
        refused(
            draft,
            "aspect_ratio",
            &[&format!("{ratio:?}"), "auto, 1:1, 4:3, 3:4", "1:3"],
        );
    }
}

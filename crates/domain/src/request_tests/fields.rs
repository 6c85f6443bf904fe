//! Everything but sizes.

use super::*;

fn prompted(prompt: &str) -> Draft {
    Draft {
        prompt: Some(prompt.to_owned()),
        ..draft()
    }
}

#[test]
fn what_was_asked_and_what_the_model_is_come_together() {
    let references = vec![blob("a"), blob("b")];
    let request = resolve(Draft {
        references,
        n: Some(2),
        ..draft()
    })
    .unwrap();
    assert_eq!(request.model, "gpt-image-2");
    assert_eq!(request.provider, "openai");
    assert_eq!(request.provider_model, "gpt-image-2");
    assert_eq!(request.prompt.as_str(), "a fox");
    assert_eq!(request.n.get(), 2);
    assert_eq!(request.references.len(), 2);
    assert_eq!(request.references[1].about, blob("b").about);
}

#[test]
fn a_prompt_is_trimmed_and_must_say_something() {
    assert_eq!(
        resolve(prompted("\u{a0} \n a fox\t\r\n"))
            .unwrap()
            .prompt
            .as_str(),
        "a fox"
    );
    assert_eq!(
        resolve(prompted("a\n\n fox")).unwrap().prompt.as_str(),
        "a\n\n fox"
    );
    refused(
        Draft {
            prompt: None,
            ..draft()
        },
        "prompt",
        &["required"],
    );
    for prompt in ["", " ", "\n\t \u{3000}"] {
        refused(
            prompted(prompt),
            "prompt",
            &["empty", "1 to 32,000 characters"],
        );
    }
}

#[test]
fn a_prompts_characters_are_scalar_values_counted_after_trimming() {
    let fox = "\u{1f98a}"; // four bytes of UTF-8
    let most = fox.repeat(MAX_PROMPT_CHARS);
    assert_eq!(most.len(), 128_000);
    assert_eq!(resolve(prompted(&most)).unwrap().prompt.as_str(), most);
    assert!(resolve(prompted(&format!("   {most}\n"))).is_ok());
    refused(
        prompted(&format!("{most}{fox}")),
        "prompt",
        &["32001 characters", "at most 32,000"],
    );
    // A letter and the accent above it are two.
    refused(
        prompted(&"e\u{301}".repeat(16_001)),
        "prompt",
        &["32002 characters"],
    );
}

#[test]
fn nul_is_refused_because_it_cannot_be_kept() {
    for prompt in ["a\0b", "\0", "a fox\0"] {
        refused(prompted(prompt), "prompt", &["NUL"]);
    }
    assert!(resolve(prompted("\u{1}\u{7f}\u{fffd}")).is_ok());
}

#[test]
fn n_is_1_to_4_and_1_when_absent() {
    assert_eq!(resolve(draft()).unwrap().n.get(), 1);
    for n in 1..=4 {
        assert_eq!(
            i64::from(
                resolve(Draft {
                    n: Some(n),
                    ..draft()
                })
                .unwrap()
                .n
                .get()
            ),
            n
        );
    }
    for n in [0, 5, 10, -1, 256, 257, i64::MAX, i64::MIN] {
        refused(
            Draft {
                n: Some(n),
                ..draft()
            },
            "n",
            &[&format!("n is {n}"), "from 1 to 4"],
        );
    }
}

#[test]
fn a_face_may_admit_more_images_but_never_more_than_can_be_kept() {
    assert_eq!(ImageCount::parse(10, 10).unwrap().get(), 10);
    for max in [10, 11, 255] {
        let refused = ImageCount::parse(11, max).unwrap_err();
        assert!(refused.message.contains("from 1 to 10"), "{refused}");
    }
    assert!(ImageCount::parse(1, 0).is_err());
}

#[test]
fn a_quality_is_a_tier_or_a_rendering_quality() {
    for quality in ["1k", "8K", "hd", "standard", "AUTO", "High", "", " 1K"] {
        let draft = Draft {
            quality: Some(quality.to_owned()),
            ..draft()
        };
        let came = format!("{quality:?}");
        refused(
            draft,
            "quality",
            &[&came, "1K, 2K, 4K", "auto, low, medium, high"],
        );
    }
}

#[test]
fn as_many_references_as_the_model_takes_and_not_one_more() {
    let with = |count: usize| Draft {
        references: vec![blob("a"); count],
        ..draft()
    };
    assert_eq!(resolve(with(16)).unwrap().references.len(), 16);
    refused(
        with(17),
        "reference_image",
        &["17 times", "at most 16", "gpt-image-2"],
    );
    let mut blind = model();
    blind.reference_image_limit = 0;
    assert!(check_reference_count(0, &blind).is_ok());
    assert_eq!(
        check_reference_count(1, &blind).unwrap_err().param,
        "reference_image"
    );
}

#[test]
fn long_inputs_are_cut_in_messages() {
    let long = "x".repeat(1_000_000);
    for (draft, param) in [
        (asked(&long, "", ""), "aspect_ratio"),
        (asked("", &long, ""), "size"),
        (asked("", "", &long), "quality"),
    ] {
        let refused = resolve(draft).unwrap_err();
        assert_eq!(refused.param, param);
        assert!(refused.message.chars().count() < 400, "{refused}");
        assert!(
            refused.message.contains(&format!("{:?}…", "x".repeat(60))),
            "{refused}"
        );
    }
}

#[test]
fn what_came_is_quoted_harmlessly_and_cut_between_characters() {
    assert_eq!(quoted("a\"b\n\u{1b}[31m"), r#""a\"b\n\u{1b}[31m""#);
    let foxes = "\u{1f98a}".repeat(61);
    assert_eq!(quoted(&foxes), format!("{:?}…", "\u{1f98a}".repeat(60)));
    assert_eq!(quoted(&"y".repeat(60)), format!("{:?}", "y".repeat(60)));
}

//! What makes two requests the same.

use std::collections::HashMap;

use super::*;

fn full() -> Draft {
    Draft {
        aspect_ratio: Some("3:2".to_owned()),
        size: Some("1536x1024".to_owned()),
        quality: Some("high".to_owned()),
        n: Some(2),
        is_async: true,
        references: vec![blob("a"), blob("b")],
        ..draft()
    }
}

#[test]
fn the_same_fields_and_files_are_the_same_request() {
    assert_eq!(full().fingerprint(), full().fingerprint());
    assert_eq!(draft().fingerprint(), draft().fingerprint());
}

#[test]
fn defaults_said_are_the_same_as_unsaid() {
    let said = Draft {
        aspect_ratio: Some("auto".to_owned()),
        size: Some("auto".to_owned()),
        quality: Some("1K".to_owned()),
        n: Some(1),
        is_async: false,
        ..draft()
    };
    assert_eq!(said.fingerprint(), draft().fingerprint());
    let spaced = Draft {
        prompt: Some("  a fox\n".to_owned()),
        ..draft()
    };
    assert_eq!(spaced.fingerprint(), draft().fingerprint());
}

#[test]
fn every_difference_makes_another_request() {
    let text = |text: &str| Some(text.to_owned());
    let drafts = [
        full(),
        Draft {
            model: text("gpt-image-3"),
            ..full()
        },
        Draft {
            model: None,
            ..full()
        },
        Draft {
            prompt: text("a fix"),
            ..full()
        },
        Draft {
            prompt: None,
            ..full()
        },
        Draft {
            aspect_ratio: None,
            ..full()
        },
        Draft {
            aspect_ratio: text("2:3"),
            ..full()
        },
        Draft {
            size: None,
            ..full()
        },
        Draft {
            size: text("1024x1536"),
            ..full()
        },
        Draft {
            quality: None,
            ..full()
        },
        Draft {
            quality: text("low"),
            ..full()
        },
        Draft {
            quality: text("auto"),
            ..full()
        },
        Draft { n: None, ..full() },
        Draft {
            n: Some(3),
            ..full()
        },
        Draft {
            n: Some(2 + (1 << 32)),
            ..full()
        },
        Draft {
            is_async: false,
            ..full()
        },
        Draft {
            references: Vec::new(),
            ..full()
        },
        Draft {
            references: vec![blob("a")],
            ..full()
        },
        Draft {
            references: vec![blob("b"), blob("a")],
            ..full()
        },
        Draft {
            references: vec![blob("a"), blob("b"), blob("b")],
            ..full()
        },
        Draft {
            references: vec![blob("a"), blob("c")],
            ..full()
        },
        // What is in one field is not in another.
        Draft {
            size: text("3:2"),
            aspect_ratio: text("1536x1024"),
            ..full()
        },
    ];
    let mut seen = HashMap::new();
    for (place, draft) in drafts.iter().enumerate() {
        if let Some(before) = seen.insert(draft.fingerprint(), place) {
            panic!("{:?} is the same as {draft:?}", drafts[before]);
        }
    }
}

#[test]
fn a_file_is_its_content() {
    let mut renamed = blob("a");
    renamed.about.byte_length = 9;
    let one = Draft {
        references: vec![blob("a")],
        ..draft()
    };
    let other = Draft {
        references: vec![renamed],
        ..draft()
    };
    assert_eq!(one.fingerprint(), other.fingerprint());
}

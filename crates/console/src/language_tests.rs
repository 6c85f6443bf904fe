use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{fs, str};

use super::*;

/// Texts that are rightly the same as in English, by language and key; each with the reason.
const SAME: [(&str, &str); 0] = [];

fn others() -> impl Iterator<Item = &'static Language> {
    Language::all()
        .iter()
        .filter(|language| language.code != "en")
}

fn keys(language: &Language) -> BTreeSet<&'static str> {
    language.texts.iter().map(|(key, _)| *key).collect()
}

#[test]
fn the_five_languages_are_there() {
    for (code, tag, name) in [
        ("en", "en", "English"),
        ("it", "it", "Italiano"),
        ("ko", "ko", "한국어"),
        ("zh", "zh-Hans", "中文"),
        ("hi", "hi", "हिन्दी"),
    ] {
        let language = Language::find(code).unwrap();
        assert_eq!((language.tag, language.name), (tag, name));
    }
    assert_eq!(Language::find("tlh"), None);
    assert_eq!(Language::find("EN"), None);
}

#[test]
fn no_text_is_missing_surplus_or_empty() {
    let english = keys(Language::english());
    for language in Language::all() {
        let own = keys(language);
        let missing: Vec<_> = english.difference(&own).collect();
        let surplus: Vec<_> = own.difference(&english).collect();
        assert!(
            missing.is_empty() && surplus.is_empty(),
            "{language:?}: {missing:?} missing, {surplus:?} surplus"
        );
        for (key, text) in language.texts {
            assert!(!text.trim().is_empty(), "{language:?}: {key} is empty");
            assert_eq!(
                text.trim(),
                *text,
                "{language:?}: {key} has space around it"
            );
        }
    }
}

#[test]
fn every_text_is_translated() {
    for language in others() {
        for (key, text) in language.texts {
            let is_same = *text == Language::english().text(key);
            let may_be = SAME.contains(&(language.code, key));
            assert_eq!(is_same, may_be, "{language:?}: {key}: {text:?}");
        }
    }
}

/// What a translation must have as the English has it, in any order: code, places and addresses, emphasis, words to be
/// filled in, and the numbers in its prose.
fn fixed(text: &str) -> BTreeMap<String, usize> {
    let mut fixed = BTreeMap::new();
    let mut count = |piece: String| *fixed.entry(piece).or_insert(0) += 1;
    let (mut prose, mut is_code) = (String::new(), false);
    for part in text.split('`') {
        if is_code {
            count(format!("`{part}`"));
        } else {
            prose += part;
        }
        is_code = !is_code;
    }
    for (opening, closing) in [("](", ")"), ("{", "}")] {
        for part in prose.split(opening).skip(1) {
            count(format!("{opening}{}", part.split(closing).next().unwrap()));
        }
    }
    count(format!("{} times **", prose.matches("**").count()));
    // Thousands and decimals are written otherwise elsewhere.
    let digits = prose.replace([',', '.'], "");
    for number in digits.split(|char: char| !char.is_ascii_digit()) {
        if !number.is_empty() {
            count(number.to_owned());
        }
    }
    fixed
}

#[test]
fn code_links_and_numbers_are_those_of_the_english() {
    assert_ne!(fixed("`a` 32,000"), fixed("`b` 32,000"));
    assert_ne!(fixed("`a` 32,000"), fixed("`a` 23.000"));
    assert_eq!(
        fixed("[a](/b) `c` {d} 32,000"),
        fixed("{d} 32.000 `c` [e](/b)")
    );
    for language in others() {
        for (key, text) in language.texts {
            assert_eq!(
                fixed(text),
                fixed(Language::english().text(key)),
                "{language:?}: {key}"
            );
        }
    }
}

/// The texts of all files of a folder, tests apart.
fn read(folder: &Path, extension: &str, text: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            read(&path, extension, text);
        } else if name.ends_with(extension) && !name.ends_with("tests.rs") {
            *text += &fs::read_to_string(&path).unwrap();
        }
    }
}

#[test]
fn every_key_is_used_and_every_used_key_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut code = String::new();
    read(&root.join("templates"), ".html", &mut code);
    read(&root.join("src"), ".rs", &mut code);
    // A long call has its key on a line of its own.
    let words: Vec<&str> = code.split_whitespace().collect();
    let code = words.join(" ").replace("( \"", "(\"");
    let mut used = BTreeSet::new();
    for call in [".text(\"", ".rich(\"", ".fill(\"", ".word(\"", "count(\""] {
        used.extend(
            code.split(call)
                .skip(1)
                .map(|rest| rest.split('"').next().unwrap()),
        );
    }
    // Other things have methods of these names too; what has a dot is a key.
    used.retain(|key| key.contains('.'));
    let there = keys(Language::english());
    let missing: Vec<_> = used.difference(&there).collect();
    let unused: Vec<_> = there.difference(&used).collect();
    assert!(
        missing.is_empty() && unused.is_empty(),
        "{missing:?} in no file, {unused:?} used nowhere"
    );
}

#[test]
fn texts_are_found_by_their_keys() {
    for language in Language::all() {
        for (key, text) in language.texts {
            assert_eq!(language.text(key), *text, "the keys are in order");
        }
    }
}

#[test]
fn the_language_is_what_the_browser_likes_best() {
    for (accepted, code) in [
        ("it", "it"),
        ("it-CH, en;q=0.9", "it"),
        ("en;q=0.5, ko;q=0.8, *;q=0.1", "ko"),
        ("zh-TW", "zh"),
        ("ZH-hans-CN", "zh"),
        ("hi-IN,hi;q=0.9,en;q=0.8", "hi"),
        ("fr, de;q=0.9, it;q=0.2", "it"),
        ("fr", "en"),
        ("", "en"),
        ("*", "en"),
        ("it;q=0, ko;q=0.1", "ko"),
        ("it;q=0", "en"),
        ("it;q=nonsense, hi;q=0.1", "hi"),
        ("it;Q=0.1 , hi ; q=0.2", "hi"),
        ("it;q=NaN, ko;q=0.5", "ko"),
        (";;;,,,q=", "en"),
    ] {
        assert_eq!(Language::negotiate(accepted).code, code, "{accepted}");
    }
}

#[test]
fn figures_are_written_as_the_language_writes_them() {
    assert_eq!(Language::find("it").unwrap().number(8_294_400), "8.294.400");
    assert_eq!(Language::english().number(8_294_400), "8,294,400");
    assert_eq!(Language::english().number(16), "16");
    let filled = Language::english().fill("models.up_to", &[("count", "<16>")]);
    assert_eq!(filled, "up to &lt;16&gt;");
}

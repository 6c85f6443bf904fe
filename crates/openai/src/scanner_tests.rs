use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

/// What a text comes to: the images' strings (`None` for an item without one), and the skeleton.
type Scanned = (Vec<Option<Vec<u8>>>, Value);

fn scan<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Scanned, ScanError> {
    let mut scanner = Scanner::default();
    let mut items = Vec::new();
    let mut image = None;
    for piece in pieces {
        let mut piece = Bytes::copy_from_slice(piece);
        while let Some(event) = scanner.next(&mut piece)? {
            match event {
                Event::ImageBegins => assert_eq!(image.replace(Vec::new()), None),
                Event::ImageText(text) => {
                    assert!(!text.is_empty());
                    image.as_mut().unwrap().extend_from_slice(&text);
                }
                Event::ImageEnds => items.push(Some(image.take().unwrap())),
                Event::ItemWithoutImage => items.push(None),
            }
        }
        assert!(piece.is_empty());
    }
    let skeleton = scanner.finish()?;
    Ok((items, serde_json::from_slice(&skeleton).unwrap_or_default()))
}

/// Scans in one piece and byte by byte, which must agree.
fn both(text: &str) -> Result<Scanned, ScanError> {
    let whole = scan([text.as_bytes()]);
    assert_eq!(scan(text.as_bytes().chunks(1)), whole, "{text}");
    whole
}

fn image(text: &str) -> Vec<u8> {
    text.into()
}

#[test]
fn images_are_taken_out_and_the_rest_is_kept() {
    let text = r#" {"created": 1, "data": [{"b64_json": "QUJD", "x": "y"}, {"b64_json":"RA=="}],
        "usage": {"total_tokens": 3}, "quote": "a \" b \\" } "#;
    let rest = json!({
        "created": 1,
        "data": [{"b64_json": "", "x": "y"}, {"b64_json": ""}],
        "usage": {"total_tokens": 3},
        "quote": "a \" b \\",
    });
    assert_eq!(
        both(text),
        Ok((vec![Some(image("QUJD")), Some(image("RA=="))], rest))
    );
}

#[test]
fn only_the_images_own_place_counts() {
    for text in [
        r#"{"b64_json": "QUJD"}"#,
        r#"[{"b64_json": "QUJD"}]"#,
        r#"{"x": [{"b64_json": "QUJD"}]}"#,
        r#"{"x": {"data": [{"b64_json": "QUJD"}]}}"#,
        r#"{"data": {"b64_json": "QUJD"}}"#,
        r#"{"data": ["b64_json", "QUJD"]}"#,
        r#"{"data": [["b64_json", "QUJD"]]}"#,
        r#"{"x": "data", "y": [{"b64_json": "QUJD"}]}"#,
        r#"[{"data": [{"b64_json": "QUJD"}]}]"#,
    ] {
        let kept = serde_json::from_str(text).unwrap();
        assert_eq!(both(text), Ok((vec![], kept)), "{text}");
    }
}

#[test]
fn items_without_an_image_are_noticed() {
    for text in [
        r#"{"data": [{}]}"#,
        r#"{"data": [{"url": "https://example.com/1.png"}]}"#,
        r#"{"data": [{"b64_json": null}]}"#,
        r#"{"data": [{"x": {"b64_json": "QUJD"}}]}"#,
        r#"{"data": [{"x": "b64_json", "y": "QUJD"}]}"#,
        r#"{"data": [{"b64_json": ["QUJD"]}]}"#,
    ] {
        let kept = serde_json::from_str(text).unwrap();
        assert_eq!(both(text), Ok((vec![None], kept)), "{text}");
    }
    let (items, _) = both(r#"{"data": [{"b64_json": "QUJD"}, {"url": ""}]}"#).unwrap();
    assert_eq!(items, [Some(image("QUJD")), None]);
}

#[test]
fn escapes_are_resolved_in_images_and_keys() {
    let text = r#"{"d\u0061ta": [{"b64\u005Fjson": "a\/b\u002b\u003D\n\u20ac"}]}"#;
    let (items, _) = both(text).unwrap();
    assert_eq!(items, [Some(image("a/b+=\n\0"))]);
    for text in [
        r#"{"data":[{"b64_json":"\q"}]}"#,
        r#"{"data":[{"b64_json":"\u00g0"}]}"#,
    ] {
        assert_eq!(both(text), Err(ScanError::BadEscape));
    }
}

#[test]
fn an_end_in_the_middle_is_noticed_wherever_it_is() {
    let text = r#"{"data":[{"b64_json":"QU\/\u004a"}],"x":"\""}"#;
    for end in 1..text.len() {
        assert_eq!(both(&text[..end]), Err(ScanError::Unfinished), "{end}");
    }
    assert!(both(text).is_ok());
}

#[test]
fn memory_is_bounded_whatever_comes() {
    let spaces = format!("{{{}}}", " ".repeat(2 * MAX_SKELETON_BYTES));
    assert_eq!(scan([spaces.as_bytes()]), Ok((vec![], json!({}))));
    let image = format!(
        r#"{{"data":[{{"b64_json":"{}"}}]}}"#,
        "A".repeat(2 * MAX_SKELETON_BYTES)
    );
    assert!(scan([image.as_bytes()]).is_ok());
    let text = format!(r#"{{"x":"{}"}}"#, "A".repeat(MAX_SKELETON_BYTES));
    assert_eq!(scan([text.as_bytes()]), Err(ScanError::TooLong));
    let deep = "[".repeat(MAX_DEPTH + 1);
    assert_eq!(both(&deep), Err(ScanError::TooDeep));
    let closed = "}".repeat(10);
    assert_eq!(both(&closed), Ok((vec![], Value::Null)));
}

/// JSON with whatever in it, and now and then the keys that matter.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i32>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(json!("data")),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        let key = prop_oneof![
            Just("data".to_owned()),
            Just("b64_json".to_owned()),
            any::<String>()
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key, inner, 0..4)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

/// What a parser would find.
fn expected(mut json: Value) -> Scanned {
    let mut found = Vec::new();
    if let Some(items) = json
        .as_object_mut()
        .and_then(|root| root.get_mut("data"))
        .and_then(Value::as_array_mut)
    {
        for item in items.iter_mut().filter_map(Value::as_object_mut) {
            match item.get_mut("b64_json") {
                Some(Value::String(text)) => found.push(Some(std::mem::take(text).into())),
                _ => found.push(None),
            }
        }
    }
    (found, json)
}

proptest! {
    #[test]
    fn agrees_with_a_parser_in_any_split(
        root in any_json(),
        texts in prop::collection::vec("[ -~]{0,40}", 0..3),
        extra in any_json(),
        cuts in prop::collection::vec(1usize..20, 1..50),
        pretty: bool,
    ) {
        let mut root = root;
        if let Some(root) = root.as_object_mut() {
            let mut items: Vec<Value> = texts.iter().map(|text| json!({"b64_json": text})).collect();
            items.push(extra);
            root.insert("data".to_owned(), items.into());
        }
        let text = if pretty { serde_json::to_vec_pretty(&root) } else { serde_json::to_vec(&root) }.unwrap();
        let mut rest = text.as_slice();
        let mut pieces = Vec::new();
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, after) = rest.split_at((*cut).min(rest.len()));
            pieces.push(piece);
            rest = after;
        }
        prop_assert_eq!(scan(pieces), Ok(expected(root)));
    }

    #[test]
    fn no_bytes_are_a_crash(bytes: Vec<u8>, piece in 1usize..9) {
        let mut scanner = Scanner::default();
        for piece in bytes.chunks(piece) {
            let mut piece = Bytes::copy_from_slice(piece);
            while let Ok(Some(_)) = scanner.next(&mut piece) {}
        }
        let _ = scanner.finish();
    }
}

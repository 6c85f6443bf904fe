//! Sample data for the tests of pages, and what must hold for every page.

use gih_domain::account::{Account, AccountType, Email};
use gih_domain::id::AccountId;
use gih_domain::time::Timestamp;

/// A text that would do harm if any page wrote it as it is.
pub(crate) const HOSTILE: &str = r#"<script>alert(1)</script>"' onload='x' &lt; {{7*7}}"#;

/// A time.
pub(crate) fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// Somebody.
pub(crate) fn account() -> Account {
    Account {
        id: AccountId(uuid(7)),
        email: Email::parse("ann@example.com").unwrap(),
        account_type: AccountType::Pro,
        is_admin: false,
        created_at: time("2026-04-30T08:00:00Z"),
        blocked_at: None,
        password_is_temporary: false,
    }
}

/// Somebody who may administer the hub.
pub(crate) fn admin() -> Account {
    Account {
        is_admin: true,
        ..account()
    }
}

/// A UUID with this number.
pub(crate) fn uuid(number: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(number)
}

/// What holds for every page: a language, one first heading, labels for all controls, nothing inline that the policy would
/// block, and no hostile text as it is.
#[track_caller]
pub(crate) fn assert_safe(html: &str) {
    assert!(html.contains("<html lang=\""), "no language");
    assert_eq!(html.matches("<h1").count(), 1, "one first heading");
    assert!(!html.contains(HOSTILE), "hostile text is written as it is");
    assert!(!html.contains("<script>alert"), "hostile markup");
    for tag in html.split('<').skip(1) {
        let Some((tag, _)) = tag.split_once('>') else {
            continue;
        };
        let name = tag.split_whitespace().next().unwrap_or_default();
        for attribute in attributes(tag) {
            assert!(attribute != "style", "a style attribute: <{tag}>");
            assert!(!attribute.starts_with("on"), "a handler: <{tag}>");
        }
        assert!(name != "style", "inline style: <{tag}>");
        if name == "script" {
            let is_data = tag.contains("type=\"application/json\"");
            assert!(is_data || tag.contains(" src=\""), "inline script: <{tag}>");
        }
    }
}

/// The names of a tag's attributes.
fn attributes(tag: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = tag
        .split_once(char::is_whitespace)
        .map_or("", |(_, rest)| rest);
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        let end = rest
            .find(|c: char| c.is_whitespace() || c == '=')
            .unwrap_or(rest.len());
        if end == 0 {
            return names;
        }
        names.push(rest[..end].to_ascii_lowercase());
        rest = &rest[end..];
        if let Some(value) = rest.strip_prefix('=') {
            let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
            let after = match quote {
                Some(quote) => value[1..].find(quote).map(|at| at + 2),
                None => value.find(char::is_whitespace),
            };
            rest = after.map_or("", |at| &value[at..]);
        }
    }
}

mod tests {
    use super::*;

    #[test]
    fn what_must_not_be_on_a_page_is_found() {
        let page = |inside: &str| format!("<html lang=\"en\"><h1>A</h1>{inside}</html>");
        assert_safe(&page(
            "<p title=\"style=x onload=y\">b</p><script src=\"/a.js\"></script>",
        ));
        for inside in [
            "<p style=\"color:red\">b</p>",
            "<img src=x onerror=alert(1)>",
            "<script>let x</script>",
            "<style>p{}</style>",
            "<h1>B</h1>",
            HOSTILE,
        ] {
            let page = page(inside);
            let checked = std::panic::catch_unwind(|| assert_safe(&page));
            assert!(checked.is_err(), "{inside}");
        }
    }
}

//! Examples of calls: files of `examples/`, which a test runs as they stand on the page.

use askama::Template;

use crate::language::Language;
use crate::rich;

/// Name, extension and text of every file.
pub(super) static FILES: &[(&str, &str, &str)] = include!(concat!(env!("OUT_DIR"), "/examples.rs"));

/// The programming languages: extension, class on the page, name.
pub(super) const TONGUES: [(&str, &str, &str); 3] = [
    ("sh", "sh", "curl"),
    ("py", "py", "Python"),
    ("mjs", "js", "JavaScript"),
];

/// An example in all of them.
#[derive(Template)]
#[template(path = "docs/example.html")]
pub(super) struct ExampleView {
    t: &'static Language,
    name: &'static str,
    tongues: Vec<TongueView>,
}

/// An example in one of them.
struct TongueView {
    class: &'static str,
    name: &'static str,
    /// As HTML.
    code: String,
}

impl ExampleView {
    /// The example with this name, which calls the hub at `base_url`.
    pub fn new(name: &'static str, base_url: &str, t: &'static Language) -> Self {
        let tongue = |(extension, class, tongue)| TongueView {
            class,
            name: tongue,
            code: code(name, extension, base_url),
        };
        Self {
            t,
            name,
            tongues: TONGUES.map(tongue).into(),
        }
    }
}

/// The text of a file as HTML; nothing when there is none, which tests see.
pub(super) fn code(name: &str, extension: &str, base_url: &str) -> String {
    let file = FILES
        .iter()
        .find(|file| (file.0, file.1) == (name, extension));
    let text = file.map_or("", |file| file.2).trim_end();
    rich::escape_body(&text.replace("{{base_url}}", base_url))
}

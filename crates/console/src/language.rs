//! The languages of the documentation: files of `languages/`, whose texts `build.rs` made part of the binary.

use std::fmt;

use crate::format;
use crate::rich;

/// A language: one file.
#[derive(PartialEq, Eq)]
pub(crate) struct Language {
    /// What stands in addresses: `zh`, the file's name.
    pub code: &'static str,
    /// What `lang` attributes say: `zh-Hans`.
    pub tag: &'static str,
    /// Its own name for itself.
    pub name: &'static str,
    /// What stands between thousands.
    thousands: &'static str,
    /// By key, in the order of keys.
    texts: &'static [(&'static str, &'static str)],
}

impl fmt::Debug for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)
    }
}

static ALL: &[Language] = include!(concat!(env!("OUT_DIR"), "/languages.rs"));

impl Language {
    /// Every language, in the order of their codes.
    pub fn all() -> &'static [Self] {
        ALL
    }

    /// The language that the others are translated from, and that speaks to everybody else.
    pub fn english() -> &'static Self {
        Self::find("en").unwrap_or(&ALL[0])
    }

    /// The one with this code.
    pub fn find(code: &str) -> Option<&'static Self> {
        ALL.iter().find(|language| language.code == code)
    }

    /// The one that an `Accept-Language` header likes best (RFC 9110, 12.5.4), the first of equals. A language in
    /// another country's or script's form is better than a foreign one. English when none is liked.
    pub fn negotiate(accepted: &str) -> &'static Self {
        let mut best: Option<(&'static Self, f32)> = None;
        for range in accepted.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let tag = parts.next().unwrap_or_default().to_ascii_lowercase();
            let quality = parts
                .find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")))
                .map_or(Some(1.0), |quality| quality.trim().parse().ok());
            let primary = tag.split('-').next().unwrap_or_default();
            let language = if primary == "*" {
                Some(Self::english())
            } else {
                Self::find(primary)
            };
            let (Some(language), Some(quality)) = (language, quality) else {
                continue;
            };
            let is_better = best.is_none_or(|(_, best)| quality > best);
            if quality > 0.0 && is_better {
                best = Some((language, quality));
            }
        }
        best.map_or_else(Self::english, |(language, _)| language)
    }

    /// The text under this key, as it was written.
    pub fn text(&self, key: &str) -> &'static str {
        let own = self.texts.binary_search_by_key(&key, |(key, _)| key);
        match own {
            Ok(place) => self.texts[place].1,
            // Tests see to it that there is none.
            Err(_) if self.code == "en" => "",
            Err(_) => Self::english().text(key),
        }
    }

    /// The text under this key as HTML: with its code, emphasis and links.
    pub fn rich(&self, key: &str) -> String {
        rich::html(self.text(key))
    }

    /// The same with `{words}` filled in.
    pub fn fill(&self, key: &str, words: &[(&str, &str)]) -> String {
        let mut html = self.rich(key);
        for (word, value) in words {
            html = html.replace(&format!("{{{word}}}"), &rich::escape(value));
        }
        html
    }

    /// A figure with its thousands apart, as this language writes it.
    pub fn number(&self, number: u64) -> String {
        format::thousands(i64::try_from(number).unwrap_or(i64::MAX)).replace(',', self.thousands)
    }
}

#[cfg(test)]
#[path = "language_tests.rs"]
mod tests;

//! Prometheus' text format 0.0.4, read strictly.

use std::collections::{BTreeMap, BTreeSet};

/// Measurements: by name and labels, as in `gih_slots` or `gih_generations{status="queued"}`, labels in alphabetical
/// order.
#[derive(Debug)]
pub struct Exposition(BTreeMap<String, f64>);

impl Exposition {
    /// Reads them all; anything that is not exactly the format fails.
    #[track_caller]
    pub fn read(text: &str) -> Self {
        assert!(text.ends_with('\n') && !text.contains('\r'), "{text:?}");
        let mut values = BTreeMap::new();
        let mut seen = BTreeSet::new();
        let mut family: Option<(String, String)> = None;
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, about) = help.split_once(' ').unwrap_or_else(|| panic!("{line}"));
                assert!(!about.is_empty() && is_name(name), "{line}");
                let kind = lines.next().and_then(|line| line.strip_prefix("# TYPE "));
                let (typed, kind) = kind.and_then(|kind| kind.split_once(' ')).unwrap();
                assert_eq!(typed, name);
                assert!(["counter", "gauge", "histogram"].contains(&kind), "{kind}");
                assert_eq!(
                    kind == "counter",
                    name.ends_with("_total"),
                    "{name} is a {kind}"
                );
                assert!(seen.insert(name.to_owned()), "{name} comes twice");
                family = Some((name.to_owned(), kind.to_owned()));
                continue;
            }
            let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
            let (name, labels) = series_of(series);
            let (family, kind) = family.as_ref().unwrap_or_else(|| panic!("{line}"));
            let allowed: &[&str] = match kind.as_str() {
                "histogram" => &["_bucket", "_sum", "_count"],
                _ => &[""],
            };
            let suffix = name
                .strip_prefix(family.as_str())
                .unwrap_or_else(|| panic!("{line}"));
            assert!(allowed.contains(&suffix), "{line} under {family}");
            let value: f64 = value.parse().unwrap_or_else(|_| panic!("{line}"));
            assert!(
                kind != "counter" || (value >= 0.0 && value.is_finite()),
                "{line}"
            );
            let shown: Vec<String> = labels
                .iter()
                .map(|(name, value)| format!("{name}={value:?}"))
                .collect();
            let series = if shown.is_empty() {
                name
            } else {
                format!("{name}{{{}}}", shown.join(","))
            };
            assert!(values.insert(series, value).is_none(), "{line} comes twice");
        }
        let all = Self(values);
        all.check_histograms();
        all
    }

    /// Buckets add up: each holds at least what the one below it does, and the last one everything.
    fn check_histograms(&self) {
        let mut below: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
        for (series, count) in &self.0 {
            if let Some((name, labels)) = series.split_once("_bucket{") {
                let at = labels.find("le=\"").unwrap();
                let (before, rest) = labels.split_at(at);
                let (bound, after) = rest["le=\"".len()..].split_once('"').unwrap();
                let others = format!("{before}{}", after.trim_start_matches(','));
                let others = others.trim_end_matches('}').trim_end_matches(',');
                let key = format!("{name}_count{{{others}}}");
                below
                    .entry(key)
                    .or_default()
                    .push((bound.replace("+Inf", "inf").parse().unwrap(), *count));
            }
        }
        for (key, mut buckets) in below {
            buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
            assert!(
                buckets.is_sorted_by(|a, b| a.1 <= b.1),
                "{key}: {buckets:?}"
            );
            let (bound, count) = *buckets.last().unwrap();
            assert!(bound.is_infinite(), "{key}");
            assert_eq!(Some(count), self.0.get(&key).copied(), "{key}");
        }
    }

    /// A measurement that must be there, and is a whole number.
    #[track_caller]
    pub fn get(&self, series: &str) -> i64 {
        self.find(series)
            .unwrap_or_else(|| panic!("no {series} in {:#?}", self.0))
    }

    /// The same, if it is there.
    pub fn find(&self, series: &str) -> Option<i64> {
        let value = self.0.get(series)?.to_string();
        Some(
            value
                .parse()
                .unwrap_or_else(|_| panic!("{series} is {value}")),
        )
    }
}

/// The name, and labels in alphabetical order.
fn series_of(series: &str) -> (String, BTreeMap<String, String>) {
    let mut labels = BTreeMap::new();
    let Some((name, inside)) = series.split_once('{') else {
        assert!(is_name(series), "{series}");
        return (series.to_owned(), labels);
    };
    assert!(is_name(name), "{series}");
    let inside = inside
        .strip_suffix('}')
        .unwrap_or_else(|| panic!("{series}"));
    // None of our values has a quote or a comma in it.
    for label in inside.split(',') {
        let (label, value) = label.split_once('=').unwrap_or_else(|| panic!("{series}"));
        let value = value
            .strip_prefix('"')
            .and_then(|value| value.strip_suffix('"'));
        let value = value.unwrap_or_else(|| panic!("{series}"));
        assert!(
            is_name(label) && !value.contains(['"', '\\', '\n']),
            "{series}"
        );
        assert!(
            labels.insert(label.to_owned(), value.to_owned()).is_none(),
            "{series}"
        );
    }
    (name.to_owned(), labels)
}

fn is_name(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(is_plain)
}

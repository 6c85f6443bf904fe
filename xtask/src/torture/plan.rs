//! What a pass runs, and how many there are.

use std::time::Duration;

/// Passes when no time is given: a thousand kills of each kind at a hundred a pass.
const PASSES: u64 = 10;
/// Long tests live in modules of this name, or in test binaries of it.
const NAME: &str = "torture";

/// When to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    Passes(u64),
    /// The pass under way is finished, and there is one at least.
    Time(Duration),
}

impl Until {
    pub fn of(minutes: Option<u64>) -> Self {
        match minutes {
            Some(minutes) => Self::Time(Duration::from_secs(minutes.saturating_mul(60))),
            None => Self::Passes(PASSES),
        }
    }

    /// Whether another pass is run after so many, in so much time.
    pub fn goes_on(self, passes: u64, elapsed: Duration) -> bool {
        match self {
            Self::Passes(all) => passes < all,
            Self::Time(time) => passes == 0 || elapsed < time,
        }
    }
}

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(String::from).collect()
}

/// The arguments of cargo that list every test of the product, one `path::of::it: test` a line. This crate's own tests of
/// this command are no long ones.
pub fn list() -> Vec<String> {
    words("test --quiet --workspace --exclude xtask --tests -- --list --format terse")
}

/// The arguments of cargo that run the long tests that live in modules: of those listed the ones in a module `torture`
/// whose path contains one of the given words, if any are given. `None` when there are none.
pub fn modules(list: &str, narrowed: &[String]) -> Option<Vec<String>> {
    let mut names: Vec<&str> = list
        .lines()
        .filter_map(|line| line.strip_suffix(": test"))
        .filter(|name| is_long(name))
        .filter(|name| narrowed.is_empty() || narrowed.iter().any(|word| name.contains(word)))
        .collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        return None;
    }
    let mut command = words(
        "test --quiet --workspace --exclude xtask --tests --no-fail-fast -- --nocapture --exact",
    );
    command.extend(names.into_iter().map(String::from));
    Some(command)
}

/// Whether the test of this path lives in a module of that name, at any depth.
fn is_long(path: &str) -> bool {
    let modules = path.rsplit_once("::").map(|(modules, _test)| modules);
    modules.is_some_and(|modules| modules.split("::").any(|module| module == NAME))
}

/// The arguments of cargo that run the test binaries named `torture`.
pub fn binaries(narrowed: &[String]) -> Vec<String> {
    let mut command =
        words("test --quiet --workspace --test torture --no-fail-fast -- --nocapture");
    command.extend_from_slice(narrowed);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(list: &str, narrowed: &[&str]) -> Option<String> {
        let narrowed: Vec<String> = narrowed.iter().map(ToString::to_string).collect();
        modules(list, &narrowed).map(|command| command.join(" "))
    }

    #[test]
    fn only_the_long_tests_are_run() {
        let list = "money::pays: test\ntorture::kills::one: test\ntorture_is_a_word: test\n\
            a::torture::b::two: test\nx::torture: test\ntorture::kills::one: test\nbenches::torture::b: benchmark\n";
        let run = "test --quiet --workspace --exclude xtask --tests --no-fail-fast -- --nocapture --exact";
        assert_eq!(
            joined(list, &[]).unwrap(),
            format!("{run} a::torture::b::two torture::kills::one")
        );
        assert_eq!(
            joined(list, &["kills", "nothing"]).unwrap(),
            format!("{run} torture::kills::one")
        );
        assert_eq!(joined(list, &["pays"]), None);
        assert_eq!(joined("", &[]), None);
    }

    #[test]
    fn binaries_are_narrowed_by_the_same_words() {
        let narrowed = ["kills".to_owned()];
        let expected =
            "test --quiet --workspace --test torture --no-fail-fast -- --nocapture kills";
        assert_eq!(binaries(&narrowed).join(" "), expected);
    }

    #[test]
    fn ten_passes_are_run_or_the_time_is_used() {
        let minute = Duration::from_mins(1);
        let passes = Until::of(None);
        assert!(passes.goes_on(0, minute) && passes.goes_on(9, 100 * minute));
        assert!(!passes.goes_on(10, Duration::ZERO));
        let time = Until::of(Some(2));
        assert!(time.goes_on(3, minute) && !time.goes_on(3, 2 * minute));
        assert!(Until::of(Some(0)).goes_on(0, minute), "one at least");
        assert!(!Until::of(Some(0)).goes_on(1, minute));
    }
}

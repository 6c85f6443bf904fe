//! What a pass runs, and how many there are.

use std::time::Duration;

/// Passes when no time is given: a thousand kills of each kind at a hundred a pass.
const PASSES: u64 = 10;
/// Long tests live in modules of this name, or in test binaries of it; nextest's profile has it too.
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

/// What `cargo nextest run` is told: the tests in modules or binaries named `torture` whose path contains one of the
/// given words, if any are given. This crate's own tests of this command are no long ones.
pub fn arguments(words: &[String]) -> Vec<String> {
    let mut filter = format!("(binary({NAME}) + test(/(^|::){NAME}::/))");
    if !words.is_empty() {
        let words: Vec<String> = words.iter().map(|word| format!("test({word})")).collect();
        filter = format!("{filter} & ({})", words.join(" + "));
    }
    [
        "--profile",
        NAME,
        "--workspace",
        "--exclude",
        "xtask",
        "--tests",
        "--no-fail-fast",
        "--filterset",
    ]
    .map(String::from)
    .into_iter()
    .chain([filter])
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(words: &[&str]) -> String {
        let words: Vec<String> = words.iter().map(ToString::to_string).collect();
        arguments(&words).pop().unwrap()
    }

    #[test]
    fn words_narrow_the_long_tests() {
        let all = "(binary(torture) + test(/(^|::)torture::/))";
        assert_eq!(filter(&[]), all);
        assert_eq!(
            filter(&["kills", "year"]),
            format!("{all} & (test(kills) + test(year))")
        );
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

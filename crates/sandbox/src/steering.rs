//! The words at the start of a prompt that say what shall happen.

use std::time::Duration;

/// How every such word begins.
const PREFIX: &str = "sandbox:";
/// The longest delay, in seconds. While a generation waits it holds a slot, and everybody has test credits.
const MAX_DELAY: f64 = 60.0;

/// What shall happen.
#[derive(Debug, PartialEq)]
pub(crate) struct Steering {
    /// How long to wait first.
    pub(crate) delay: Duration,
    pub(crate) outcome: Outcome,
    /// How many images to draw.
    pub(crate) images: u8,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Outcome {
    Draw,
    Fail,
    Refuse,
}

impl Steering {
    /// Reads the words off a prompt that asks for `n` images; also what is left of it. An error is a message for the
    /// caller.
    pub(crate) fn read(prompt: &str, n: u8) -> Result<(Self, &str), String> {
        let mut steering = Self {
            delay: Duration::ZERO,
            outcome: Outcome::Draw,
            images: n,
        };
        let mut rest = prompt.trim();
        while rest.starts_with(PREFIX) {
            let (word, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            steering.obey(&word[PREFIX.len()..], n)?;
            rest = after.trim_start();
        }
        Ok((steering, rest))
    }

    fn obey(&mut self, word: &str, n: u8) -> Result<(), String> {
        match word.split_once('=') {
            None if word == "fail" => self.outcome = Outcome::Fail,
            None if word == "refuse" => self.outcome = Outcome::Refuse,
            Some(("partial", images)) => {
                let images = plain(images).then(|| images.parse().ok()).flatten();
                self.images = images.filter(|images| *images <= n).ok_or_else(|| {
                    format!("sandbox:partial=K takes a whole number from 0 to {n}, the images asked for.")
                })?;
            }
            Some(("delay", seconds)) => {
                // No signs, exponents, infinities.
                let is_decimal = seconds.split('.').all(plain) && seconds.split('.').count() <= 2;
                let seconds = is_decimal.then(|| seconds.parse().ok()).flatten();
                let seconds: f64 = seconds
                    .filter(|seconds| *seconds <= MAX_DELAY)
                    .ok_or_else(|| {
                        format!("sandbox:delay=SECONDS takes a number from 0 to {MAX_DELAY}, like 2 or 0.5.")
                    })?;
                self.delay = Duration::from_secs_f64(seconds);
            }
            _ => {
                return Err(
                    "A test prompt may begin with sandbox:fail, sandbox:refuse, sandbox:partial=K or \
                     sandbox:delay=SECONDS; there is no other word that begins with sandbox:."
                        .into(),
                );
            }
        }
        Ok(())
    }
}

/// Digits and nothing else.
fn plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(prompt: &str) -> Result<(f64, Outcome, u8, &str), String> {
        Steering::read(prompt, 3).map(|(steering, rest)| {
            (
                steering.delay.as_secs_f64(),
                steering.outcome,
                steering.images,
                rest,
            )
        })
    }

    #[test]
    fn words_at_the_start_steer() {
        use Outcome::{Draw, Fail, Refuse};
        for (prompt, wanted) in [
            ("a fox", (0.0, Draw, 3, "a fox")),
            ("", (0.0, Draw, 3, "")),
            ("a sandbox:fail", (0.0, Draw, 3, "a sandbox:fail")),
            (
                "sandbox for children",
                (0.0, Draw, 3, "sandbox for children"),
            ),
            ("sandbox:fail", (0.0, Fail, 3, "")),
            ("  sandbox:refuse\ta fox ", (0.0, Refuse, 3, "a fox")),
            ("sandbox:partial=0", (0.0, Draw, 0, "")),
            ("sandbox:partial=3 a", (0.0, Draw, 3, "a")),
            ("sandbox:delay=0", (0.0, Draw, 3, "")),
            ("sandbox:delay=2.25 a", (2.25, Draw, 3, "a")),
            ("sandbox:delay=60", (60.0, Draw, 3, "")),
            (
                "sandbox:delay=1  sandbox:partial=1\nsandbox:fail a fox",
                (1.0, Fail, 1, "a fox"),
            ),
            ("sandbox:fail sandbox:refuse", (0.0, Refuse, 3, "")),
            ("sandbox:delay=9 sandbox:delay=1", (1.0, Draw, 3, "")),
        ] {
            assert_eq!(read(prompt), Ok(wanted), "{prompt}");
        }
    }

    #[test]
    fn other_words_are_refused_with_a_message_that_helps() {
        for word in [
            "", "x", "Fail", "fail=1", "fails", "fail,", "refuse=", "partial", "delay",
        ] {
            let message = read(&format!("sandbox:{word} a fox")).unwrap_err();
            assert!(message.contains("sandbox:partial=K"), "{word}: {message}");
        }
        for images in ["", "4", "-1", "+1", "1.0", "999", " 1", "one"] {
            let message = read(&format!("sandbox:partial={images} a fox")).unwrap_err();
            assert!(message.contains("0 to 3"), "{images}: {message}");
        }
        for seconds in [
            "", "-1", "+1", "1e3", "inf", "NaN", "60.1", "3600", "1.2.3", ".", "1.", ".5", "1s",
            "٣",
        ] {
            let message = read(&format!("sandbox:delay={seconds}")).unwrap_err();
            assert!(message.contains("0 to 60,"), "{seconds}: {message}");
        }
    }
}

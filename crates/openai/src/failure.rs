//! What an answer that is no success means. The rules are those of [`ProviderError`]: only what proves that nothing
//! was accepted may be sent again.

use std::error::Error;
use std::time::Duration;

use gih_domain::ports::ProviderError;
use reqwest::Response;
use serde_json::Value;

use crate::retry_after;
use crate::settings::ApiKey;

/// How much of an error's body is read. Real ones have some hundred bytes; a proxy's page may have more.
const MAX_BODY_BYTES: usize = 64 * 1024;
/// How long that may take: the status alone says nearly all.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// How many characters of a message are kept: it ends in a row and in a log line.
const MAX_MESSAGE_CHARS: usize = 500;

/// Codes, or types, of answers about the hub's own account. They come with 400 or 429 and waiting does not help.
const ACCOUNT_CODES: [&str; 3] = [
    "insufficient_quota",
    "credit_balance_exhausted",
    "billing_hard_limit_reached",
];
/// Codes of answers about the content of a request.
const REFUSAL_CODES: [&str; 2] = ["moderation_blocked", "content_policy_violation"];
/// The type of answers about what a user sent, its content among other things…
const USER_ERROR: &str = "image_generation_user_error";
/// …and the words that tell that it is the content.
const SAFETY_WORDS: [&str; 3] = ["safety", "moderation", "content policy"];

/// No answer came, or it broke off.
pub(crate) fn of_transport(error: reqwest::Error) -> ProviderError {
    // No connection, so no byte has left: refused, no such name, no TLS.
    if error.is_connect() {
        return ProviderError::NotAccepted {
            retry_after: None,
            message: in_full(error),
        };
    }
    ProviderError::Failed {
        message: if error.is_timeout() {
            "no whole answer in time".to_owned()
        } else {
            in_full(error)
        },
    }
}

/// An answer with a status that is no success.
pub(crate) async fn of_answer(response: Response, api_key: &ApiKey) -> ProviderError {
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let said = Said::read(response, api_key).await;
    if (400..500).contains(&status) && said.refuses_content() {
        return ProviderError::Refused {
            message: said.message,
        };
    }
    let message = said.for_operator(status);
    match status {
        400 | 429 if said.names(&ACCOUNT_CODES) => ProviderError::Account { message },
        // 402 is in no list of the provider's, but nobody except an operator can act upon it.
        401..=404 => ProviderError::Account { message },
        429 | 503 => ProviderError::NotAccepted {
            retry_after: retry_after::wanted(&headers, &said.message),
            message,
        },
        _ => ProviderError::Failed { message },
    }
}

/// What an error's body says: `{"error": {"message", "type", "code", "param"}}`, or whatever a relay or proxy sends.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Said {
    /// For people; never empty, and bounded.
    pub(crate) message: String,
    kind: String,
    code: String,
}

impl Said {
    pub(crate) async fn read(response: Response, api_key: &ApiKey) -> Self {
        let said = Self::of(&beginning(response).await);
        Self {
            message: bounded(&api_key.masked_in(&said.message)),
            ..said
        }
    }

    /// Reads a body, or the beginning of one.
    pub(crate) fn of(body: &[u8]) -> Self {
        let json: Value = serde_json::from_slice(body).unwrap_or_default();
        let error = &json["error"];
        let message = [&error["message"], error, &json["detail"], &json["message"]]
            .into_iter()
            .find_map(Value::as_str);
        let message = bounded(&match message {
            Some(message) => message.into(),
            None => String::from_utf8_lossy(body),
        });
        Self {
            message: if message.is_empty() {
                "no message".to_owned()
            } else {
                message
            },
            kind: word(&error["type"]),
            code: word(&error["code"]),
        }
    }

    fn names(&self, codes: &[&str]) -> bool {
        codes.contains(&self.code.as_str()) || codes.contains(&self.kind.as_str())
    }

    fn refuses_content(&self) -> bool {
        let message = self.message.to_lowercase();
        self.names(&REFUSAL_CODES)
            || self.kind == USER_ERROR && SAFETY_WORDS.iter().any(|word| message.contains(word))
    }

    fn for_operator(&self, status: u16) -> String {
        let code = [&self.code, &self.kind]
            .into_iter()
            .find(|word| !word.is_empty());
        match code {
            Some(code) => format!("status {status}, {code}: {}", self.message),
            None => format!("status {status}: {}", self.message),
        }
    }
}

/// The beginning of a body; less when it breaks off or stalls.
async fn beginning(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    let read = async {
        while body.len() < MAX_BODY_BYTES
            && let Ok(Some(piece)) = response.chunk().await
        {
            let missing = MAX_BODY_BYTES - body.len();
            body.extend_from_slice(&piece[..piece.len().min(missing)]);
        }
    };
    let _stalled = tokio::time::timeout(BODY_TIMEOUT, read).await;
    body
}

/// A short text, of a code or type; some relays give numbers.
fn word(value: &Value) -> String {
    match value {
        Value::String(text) => bounded(text),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

/// On one line, and not longer than the bound.
fn bounded(text: &str) -> String {
    let mut line = String::new();
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
        if line.len() >= MAX_MESSAGE_CHARS * 4 {
            break;
        }
        if !word.is_empty() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    match line.char_indices().nth(MAX_MESSAGE_CHARS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// An error with its causes, without the address, which an operator may have written a password into.
pub(crate) fn in_full(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    // Chains are some four long; the bound is against one that bites its tail.
    for _ in 0..16 {
        let Some(error) = cause else { break };
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    bounded(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_read_in_the_shapes_that_occur() {
        for (body, message, code) in [
            (
                r#"{"error":{"message":" a\n b ","type":"t","code":"c"}}"#,
                "a b",
                "c",
            ),
            (r#"{"error":{"message":"m","code":429}}"#, "m", "429"),
            (r#"{"error":"text"}"#, "text", ""),
            (r#"{"detail":"bare"}"#, "bare", ""),
            (r#"{"message":"bare"}"#, "bare", ""),
            ("<html>\n502\u{0}</html>", "<html> 502 </html>", ""),
            (
                r#"{"error":{"code":"c"}}"#,
                r#"{"error":{"code":"c"}}"#,
                "c",
            ),
            ("", "no message", ""),
            ("[]", "[]", ""),
        ] {
            let said = Said::of(body.as_bytes());
            assert_eq!((&*said.message, &*said.code), (message, code), "{body}");
        }
    }

    #[test]
    fn messages_are_cut_at_a_character() {
        let long = "ä".repeat(100_000);
        let message = Said::of(long.as_bytes()).message;
        assert_eq!(message.chars().count(), MAX_MESSAGE_CHARS + 1);
        assert!(message.ends_with("ä…"));
    }
}

//! What the hub answers.

use reqwest::header::HeaderMap;
use serde_json::{Value, json};

/// An answer, read whole. Every answer of the hub carries `X-Request-Id`, which is checked on each.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: bytes::Bytes,
}

impl Answer {
    /// Reads one.
    #[track_caller]
    pub fn checked(status: u16, headers: HeaderMap, body: bytes::Bytes) -> Self {
        let answer = Self {
            status,
            headers,
            body,
        };
        let id = answer.header("x-request-id").unwrap_or_default();
        assert!(id.len() > 10, "no X-Request-Id: {answer:?}");
        answer
    }

    /// A header, `None` when it is absent.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The body as JSON, which must be declared so.
    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(
            self.header("content-type"),
            Some("application/json"),
            "{self:?}"
        );
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The body of an answer with this status.
    #[track_caller]
    pub fn ok(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        self.json()
    }

    /// The message of an error answer whose body is exactly this: `more` is what `error` has beside message and code.
    #[track_caller]
    pub fn error(&self, status: u16, code: &str, more: Value) -> String {
        let body = self.ok(status);
        let message = body["error"]["message"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        assert!(!message.is_empty(), "{body}");
        let mut error = json!({"message": message, "code": code});
        error
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        assert_eq!(body, json!({"error": error}));
        message
    }
}

use std::collections::BTreeMap;

use actix_web::HttpRequest;
use serde::Serialize;
use serde_json::Value;

/// Headers that say how a call was made. The key is not among them; that it was right is seen from the answer.
const HEADERS: [&str; 9] = [
    "accept-encoding",
    "content-length",
    "content-type",
    "expect",
    "idempotency-key",
    "openai-organization",
    "openai-project",
    "transfer-encoding",
    "user-agent",
];

/// A call as it was received.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Call {
    /// `/v1/images/generations` or `/v1/images/edits`.
    pub path: String,
    /// Those that say how it was made, named in lower case.
    pub headers: BTreeMap<String, String>,
    /// The fields by name: as they were in JSON; in a form all are text.
    pub fields: BTreeMap<String, Value>,
    /// The files of a form, in order.
    pub files: Vec<File>,
}

/// A file of a form. Its bytes are not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct File {
    /// The name of its field: `image`, `image[]` or `mask`.
    pub field: String,
    /// The file name given.
    pub name: Option<String>,
    /// The content type given.
    pub content_type: Option<String>,
    /// How many bytes came.
    pub bytes: u64,
    /// The SHA-256 of them, in hexadecimal.
    pub sha256: String,
    /// The media type that their beginning tells.
    pub found: Option<&'static str>,
}

impl Call {
    pub(crate) fn new(request: &HttpRequest) -> Self {
        let headers = HEADERS.iter().filter_map(|name| {
            let value = request.headers().get(*name)?;
            Some((
                (*name).to_owned(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            ))
        });
        Self {
            path: request.path().to_owned(),
            headers: headers.collect(),
            fields: BTreeMap::new(),
            files: Vec::new(),
        }
    }
}

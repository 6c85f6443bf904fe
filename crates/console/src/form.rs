//! Small forms and queries: read leniently, so that a page can say beside the field what is wrong with it.

use std::time::Duration;

use actix_web::rt::time::timeout;
use actix_web::web;
use futures_util::StreamExt as _;

use crate::error::PageError;

/// The most bytes of a form that brings no files: the longest prompt in the longest encoding (32,000 characters of four
/// bytes, each written `%xx`), and some.
const MAX_FORM_BYTES: usize = 512 * 1024;
/// How long such a form may take to come: as long as the API waits for a body that has stopped coming.
const MAX_FORM_TIME: Duration = Duration::from_secs(30);

/// The fields of a form or a query, as they came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads the body of a posted form.
    pub async fn read(payload: web::Payload) -> Result<Self, PageError> {
        timeout(MAX_FORM_TIME, Self::receive(payload))
            .await
            .unwrap_or(Err(PageError::Slow))
    }

    async fn receive(mut payload: web::Payload) -> Result<Self, PageError> {
        let mut body = web::BytesMut::new();
        while let Some(chunk) = payload.next().await {
            let chunk =
                chunk.map_err(|_| PageError::Invalid("the form did not come whole".to_owned()))?;
            if body.len() + chunk.len() > MAX_FORM_BYTES {
                return Err(PageError::Invalid("the form is too large".to_owned()));
            }
            body.extend_from_slice(&chunk);
        }
        serde_urlencoded::from_bytes(&body)
            .map(Self)
            .map_err(|_| PageError::Invalid("the form cannot be read".to_owned()))
    }

    /// Reads a query; what cannot be read is none.
    pub fn of_query(query: &str) -> Self {
        Self(serde_urlencoded::from_str(query).unwrap_or_default())
    }

    /// The first value under this name; `None` when it is absent or empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, value)| known == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// The first value under this name, also when it is empty; `None` when it is absent.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// What [`get`](Self::get) finds, empty when it is absent.
    pub fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }
}

/// Writes a query.
pub(crate) fn query(parameters: &[(&str, &str)]) -> String {
    // Pairs of texts can always be written.
    serde_urlencoded::to_string(parameters).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_name_and_empty_ones_are_absent() {
        let fields = Fields::of_query("a=1&b=&c=%C3%A9+x&a=2");
        assert_eq!(fields.get("a"), Some("1"));
        assert_eq!(fields.get("b"), None);
        assert_eq!(fields.text("c"), "é x");
        assert_eq!(fields.text("d"), "");
    }
}

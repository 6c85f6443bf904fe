//! The request as JSON, read field by field, so that each error names its field, what came and what is allowed.

use gih_domain::request::{Draft, quoted};
use serde_json::{Map, Value};

use super::fields::REFERENCE_NAMES;
use crate::error::ApiError;

/// The most bytes of a JSON body.
pub(super) const MAX_BYTES: usize = 1024 * 1024;

/// Reads a draft. Unknown fields are ignored, `null` means absent.
pub(super) fn draft(body: &[u8]) -> Result<Draft, ApiError> {
    let value: Value = serde_json::from_slice(body)
        .map_err(|error| ApiError::invalid(format!("The body is not valid JSON: {error}.")))?;
    let Value::Object(fields) = value else {
        return Err(ApiError::invalid(format!(
            "The body must be a JSON object; it is {}.",
            kind(&value)
        )));
    };
    if let Some(name) = REFERENCE_NAMES
        .into_iter()
        .find(|name| fields.get(*name).is_some_and(|value| !value.is_null()))
    {
        let message = format!(
            "{name} cannot be sent in JSON; send reference images as multipart/form-data files"
        );
        return Err(ApiError::invalid_param(name, message));
    }
    Ok(Draft {
        model: string(&fields, "model")?,
        prompt: string(&fields, "prompt")?,
        aspect_ratio: string(&fields, "aspect_ratio")?,
        size: string(&fields, "size")?,
        quality: string(&fields, "quality")?,
        n: integer(&fields, "n")?,
        is_async: boolean(&fields, "async")?.unwrap_or(false),
        references: Vec::new(),
    })
}

fn string(fields: &Map<String, Value>, name: &str) -> Result<Option<String>, ApiError> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(wrong_type(name, other, "a string")),
    }
}

fn integer(fields: &Map<String, Value>, name: &str) -> Result<Option<i64>, ApiError> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        // `1.0` and numbers beyond 64 bits are no integers here.
        Some(value) => value
            .as_i64()
            .map(Some)
            .ok_or_else(|| wrong_type(name, value, "an integer from 1 to 4")),
    }
}

fn boolean(fields: &Map<String, Value>, name: &str) -> Result<Option<bool>, ApiError> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value
            .as_bool()
            .map(Some)
            .ok_or_else(|| wrong_type(name, value, "true or false")),
    }
}

fn wrong_type(name: &str, value: &Value, allowed: &str) -> ApiError {
    let came = match value {
        Value::String(text) => format!("the string {}", quoted(text)),
        Value::Number(number) => format!("the number {number}"),
        Value::Bool(truth) => truth.to_string(),
        other => kind(other).to_owned(),
    };
    ApiError::invalid_param(name, format!("{name} is {came}; it must be {allowed}"))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(body: &str) -> String {
        draft(body.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn null_is_absent_and_unknown_fields_are_ignored() {
        let draft = draft(
            br#"{"model":"m","prompt":null,"n":null,"async":null,"image":null,"user":{"x":1}}"#,
        )
        .unwrap();
        assert_eq!(draft.model.as_deref(), Some("m"));
        assert_eq!((draft.prompt, draft.n, draft.is_async), (None, None, false));
    }

    #[test]
    fn wrong_types_name_the_field_what_came_and_what_is_allowed() {
        assert!(
            refused(r#"{"n":"1"}"#)
                .contains("n is the string \"1\"; it must be an integer from 1 to 4")
        );
        assert!(refused(r#"{"n":1.0}"#).contains("n is the number 1.0"));
        assert!(refused(r#"{"n":99999999999999999999}"#).contains("n is the number"));
        assert!(
            refused(r#"{"async":"true"}"#)
                .contains("async is the string \"true\"; it must be true or false")
        );
        assert!(refused(r#"{"prompt":["a"]}"#).contains("prompt is an array; it must be a string"));
        assert!(
            refused(r#"{"image[]":"https://example.com/a.png"}"#)
                .contains("image[] cannot be sent in JSON")
        );
        assert!(refused("[]").contains("must be a JSON object; it is an array"));
        assert!(refused("{").contains("not valid JSON"));
        assert!(refused(&"[".repeat(100_000)).contains("not valid JSON"));
    }
}

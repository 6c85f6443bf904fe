//! Fields of the contract's bodies, with what they refer to resolved.

use serde_json::{Map, Value};

use crate::rich;

/// A field of a body, or a parameter.
pub(super) struct FieldView {
    pub name: String,
    /// `string`, `array of object` and so on.
    pub kind: String,
    pub is_required: bool,
    /// Whether its values are files.
    pub is_file: bool,
    /// As HTML.
    pub description: String,
    /// What it may be, as text; empty when the contract gives none.
    pub example: String,
}

/// How far references are followed: the contract is no deeper, and one that went round would end here.
const MAX_DEPTH: usize = 8;

/// What a schema is, once its references and its one alternative besides `null` are followed.
pub(super) fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let mut schema = schema;
    for _ in 0..MAX_DEPTH {
        let next = match (schema["$ref"].as_str(), schema["oneOf"].as_array()) {
            (Some(reference), _) => document.pointer(reference.trim_start_matches('#')),
            (None, Some(choices)) => choices.iter().find(|choice| choice["type"] != "null"),
            (None, None) => None,
        };
        match next {
            Some(next) => schema = next,
            None => break,
        }
    }
    schema
}

/// The fields of an object, the required ones first; none of anything else.
pub(super) fn fields(document: &Value, schema: &Value) -> Vec<FieldView> {
    let mut fields = Vec::new();
    collect(document, resolve(document, schema), &mut fields, MAX_DEPTH);
    fields.sort_by_key(|field| !field.is_required);
    fields
}

fn collect(document: &Value, schema: &Value, fields: &mut Vec<FieldView>, depth: usize) {
    if depth == 0 {
        return;
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        collect(document, resolve(document, part), fields, depth - 1);
    }
    let required: Vec<&str> = strings(&schema["required"]);
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        fields.push(field(
            document,
            name,
            property,
            required.contains(&name.as_str()),
        ));
    }
}

/// A field of this name and schema.
pub(super) fn field(document: &Value, name: &str, schema: &Value, is_required: bool) -> FieldView {
    let resolved = resolve(document, schema);
    // What stands beside a reference is about this use of it.
    let described = [
        schema,
        schema["oneOf"].get(0).unwrap_or(&Value::Null),
        schema["oneOf"].get(1).unwrap_or(&Value::Null),
        resolved,
    ]
    .iter()
    .find_map(|schema| schema["description"].as_str())
    .unwrap_or_default();
    FieldView {
        name: name.to_owned(),
        kind: kind(document, resolved),
        is_required,
        is_file: resolved["format"] == "binary" || resolved["items"]["format"] == "binary",
        description: rich::html(described),
        example: text(&resolved["example"]),
    }
}

/// The name of a schema's type, without the `null` that an absent value would be.
fn kind(document: &Value, schema: &Value) -> String {
    let name = match &schema["type"] {
        Value::Array(names) => names
            .iter()
            .filter_map(Value::as_str)
            .find(|name| *name != "null"),
        name => name.as_str(),
    };
    match name {
        Some("array") => format!(
            "array of {}",
            kind(document, resolve(document, &schema["items"]))
        ),
        Some(_) if schema["format"] == "binary" => "file".to_owned(),
        Some(name) => name.to_owned(),
        None => "object".to_owned(),
    }
}

/// A JSON body with the required fields of an object that have an example, for a person to go on from.
pub(super) fn example(fields: &[FieldView], document: &Value, schema: &Value) -> String {
    let properties = &resolve(document, schema)["properties"];
    let value = |field: &FieldView| {
        (
            field.name.clone(),
            properties[&field.name]["example"].clone(),
        )
    };
    let required = fields
        .iter()
        .filter(|field| field.is_required && !field.example.is_empty());
    let body: Map<String, Value> = required.map(value).collect();
    serde_json::to_string_pretty(&body).unwrap_or_default()
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn strings(value: &Value) -> Vec<&str> {
    let values = value.as_array().into_iter().flatten();
    values.filter_map(Value::as_str).collect()
}

use serde_json::json;

use super::*;
use crate::assets;

/// What is peculiar to the contract: references, alternatives to null, parts, files, an open call.
fn document() -> serde_json::Value {
    json!({
        "security": [{"api_key": []}],
        "paths": {
            "/api/v1/things/{id}": {"get": {
                "summary": "Tells `all` of <one>.",
                "parameters": [
                    {"name": "id", "in": "path", "required": true, "description": "Its id.", "schema": {"type": "string"}},
                    {"name": "limit", "in": "query", "schema": {"type": ["integer", "null"]}},
                ],
                "responses": {
                    "200": {"description": "Done.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
                    "404": {"description": "None."},
                },
            }},
            "/api/v1/things": {"post": {
                "security": [{}],
                "requestBody": {"content": {
                    "application/json": {"schema": {"$ref": "#/components/schemas/Ask"}},
                    "multipart/form-data": {"schema": {"$ref": "#/components/schemas/Form"}},
                }},
                "responses": {"200": {"description": "Done."}},
            }},
        },
        "components": {"schemas": {
            "Thing": {"allOf": [
                {"$ref": "#/components/schemas/Ask"},
                {"type": "object", "required": ["part"], "properties": {
                    "part": {"oneOf": [{"$ref": "#/components/schemas/Part", "description": "A part of it."}, {"type": "null"}]},
                    "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Part"}},
                    "round": {"$ref": "#/components/schemas/Round"},
                }},
            ]},
            "Part": {"type": "object", "properties": {}},
            "Round": {"$ref": "#/components/schemas/Round"},
            "Ask": {"type": "object", "required": ["prompt", "n"], "properties": {
                "n": {"type": "integer", "example": 2},
                "optional": {"type": ["string", "null"], "example": "maybe"},
                "prompt": {"type": "string", "example": "A \"fox\" <i>"},
            }},
            "Form": {"type": "object", "required": ["prompt"], "properties": {
                "files": {"type": ["array", "null"], "items": {"type": "string", "format": "binary"}},
                "prompt": {"type": "string"},
            }},
        }},
    })
}

fn page(document: &serde_json::Value) -> String {
    ExplorerPage::new(None, "https://hub.example.com", document)
        .render()
        .unwrap()
}

#[test]
fn calls_are_told_with_what_they_refer_to() {
    let operations = operations(&document());
    let ids: Vec<&str> = operations
        .iter()
        .map(|operation| operation.id.as_str())
        .collect();
    assert_eq!(ids, ["post-api-v1-things", "get-api-v1-things-id"]);
    let (post, get) = (&operations[0], &operations[1]);
    assert!(get.needs_key && !post.needs_key);
    let told = |fields: &[schema::FieldView]| -> Vec<String> {
        fields
            .iter()
            .map(|field| format!("{} {} {}", field.name, field.kind, field.is_required))
            .collect()
    };
    let thing = &get.responses[0].fields;
    let all = [
        "n integer true",
        "prompt string true",
        "part object true",
        "optional string false",
        "parts array of object false",
        "round object false",
    ];
    assert_eq!(told(thing), all);
    assert_eq!(thing[2].description, "A part of it.");
    assert_eq!(
        told(&post.bodies[1].fields),
        ["prompt string true", "files array of file false"]
    );
    assert!(post.bodies[1].fields[1].is_file);
    assert_eq!(
        post.bodies[1].fields[0].example, "A \"fox\" <i>",
        "as the other body says"
    );
    let example: serde_json::Value = serde_json::from_str(&post.bodies[0].example).unwrap();
    assert_eq!(example, json!({"n": 2, "prompt": "A \"fox\" <i>"}));
}

#[test]
fn calls_stand_in_the_order_of_their_tags() {
    let call = |tag: &str| json!({"tags": [tag], "responses": {}});
    let document = json!({
        "tags": [{"name": "z"}, {"name": "b"}],
        "paths": {
            "/a": {"get": call("unknown")},
            "/b": {"get": call("b"), "post": call("b")},
            "/y": {"post": call("b")},
            "/z": {"get": call("z")},
        },
    });
    let operations = operations(&document);
    let ids: Vec<&str> = operations
        .iter()
        .map(|operation| operation.id.as_str())
        .collect();
    assert_eq!(ids, ["get-z", "post-b", "post-y", "get-b", "get-a"]);
}

#[test]
fn the_page_escapes_what_the_contract_says() {
    let html = page(&document());
    assert!(html.contains("Tells <code>all</code> of &lt;one&gt;."));
    assert!(!html.contains("<i>"));
    assert!(html.contains(
        "data-method=\"POST\" data-path=\"/api/v1/things\" data-base=\"https://hub.example.com\""
    ));
    assert!(html.contains("type=\"file\" multiple"));
}

#[test]
fn a_document_of_nothing_is_a_page() {
    assert!(page(&json!({})).contains("API explorer"));
    assert!(page(&json!(null)).contains("API explorer"));
}

#[test]
fn scripts_and_style_are_light() {
    let files = ["console.css", "docs.css", "console.js", "explorer.js"];
    let weight: usize = files.map(|name| assets::bytes(name).len()).iter().sum();
    assert!(weight <= 30_000, "{weight} bytes before the page itself");
}

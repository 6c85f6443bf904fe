//! The contract as the hub tells it to machines.

use serde_json::{Value, json};

use crate::support::*;

async fn document(hub: &Hub) -> Value {
    hub.without_key().get("/openapi.json").await.ok(200)
}

#[tokio::test]
async fn the_document_is_the_contract() {
    let hub = Hub::start(Options::sqlite()).await;
    let mut document = document(&hub).await;
    assert_eq!(document["servers"], json!([{"url": hub.url}]));
    document["servers"][0]["url"] = json!("https://hub.example.com");
    insta::assert_json_snapshot!(document);
}

#[tokio::test]
async fn it_names_every_endpoint_and_resolves() {
    let hub = Hub::start(Options::sqlite().env("GIH_PUBLIC_URL", "https://hub.example.com/")).await;
    let document = document(&hub).await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    assert_eq!(
        document["servers"],
        json!([{"url": "https://hub.example.com"}])
    );
    let paths = document["paths"].as_object().unwrap();
    let methods =
        |path: &str| -> Vec<&String> { paths[path].as_object().unwrap().keys().collect() };
    assert_eq!(paths.len(), 5);
    for path in [
        "/api/v1/models",
        "/api/v1/credits",
        "/api/v1/generations",
        "/api/v1/generations/{id}",
    ] {
        assert_eq!(methods(path), ["get"], "{path}");
    }
    assert_eq!(methods("/api/v1/images/generations"), ["post"]);
    for operation in paths
        .values()
        .flat_map(|path| path.as_object().unwrap().values())
    {
        for (status, response) in operation["responses"].as_object().unwrap() {
            let description = response["description"].as_str().unwrap_or_default();
            assert!(
                !description.is_empty(),
                "OpenAPI demands a description: {status} {operation}"
            );
        }
    }
    let mut references = Vec::new();
    collect_references(&document, &mut references);
    assert!(references.len() > 10);
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(
            document.pointer(pointer).is_some(),
            "{reference} leads nowhere"
        );
    }
}

#[tokio::test]
async fn answers_have_the_fields_it_names() {
    let hub = Hub::start(Options::sqlite()).await;
    let document = document(&hub).await;
    let api = hub.account().test();
    let drawn = api.draw(json!({})).await.ok(200);
    let accepted = api.draw(json!({"async": true})).await.ok(202);
    let ended = api.end(accepted["id"].as_str().unwrap()).await;
    let answers = [
        ("ModelListBody", api.get("/api/v1/models").await.ok(200)),
        (
            "CreditBalanceBody",
            api.get("/api/v1/credits").await.ok(200),
        ),
        ("SucceededBody", drawn),
        ("AcceptedBody", accepted),
        ("GenerationBody", ended),
        (
            "GenerationListBody",
            api.get("/api/v1/generations").await.ok(200),
        ),
        ("ErrorBody", api.get("/x").await.ok(404)),
    ];
    for (name, answer) in answers {
        let schema = &document["components"]["schemas"][name];
        let (mut known, mut required) = (Vec::new(), Vec::new());
        collect_fields(&document, schema, &mut known, &mut required);
        let fields: Vec<&String> = answer.as_object().unwrap().keys().collect();
        assert!(!known.is_empty(), "{name}: {schema}");
        assert!(
            fields.iter().all(|field| known.contains(field)),
            "{name}: {fields:?} of {known:?}"
        );
        assert!(
            required.iter().all(|field| fields.contains(&field)),
            "{name}: {fields:?} of {required:?}"
        );
    }
}

fn collect_references(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            into.extend(
                fields
                    .get("$ref")
                    .and_then(Value::as_str)
                    .map(ToOwned::to_owned),
            );
            fields
                .values()
                .for_each(|value| collect_references(value, into));
        }
        Value::Array(values) => values
            .iter()
            .for_each(|value| collect_references(value, into)),
        _ => {}
    }
}

/// The properties of a schema, those that it takes from others included.
fn collect_fields(
    document: &Value,
    schema: &Value,
    known: &mut Vec<String>,
    required: &mut Vec<String>,
) {
    if let Some(reference) = schema["$ref"].as_str() {
        let schema = document.pointer(reference.trim_start_matches('#')).unwrap();
        return collect_fields(document, schema, known, required);
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        collect_fields(document, part, known, required);
    }
    known.extend(
        schema["properties"]
            .as_object()
            .into_iter()
            .flat_map(|fields| fields.keys().cloned()),
    );
    let names = schema["required"].as_array().into_iter().flatten();
    required.extend(names.map(|name| name.as_str().unwrap().to_owned()));
}

//! The calls of the contract.

use serde_json::Value;

use super::schema::{self, FieldView};
use crate::rich;

/// A call.
pub(super) struct OperationView {
    /// What the page's places are called by: `post-api-v1-images-generations`.
    pub id: String,
    /// `GET`.
    pub method: String,
    /// With its `{parameters}`.
    pub path: String,
    /// As HTML.
    pub description: String,
    pub needs_key: bool,
    pub parameters: Vec<ParameterView>,
    pub bodies: Vec<BodyView>,
    pub responses: Vec<ResponseView>,
}

/// A parameter and where it stands: `path`, `query` or `header`.
pub(super) struct ParameterView {
    pub place: String,
    pub field: FieldView,
}

/// A form that the request's body may have.
pub(super) struct BodyView {
    pub media_type: String,
    pub is_json: bool,
    pub fields: Vec<FieldView>,
    /// A JSON body to begin with; empty for others.
    pub example: String,
}

/// An answer.
pub(super) struct ResponseView {
    pub status: String,
    /// As HTML.
    pub description: String,
    pub is_good: bool,
    /// The fields of its body; those of errors are all the same and are not told again.
    pub fields: Vec<FieldView>,
}

const METHODS: [&str; 7] = ["get", "put", "post", "delete", "options", "head", "patch"];

/// Every call of an OpenAPI document, in the order of its tags; of a tag, what makes something before what reads it.
pub(super) fn operations(document: &Value) -> Vec<OperationView> {
    let mut found = Vec::new();
    for (path, of_methods) in document["paths"].as_object().into_iter().flatten() {
        for method in METHODS {
            if let Some(operation) = of_methods.get(method) {
                let place = (tag_place(document, operation), method == "get");
                found.push((place, view(document, method, path, operation)));
            }
        }
    }
    found.sort_by_key(|(place, _)| *place);
    found.into_iter().map(|(_, operation)| operation).collect()
}

/// Which of the document's tags an operation has first; none comes last.
fn tag_place(document: &Value, operation: &Value) -> usize {
    let tags = document["tags"].as_array().map_or(&[][..], Vec::as_slice);
    let own = &operation["tags"][0];
    let place = tags.iter().position(|tag| tag["name"] == *own);
    place.unwrap_or(tags.len())
}

fn view(document: &Value, method: &str, path: &str, operation: &Value) -> OperationView {
    let words = path
        .split(|char: char| !char.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    let description = operation["description"]
        .as_str()
        .or(operation["summary"].as_str());
    let security = operation.get("security").unwrap_or(&document["security"]);
    let mut bodies = bodies(document, operation);
    lend_examples(&mut bodies);
    OperationView {
        id: std::iter::once(method)
            .chain(words)
            .collect::<Vec<_>>()
            .join("-"),
        method: method.to_ascii_uppercase(),
        path: path.to_owned(),
        description: rich::html(description.unwrap_or_default()),
        needs_key: security[0]
            .as_object()
            .is_some_and(|schemes| !schemes.is_empty()),
        parameters: parameters(document, operation),
        bodies,
        responses: responses(document, operation),
    }
}

fn parameters(document: &Value, operation: &Value) -> Vec<ParameterView> {
    let parameter = |parameter: &Value| {
        let name = parameter["name"].as_str().unwrap_or_default();
        let mut field = schema::field(
            document,
            name,
            &parameter["schema"],
            parameter["required"] == true,
        );
        field.description = rich::html(parameter["description"].as_str().unwrap_or_default());
        ParameterView {
            place: parameter["in"].as_str().unwrap_or_default().to_owned(),
            field,
        }
    };
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    parameters.map(parameter).collect()
}

fn bodies(document: &Value, operation: &Value) -> Vec<BodyView> {
    let body = |(media_type, content): (&String, &Value)| {
        let fields = schema::fields(document, &content["schema"]);
        let is_json = media_type == "application/json";
        BodyView {
            example: if is_json {
                schema::example(&fields, document, &content["schema"])
            } else {
                String::new()
            },
            media_type: media_type.clone(),
            is_json,
            fields,
        }
    };
    let contents = operation["requestBody"]["content"]
        .as_object()
        .into_iter()
        .flatten();
    contents.map(body).collect()
}

/// The same field of another form of the body is an example for one that has none.
fn lend_examples(bodies: &mut [BodyView]) {
    let known: Vec<(String, String)> = bodies
        .iter()
        .flat_map(|body| &body.fields)
        .filter(|field| !field.example.is_empty())
        .map(|field| (field.name.clone(), field.example.clone()))
        .collect();
    for field in bodies.iter_mut().flat_map(|body| &mut body.fields) {
        let lent = known.iter().find(|(name, _)| *name == field.name);
        if let Some((_, example)) = lent.filter(|_| field.example.is_empty()) {
            field.example.clone_from(example);
        }
    }
}

fn responses(document: &Value, operation: &Value) -> Vec<ResponseView> {
    let response = |(status, response): (&String, &Value)| {
        let is_good = status.starts_with('2');
        let schema = &response["content"]["application/json"]["schema"];
        ResponseView {
            status: status.clone(),
            description: rich::html(response["description"].as_str().unwrap_or_default()),
            is_good,
            fields: if is_good {
                schema::fields(document, schema)
            } else {
                Vec::new()
            },
        }
    };
    let responses = operation["responses"].as_object().into_iter().flatten();
    responses.map(response).collect()
}

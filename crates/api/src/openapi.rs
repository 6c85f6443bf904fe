//! The contract as OpenAPI 3.1, generated from the code.

use actix_web::{HttpResponse, web};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{InfoBuilder, OpenApi as Document, Server};
use utoipa::{Modify, OpenApi};

use crate::state::ApiState;
use crate::v1;

#[derive(OpenApi)]
#[openapi(
    paths(
        v1::models::list,
        v1::credits::show,
        v1::generate::create,
        v1::generation::show,
        v1::generations::list,
    ),
    modifiers(&Key),
    security(("api_key" = [])),
    tags(
        (name = "models", description = "What is on sale."),
        (name = "credits", description = "What can be spent."),
        (name = "generations", description = "Images: making them and finding them again."),
    )
)]
struct V1;

struct Key;

impl Modify for Key {
    fn modify(&self, document: &mut Document) {
        let mut scheme = Http::new(HttpAuthScheme::Bearer);
        scheme.description = Some("A hub key: gih_live_… or gih_test_….".to_owned());
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("api_key", SecurityScheme::Http(scheme));
    }
}

/// The document, for a hub reached at `public_url`.
pub fn document(public_url: &str) -> Document {
    let mut document = V1::openapi();
    document.info = InfoBuilder::new()
        .title("GPT Image Hub")
        .version("1")
        .description(Some(
            "Images for prepaid credits. Whatever is not delivered is refunded by itself.",
        ))
        .build();
    document.servers = Some(vec![Server::new(public_url)]);
    document
}

/// `GET /openapi.json`.
pub(crate) async fn serve(state: web::Data<ApiState>) -> HttpResponse {
    HttpResponse::Ok().json(document(&state.links.public_url))
}

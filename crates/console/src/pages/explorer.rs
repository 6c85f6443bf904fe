//! The API explorer: the contract as a page, from which every call can be made. Without scripts it is a reference.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::docs::viewer;
use super::html;
use crate::compress::compressed;
use crate::error::PageError;
use crate::session::Visitor;
use crate::shell::{Section, Shell, Viewer};
use crate::state::ConsoleState;

mod operations;
mod schema;

use self::operations::{OperationView, operations};

#[derive(Template)]
#[template(path = "explorer.html")]
struct ExplorerPage {
    shell: Shell,
    base_url: String,
    operations: Vec<OperationView>,
}

impl ExplorerPage {
    fn new(viewer: Option<Viewer>, base_url: &str, openapi: &serde_json::Value) -> Self {
        let shell = Shell {
            viewer,
            ..Shell::for_strangers("API explorer", Section::Docs)
        };
        Self {
            shell: shell.with_script("explorer.js"),
            base_url: base_url.to_owned(),
            operations: operations(openapi),
        }
    }
}

/// `GET /api-explorer`.
pub(crate) async fn show(
    request: HttpRequest,
    state: web::Data<ConsoleState>,
    visitor: Result<Visitor, PageError>,
) -> Result<HttpResponse, PageError> {
    let page = ExplorerPage::new(viewer(visitor), &state.public_url, &state.openapi);
    compressed(&request, html(&page)?).await
}

#[cfg(test)]
#[path = "explorer_tests.rs"]
mod tests;

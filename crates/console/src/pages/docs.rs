//! The documentation, in every language that there is a file for.

use actix_web::http::header::{ACCEPT_LANGUAGE, CONTENT_LANGUAGE, HeaderValue, VARY};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::html;
use crate::compress::compressed;
use crate::error::PageError;
use crate::language::Language;
use crate::session::Visitor;
use crate::shell::{Section, Shell, Viewer};
use crate::state::ConsoleState;

mod examples;
mod models;

use self::examples::ExampleView;
use self::models::ModelView;

/// What the documentation is written from, besides its texts.
pub(crate) struct Sources {
    /// The base of the hub's addresses.
    pub base_url: String,
    /// Whether strangers may make accounts.
    pub is_sign_up_open: bool,
    /// What is on sale; `None` when that cannot be read.
    pub models: Option<Vec<gih_domain::catalog::Model>>,
}

#[derive(Template)]
#[template(path = "docs.html")]
struct DocsPage {
    shell: Shell,
    t: &'static Language,
    languages: &'static [Language],
    base_url: String,
    is_sign_up_open: bool,
    models: Option<Vec<ModelView>>,
}

impl DocsPage {
    fn new(t: &'static Language, viewer: Option<Viewer>, sources: Sources) -> Self {
        let shell = Shell {
            viewer,
            ..Shell::for_strangers(t.text("page.title"), Section::Docs)
        };
        let models = sources.models.map(|models| {
            let view = |model| ModelView::new(model, t);
            models.iter().map(view).collect()
        });
        Self {
            shell: shell.in_language(t).with_script("docs.js"),
            t,
            languages: Language::all(),
            base_url: sources.base_url,
            is_sign_up_open: sources.is_sign_up_open,
            models,
        }
    }

    /// The example with this name, in its three programming languages.
    fn example(&self, name: &'static str) -> ExampleView {
        ExampleView::new(name, &self.base_url, self.t)
    }

    /// The answer with this name, as HTML.
    fn sample(&self, name: &str) -> String {
        examples::code(name, "json", &self.base_url)
    }
}

/// `GET /`: the language is what the browser likes best.
pub(crate) async fn root(
    request: HttpRequest,
    state: web::Data<ConsoleState>,
    visitor: Result<Visitor, PageError>,
) -> Result<HttpResponse, PageError> {
    let accepted = request.headers().get(ACCEPT_LANGUAGE);
    let accepted = accepted
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let mut response = page(&request, Language::negotiate(accepted), &state, visitor).await?;
    response
        .headers_mut()
        .append(VARY, HeaderValue::from_static("Accept-Language"));
    Ok(response)
}

/// `GET /{lang}/api-docs`.
pub(crate) async fn in_language(
    request: HttpRequest,
    code: web::Path<String>,
    state: web::Data<ConsoleState>,
    visitor: Result<Visitor, PageError>,
) -> Result<HttpResponse, PageError> {
    let language = Language::find(&code).ok_or(PageError::NotFound)?;
    page(&request, language, &state, visitor).await
}

async fn page(
    request: &HttpRequest,
    language: &'static Language,
    state: &ConsoleState,
    visitor: Result<Visitor, PageError>,
) -> Result<HttpResponse, PageError> {
    let models = state.retrieve.models().await;
    if let Err(error) = &models {
        tracing::warn!(%error, "the documentation is shown without models");
    }
    let sources = Sources {
        base_url: state.public_url.clone(),
        is_sign_up_open: state.sign_in.is_sign_up_open,
        models: models.ok(),
    };
    let mut response = html(&DocsPage::new(language, viewer(visitor), sources))?;
    response
        .headers_mut()
        .insert(CONTENT_LANGUAGE, HeaderValue::from_static(language.tag));
    compressed(request, response).await
}

/// Who looks at a page that is for everybody. With the database away everybody is a stranger: it is shown all the same.
pub(crate) fn viewer(visitor: Result<Visitor, PageError>) -> Option<Viewer> {
    let account = visitor.ok()?.0?;
    Some(Viewer::from(&account))
}

#[cfg(test)]
#[path = "docs_tests.rs"]
mod tests;

//! The pages, a file each, with their templates in `templates/`.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;
use gih_domain::mode::Mode;

use crate::error::PageError;

pub(crate) mod account;
pub(crate) mod admin;
pub(crate) mod credits;
pub(crate) mod docs;
pub(crate) mod explorer;
pub(crate) mod generation;
pub(crate) mod generations;
pub(crate) mod images;
pub(crate) mod keys;
pub(crate) mod playground;
#[cfg(test)]
pub(crate) mod samples;
pub(crate) mod sign_in;
pub(crate) mod sign_up;

/// A page as an answer.
pub(crate) fn html(page: &impl Template) -> Result<HttpResponse, PageError> {
    html_as(StatusCode::OK, page)
}

/// A page as an answer with this status.
pub(crate) fn html_as(status: StatusCode, page: &impl Template) -> Result<HttpResponse, PageError> {
    let html = page.render().map_err(|error| PageError::internal(&error))?;
    Ok(HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .body(html))
}

/// A page that is looked at in a mode, which the browser goes on in.
pub(crate) fn html_in(mode: Mode, page: &impl Template) -> Result<HttpResponse, PageError> {
    let html = page.render().map_err(|error| PageError::internal(&error))?;
    let mut response = HttpResponse::Ok();
    crate::session::remember_mode(&mut response, mode);
    Ok(response.content_type("text/html; charset=utf-8").body(html))
}

/// Leads on to another page after a post, so that reloading it posts nothing again.
pub(crate) fn see_other(path: &str) -> actix_web::HttpResponseBuilder {
    let mut response = HttpResponse::SeeOther();
    response.insert_header((actix_web::http::header::LOCATION, path));
    response
}

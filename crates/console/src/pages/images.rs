//! The images themselves: small in the gallery, whole to be looked at and kept.

use actix_web::body::SizedStream;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, EntityTag,
    Header as _, IF_NONE_MATCH, IfNoneMatch, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use futures_util::stream;
use gih_domain::account::Account;
use gih_domain::generation::SavedImage;
use gih_domain::id::{AccountId, ImageId};
use gih_domain::ports::Object;
use gih_domain::thumbnail::ThumbnailError;

use crate::error::PageError;
use crate::form::Fields;
use crate::session::SignedIn;
use crate::state::ConsoleState;

mod file_name;

impl From<ThumbnailError> for PageError {
    fn from(error: ThumbnailError) -> Self {
        match error {
            ThumbnailError::Database(error) => error.into(),
            ThumbnailError::Store(error) => error.into(),
            ThumbnailError::Undecodable(cause) => {
                tracing::warn!(%cause, "an image cannot be shown small");
                Self::NotFound
            }
            ThumbnailError::Unavailable(cause) => {
                tracing::warn!(%cause, "no thumbnail could be made");
                Self::Busy("The hub is busy with other images.".to_owned())
            }
        }
    }
}

/// Whose images somebody may see: their own, or everybody's (`None`) for admins.
const fn whose(account: &Account) -> Option<AccountId> {
    if account.is_admin {
        None
    } else {
        Some(account.id)
    }
}

/// `GET /thumbnails/{id}`: a JPEG of some kilobytes.
pub(crate) async fn thumbnail(
    request: HttpRequest,
    id: web::Path<String>,
    state: web::Data<ConsoleState>,
    signed_in: SignedIn,
) -> Result<HttpResponse, PageError> {
    let id: ImageId = id.parse().map_err(|_| PageError::NotFound)?;
    let opened = state.thumbnails.open(whose(&signed_in.0), id).await?;
    let object = opened.ok_or(PageError::NotFound)?;
    let tag = EntityTag::new_strong(format!("{id}-small"));
    Ok(answer(&request, &tag, "image/jpeg", None, object))
}

/// `GET /images/{id}`: the image as it was delivered; with `?download=1` as a file.
pub(crate) async fn original(
    request: HttpRequest,
    id: web::Path<String>,
    state: web::Data<ConsoleState>,
    signed_in: SignedIn,
) -> Result<HttpResponse, PageError> {
    let id: ImageId = id.parse().map_err(|_| PageError::NotFound)?;
    let opened = state.thumbnails.original(whose(&signed_in.0), id).await?;
    let (image, object) = opened.ok_or(PageError::NotFound)?;
    let is_download = Fields::of_query(request.query_string())
        .get("download")
        .is_some();
    let disposition = if is_download {
        let prompt = prompt_of(&state, &signed_in.0, &image).await?;
        Some(file_name::attachment(prompt.as_deref(), &image))
    } else {
        None
    };
    let tag = EntityTag::new_strong(id.to_string());
    let media_type = image.about.format.media_type();
    Ok(answer(&request, &tag, media_type, disposition, object))
}

/// What an image was drawn from, when it is the account's own.
async fn prompt_of(
    state: &ConsoleState,
    account: &Account,
    image: &SavedImage,
) -> Result<Option<String>, PageError> {
    let Some(id) = image.object_name.generation() else {
        return Ok(None);
    };
    match super::generation::find(state, account.id, &id.to_string()).await {
        Ok(generation) => Ok(Some(generation.prompt)),
        Err(PageError::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

fn answer(
    request: &HttpRequest,
    tag: &EntityTag,
    media_type: &'static str,
    disposition: Option<String>,
    object: Object,
) -> HttpResponse {
    // Opened all the same: what is gone, or somebody else's, must not be confirmed.
    if is_known(request, tag) {
        return head(StatusCode::NOT_MODIFIED, tag).finish();
    }
    let mut response = head(StatusCode::OK, tag);
    response.insert_header((CONTENT_TYPE, media_type));
    if let Some(disposition) = disposition {
        response.insert_header((CONTENT_DISPOSITION, disposition));
    }
    if request.method() == Method::HEAD {
        let nothing = stream::empty::<std::io::Result<_>>();
        return response.body(SizedStream::new(object.byte_length, nothing));
    }
    response.body(SizedStream::new(object.byte_length, object.bytes))
}

fn is_known(request: &HttpRequest, tag: &EntityTag) -> bool {
    request.headers().contains_key(IF_NONE_MATCH)
        && match IfNoneMatch::parse(request) {
            Ok(IfNoneMatch::Any) => true,
            Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|known| known.weak_eq(tag)),
            Err(_) => false,
        }
}

/// Headers of every image: for this browser alone, which asks each time whether it may show what it keeps, because
/// somebody else may be using it by then. What a provider drew is not trusted: it is never sniffed into something else, and can run nothing should a browser take it for a page.
fn head(status: StatusCode, tag: &EntityTag) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response
        .insert_header((CACHE_CONTROL, "private, no-cache"))
        .insert_header((ETAG, tag.to_string()))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"))
        .insert_header(("Cross-Origin-Resource-Policy", "same-origin"));
    response
}

#[cfg(test)]
#[path = "images/tests.rs"]
mod tests;

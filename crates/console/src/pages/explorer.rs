use actix_web::HttpResponse;
use crate::error::PageError;
pub(crate) async fn show() -> Result<HttpResponse, PageError> { Err(PageError::NotFound) }

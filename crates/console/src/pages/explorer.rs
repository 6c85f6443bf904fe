use crate::error::PageError;
use actix_web::HttpResponse;
pub(crate) async fn show() -> Result<HttpResponse, PageError> {
    Err(PageError::NotFound)
}

//! Pages for everybody and assets, compressed. Pages that hold somebody's secrets beside somebody else's words are not
//! (the length of a compressed page tells something of what is in it); the documentation holds none.

use std::io::Write as _;

use actix_web::body::to_bytes;
use actix_web::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderValue, VARY};
use actix_web::{HttpRequest, HttpResponse};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::error::PageError;

/// The bytes in gzip.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Writing to memory does not fail.
    let _written = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

/// Whether the browser reads gzip (RFC 9110, 12.5.3).
pub(crate) fn is_accepted(request: &HttpRequest) -> bool {
    let accepted = request.headers().get_all(ACCEPT_ENCODING);
    accepted
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(names_gzip)
}

fn names_gzip(coding: &str) -> bool {
    let mut parts = coding.split(';').map(str::trim);
    let is_gzip = parts
        .next()
        .is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
    let quality = parts.find_map(|part| part.strip_prefix("q="));
    is_gzip
        && quality.is_none_or(|quality| quality.parse::<f32>().is_ok_and(|quality| quality > 0.0))
}

/// The page, compressed for a browser that reads that.
pub(crate) async fn compressed(
    request: &HttpRequest,
    page: HttpResponse,
) -> Result<HttpResponse, PageError> {
    let mut page = page;
    page.headers_mut()
        .append(VARY, HeaderValue::from_static("Accept-Encoding"));
    if !is_accepted(request) {
        return Ok(page);
    }
    let (mut page, body) = page.into_parts();
    let body = to_bytes(body)
        .await
        .map_err(|error| PageError::internal(&*error))?;
    page.headers_mut()
        .insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    Ok(page.set_body(gzip(&body)).map_into_boxed_body())
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use actix_web::test::TestRequest;
    use flate2::read::GzDecoder;

    use super::*;

    #[test]
    fn only_who_reads_gzip_gets_it() {
        for (accepted, is) in [
            ("gzip, deflate, br", true),
            ("br;q=1.0, gzip;q=0.8", true),
            ("GZIP", true),
            ("identity", false),
            ("gzip;q=0", false),
            ("gzip;q=x", false),
            ("xgzip", false),
        ] {
            let request = TestRequest::default().insert_header((ACCEPT_ENCODING, accepted));
            assert_eq!(is_accepted(&request.to_http_request()), is, "{accepted}");
        }
        assert!(!is_accepted(&TestRequest::default().to_http_request()));
    }

    #[test]
    fn what_was_compressed_is_what_comes_out() {
        let mut text = String::new();
        let bytes = gzip("a page ".repeat(1000).as_bytes());
        assert!(bytes.len() < 200);
        GzDecoder::new(&*bytes).read_to_string(&mut text).unwrap();
        assert_eq!(text, "a page ".repeat(1000));
    }
}

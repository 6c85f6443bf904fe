//! Whether a request was made by one of the hub's own pages.

use actix_web::HttpRequest;
use actix_web::http::header::{HOST, ORIGIN};

/// Whether another site had the browser make this request.
///
/// Browsers say so themselves in `Sec-Fetch-Site` (Fetch Metadata); older ones send the `Origin` of every post. What sends
/// neither is no browser, so it carries nobody's cookies by accident.
pub(crate) fn is_cross_site(request: &HttpRequest, public_url: &str) -> bool {
    let header = |name: &str| {
        request
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap_or("?"))
    };
    if let Some(site) = header("sec-fetch-site") {
        return !matches!(site, "same-origin" | "none");
    }
    let Some(origin) = header(ORIGIN.as_str()) else {
        return false;
    };
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    let is_host = authority.is_some() && authority == header(HOST.as_str());
    !is_host && origin != origin_of(public_url)
}

/// Scheme and authority of an address.
pub(crate) fn origin_of(url: &str) -> &str {
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = url[start..]
        .find(['/', '?', '#'])
        .map_or(url.len(), |at| start + at);
    &url[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    const HUB: &str = "https://hub.example.com/base";

    fn crosses(headers: &[(&str, &str)]) -> bool {
        let mut request = TestRequest::post();
        for header in headers {
            request = request.insert_header(*header);
        }
        is_cross_site(&request.to_http_request(), HUB)
    }

    #[test]
    fn browsers_say_where_a_request_comes_from() {
        assert!(!crosses(&[("sec-fetch-site", "same-origin")]));
        assert!(!crosses(&[("sec-fetch-site", "none")]));
        for other in ["cross-site", "same-site", "nonsense", ""] {
            assert!(crosses(&[("sec-fetch-site", other)]), "{other}");
        }
        // What they say stands before what could have been made up.
        assert!(crosses(&[
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://hub.example.com")
        ]));
    }

    #[test]
    fn older_ones_send_the_origin() {
        assert!(!crosses(&[("origin", "https://hub.example.com")]));
        assert!(!crosses(&[
            ("origin", "http://127.0.0.1:8080"),
            ("host", "127.0.0.1:8080")
        ]));
        for other in [
            "https://evil.example.com",
            "null",
            "",
            "https://hub.example.com.evil.com",
        ] {
            assert!(
                crosses(&[("origin", other), ("host", "hub.example.com")]),
                "{other}"
            );
        }
    }

    #[test]
    fn what_is_no_browser_carries_no_cookies_by_accident() {
        assert!(!crosses(&[]));
    }

    #[test]
    fn origins_are_cut_off_addresses() {
        assert_eq!(origin_of(HUB), "https://hub.example.com");
        assert_eq!(origin_of("http://[::1]:8080"), "http://[::1]:8080");
    }
}

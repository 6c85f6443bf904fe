//! `Prefer: wait=N` (RFC 7240 §4.3).

use actix_web::HttpRequest;

/// The seconds of the first `wait` preference. What is not understood is ignored, as preferences are.
pub(super) fn wait_seconds(request: &HttpRequest) -> Option<u64> {
    let headers = request
        .headers()
        .get_all("prefer")
        .filter_map(|value| value.to_str().ok());
    headers.flat_map(|header| header.split(',')).find_map(wait)
}

fn wait(preference: &str) -> Option<u64> {
    // Parameters of a preference come behind `;` and say nothing about `wait`.
    let (name, value) = preference.split(';').next()?.split_once('=')?;
    let value = value.trim().trim_matches('"');
    let is_plain = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    (name.trim().eq_ignore_ascii_case("wait") && is_plain)
        .then(|| value.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn the_first_wait_counts() {
        let of = |headers: &[&str]| {
            let request = TestRequest::default();
            let request = headers.iter().fold(request, |request, header| {
                request.append_header(("prefer", *header))
            });
            wait_seconds(&request.to_http_request())
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&["wait=10"]), Some(10));
        assert_eq!(of(&["respond-async, Wait = \"3\"; x=y"]), Some(3));
        assert_eq!(of(&["handling=lenient", "wait=7, wait=9"]), Some(7));
        assert_eq!(of(&["wait=99999999999999999999"]), Some(u64::MAX));
        for odd in [
            "wait",
            "wait=",
            "wait=-1",
            "wait=soon",
            "await=5",
            "wait=1.5",
        ] {
            assert_eq!(of(&[odd]), None, "{odd}");
        }
    }
}

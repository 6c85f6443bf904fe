use super::*;
use actix_web::test::TestRequest;
use bytes::Bytes;
use futures_util::StreamExt as _;

fn object() -> Object {
    Object {
        byte_length: 4,
        range: 0..4,
        bytes: stream::iter([Ok(Bytes::from_static(b"jpeg"))]).boxed(),
    }
}

fn header<'a>(response: &'a HttpResponse, name: &str) -> &'a str {
    response
        .headers()
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

#[test]
fn an_image_is_for_this_browser_alone_and_can_run_nothing() {
    let tag = EntityTag::new_strong("img_1".to_owned());
    let request = TestRequest::get().to_http_request();
    let response = answer(&request, &tag, "image/jpeg", None, object());
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(header(&response, "cache-control"), "private, no-cache");
    assert_eq!(
        header(&response, "content-security-policy"),
        "default-src 'none'; sandbox"
    );
    assert_eq!(header(&response, "x-content-type-options"), "nosniff");
    assert_eq!(header(&response, "content-type"), "image/jpeg");
    assert_eq!(header(&response, "etag"), "\"img_1\"");
    assert_eq!(header(&response, "content-disposition"), "");
}

#[test]
fn what_a_browser_has_is_not_sent_again() {
    let tag = EntityTag::new_strong("img_1".to_owned());
    for (known, status) in [
        ("\"img_1\"", StatusCode::NOT_MODIFIED),
        ("W/\"img_1\", \"x\"", StatusCode::NOT_MODIFIED),
        ("*", StatusCode::NOT_MODIFIED),
        ("\"img_2\"", StatusCode::OK),
    ] {
        let request = TestRequest::get()
            .insert_header((IF_NONE_MATCH, known))
            .to_http_request();
        let response = answer(&request, &tag, "image/jpeg", None, object());
        assert_eq!(response.status(), status, "{known}");
    }
}

#[test]
fn admins_alone_see_everybodys() {
    let account = crate::testing::account();
    assert_eq!(whose(&account), Some(account.id));
    assert_eq!(whose(&crate::testing::admin()), None);
}

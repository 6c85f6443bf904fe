//! What a person sees around a page that is not there, or not for them.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn errors_are_told_in_the_frame_of_who_looks() {
    let hub = Hub::start(Options::sqlite()).await;
    add_account(&hub, "ann@example.com", &[]);
    let ann = cookie_of(&hub, "ann@example.com").await;
    let nowhere = "/generations/gen_00000000000070008000000000000000";
    for (path, status) in [
        (nowhere, 404),
        ("/keys/key_1/rotate", 404),
        ("/admin", 403),
        ("/admin/models", 403),
        ("/no/such/page", 404),
    ] {
        let (answered, body) = get(&hub, path, &ann).await;
        assert_eq!(answered, status, "{path}");
        assert!(body.contains("Sign out"), "{path}: {body}");
        assert!(body.contains("ann@example.com"), "{path}: {body}");
        assert!(!body.contains("href=\"/sign-in\""), "{path}: {body}");
    }
    let (answered, body) = get(&hub, "/no/such/page", "").await;
    assert_eq!(answered, 404);
    assert!(body.contains("href=\"/sign-in\""), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_asks_can_be_sent_again_as_it_is() {
    let hub = Hub::start(Options::sqlite()).await;
    let browser = Browser::open().await;
    sign_up(&browser, &hub, "ann@example.com").await;
    browser.goto(&at(&hub, "/credits?mode=test")).await;
    for _ in 0..3 {
        // The same address, with a place on the page: the browser need not load it anew.
        browser.click("Filter").await;
    }
    let is_off = browser.script(
        "return [...document.querySelectorAll('button')].some((one) => one.disabled)",
        &[],
    );
    assert_eq!(is_off.await, false);
}

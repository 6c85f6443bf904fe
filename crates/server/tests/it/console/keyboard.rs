//! The same things without a mouse.

use super::*;

/// Goes to a link, button or field by Tab alone and presses Enter on it.
async fn enter(browser: &Browser, name: &str) {
    browser.tab_to(name).await;
    browser.press(Key::Enter).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_done_by_keyboard_alone() {
    let hub = Hub::start(Options::sqlite()).await;
    let browser = Browser::open().await;

    browser.goto(&at(&hub, "/")).await;
    enter(&browser, "Sign in").await;
    browser.is_at("/sign-in").await;
    enter(&browser, "Sign up").await;
    browser.is_at("/sign-up").await;
    // The first field has the focus already.
    browser.has("#email:focus").await;
    browser.type_in("ann@example.com").await;
    browser.tab_to("Password").await;
    browser.type_in(PASSWORD).await;
    browser.press(Key::Enter).await;
    browser.is_at("/keys").await;

    // The first thing of a page leads past its navigation.
    browser.press(Key::Tab).await;
    assert_eq!(browser.focused().await.1, "Skip to content");
    browser.press(Key::Enter).await;
    browser.has("#content:focus").await;
    browser.press(Key::Tab).await;
    let inside = "return document.querySelector('#content').contains(document.activeElement)";
    assert_eq!(browser.script(inside, &[]).await, true);

    enter(&browser, "API keys").await;
    browser.sees("No API keys yet").await;
    browser.tab_to("Name").await;
    browser.type_in("shop").await;
    browser.tab_to("Expires").await;
    browser.press(Key::Down).await;
    enter(&browser, "Create key").await;
    browser.sees("it is shown this once").await;
    enter(&browser, "Copy").await;
    browser.sees("Copied").await;
    let secret = browser.clipboard().await;
    assert_eq!(hub.with_key(&secret).credits().await, 1000);

    browser.goto(&at(&hub, "/playground?mode=test")).await;
    browser.tab_to("Prompt").await;
    browser.type_in("A fox by keyboard").await;
    // Radio buttons are one stop, and arrows choose.
    browser.press(Key::Tab).await;
    let before = browser.focused().await;
    assert_eq!(before.0, "radio");
    browser.press(Key::Down).await;
    let after = browser.focused().await;
    assert!(
        after.0 == "radio" && after.1 != before.1,
        "{before:?} {after:?}"
    );
    enter(&browser, "Generate · 8 credits").await;
    shows(&browser, ".made img", 1).await;

    enter(&browser, "Details").await;
    browser.sees("Timeline").await;
    enter(&browser, "API keys").await;
    enter(&browser, "Revoke shop").await;
    browser.sees("gets 401 at once").await;
    enter(&browser, "Revoke key").await;
    browser.sees("The key is revoked").await;
    assert_eq!(
        hub.with_key(&secret).get("/api/v1/credits").await.status,
        401
    );
    enter(&browser, "Sign out").await;
    browser.is_at("/sign-in").await;
    browser.is_content().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_the_focus_can_be_seen() {
    let hub = Hub::start(Options::sqlite()).await;
    let browser = Browser::open().await;
    let ring = "const style = getComputedStyle(document.activeElement);
        const own = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1;
        const around = document.activeElement.closest(':has(:focus-visible)');
        return own || style.boxShadow !== 'none' || (around && getComputedStyle(around).outlineStyle !== 'none');";
    sign_up(&browser, &hub, "ann@example.com").await;
    for path in ["/keys", "/playground?mode=test", "/generations", "/credits"] {
        browser.goto(&at(&hub, path)).await;
        for _ in 0..20 {
            browser.press(Key::Tab).await;
            let focused = browser.focused().await;
            // Round the page, and at the browser's own.
            if matches!(focused.0.as_str(), "RootWebArea" | "none") {
                break;
            }
            let seen = browser.script(ring, &[]).await;
            assert_eq!(seen, true, "{path}: {focused:?}");
        }
    }
}

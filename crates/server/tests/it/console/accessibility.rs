//! Every page: for everybody, in its width, within its weight, and shown to whoever wants to look.
//!
//! With `TEST_SCREENS` set to a folder, pictures of all pages are saved there.

use std::path::PathBuf;

use super::pages::{OWNER, Page, Viewer, used};
use super::*;
use crate::torture::chance;

/// Bytes on the way of a page with everything that belongs to it, besides images.
const MAX_WEIGHT: u64 = 60_000;

mod torture {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn axe_finds_nothing_on_any_page() {
        let hub = Hub::start(Options::sqlite()).await;
        let pages = used(&hub).await;
        let browser = Browser::open().await;
        let mut wrong = Vec::new();
        for page in &pages {
            if page.viewer == Viewer::Admin && browser.cookie("gih_session").await.is_none() {
                sign_in(&browser, &hub, OWNER).await;
                // So that there is an act to be seen.
                browser.goto(&at(&hub, "/admin/accounts")).await;
                browser.click("carol@example.com").await;
                browser.fill("Credits", "250").await;
                browser.fill("Note", "Welcome").await;
                browser.click("Grant credits").await;
                browser.sees("The credits are there.").await;
            }
            look_at(&browser, &hub, page, &mut wrong).await;
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    /// What is shown in answer to a form or by a script, which no address leads to.
    #[tokio::test(flavor = "multi_thread")]
    async fn axe_finds_nothing_in_answers() {
        let hub = Hub::start(Options::sqlite()).await;
        add_account(&hub, OWNER, &["--admin"]);
        add_account(&hub, "bob@example.com", &[]);
        let browser = Browser::open().await;
        let mut wrong = Vec::new();
        sign_in(&browser, &hub, OWNER).await;
        let secret = make_key(&browser, &hub, "web shop", TEST_KEY).await;
        judge(&browser, "key-new", &mut wrong).await;

        browser.wide().await;
        browser.goto(&at(&hub, "/admin/accounts")).await;
        browser.click("bob@example.com").await;
        browser.click("New one-time password…").await;
        judge(&browser, "admin-password", &mut wrong).await;
        browser.click("Set one-time password").await;
        browser.sees("it is shown this once").await;
        judge(&browser, "admin-password-new", &mut wrong).await;

        browser.wide().await;
        browser.goto(&at(&hub, "/playground?mode=test")).await;
        for prompt in [
            "A fox in the snow",
            "sandbox:fail",
            "sandbox:partial=1 Two foxes",
        ] {
            let count = if prompt.ends_with("foxes") { "2" } else { "1" };
            browser.fill("Prompt", prompt).await;
            browser.click_near("Images", count).await;
            let credits = if count == "2" { 16 } else { 8 };
            browser
                .click(&format!("Generate · {credits} credits"))
                .await;
            browser.sees("Details").await;
        }
        shows(&browser, ".made img", 2).await;
        browser.sees("1 of 2 images came").await;
        browser.fill("Prompt", "A fox").await;
        hub.gih_json(&["model", "set", "gpt-image-2", "--price", "1K=9"]);
        browser.click_near("Images", "1").await;
        browser.click("Generate · 8 credits").await;
        browser.sees("The price has changed").await;
        judge(&browser, "playground-results", &mut wrong).await;

        browser.wide().await;
        browser.goto(&at(&hub, "/api-explorer")).await;
        browser.fill("API key", &secret).await;
        browser.click_near("--data-raw", "Send").await;
        shows(&browser, ".result .images img", 1).await;
        judge(&browser, "api-explorer-answer", &mut wrong).await;

        browser.wide().await;
        browser.click("Sign out").await;
        add_account(&hub, "carol@example.com", &[]);
        sign_in(&browser, &hub, "carol@example.com").await;
        browser.goto(&at(&hub, "/admin")).await;
        browser.sees("This page is for admins").await;
        judge(&browser, "forbidden", &mut wrong).await;

        let closed = Hub::start(Options::sqlite().env("GIH_SIGN_UP", "closed")).await;
        browser.goto(&at(&closed, "/sign-up")).await;
        judge(&browser, "sign-up-closed", &mut wrong).await;
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

/// Looks at a page wide and narrow, light and dark; what is wrong is added to `wrong`.
async fn look_at(browser: &Browser, hub: &Hub, page: &Page, wrong: &mut Vec<String>) {
    browser.wide().await;
    browser.goto(&at(hub, &page.path)).await;
    let name = page.name;
    let weight = browser.script(WEIGHT, &[]).await.as_u64().unwrap();
    if weight > MAX_WEIGHT {
        wrong.push(format!("{name}: {weight} bytes without images"));
    }
    judge(browser, name, wrong).await;
    for complaint in browser.complaints().await {
        wrong.push(format!("{name}: {complaint}"));
    }
}

/// Judges what is shown now, in both widths and both colours; with pictures when they are wanted. `cargo xtask test` judges
/// wide in light and narrow in dark colours, `cargo xtask torture` every pair.
async fn judge(browser: &Browser, name: &str, wrong: &mut Vec<String>) {
    let screens = std::env::var_os("TEST_SCREENS").map(PathBuf::from);
    for (width, is_narrow) in [("wide", false), ("narrow", true)] {
        if is_narrow {
            browser.narrow().await;
        } else {
            browser.wide().await;
        }
        for (colours, is_dark) in [("light", false), ("dark", true)] {
            if is_dark != is_narrow && !chance::is_whole() && screens.is_none() {
                continue;
            }
            browser.dark(is_dark).await;
            browser.script(LOAD_ALL, &[]).await;
            wrong.extend(
                (browser.axe().await.iter()).map(|one| format!("{name} {width} {colours}: {one}")),
            );
            if let Some(folder) = &screens {
                let file = folder.join(format!("{name}-{width}-{colours}.png"));
                tokio::time::sleep(std::time::Duration::from_millis(300)).await;
                browser.screenshot(&file).await;
            }
        }
        if browser.overflows().await {
            wrong.push(format!("{name} {width}: wider than the window"));
        }
    }
}

/// What the page and its styles and scripts weigh on their way.
const WEIGHT: &str = "const [page] = performance.getEntriesByType('navigation');
    const parts = performance.getEntriesByType('resource')
        .filter((one) => ['link', 'script', 'css', 'fetch', 'xmlhttprequest'].includes(one.initiatorType)
            && !one.name.endsWith('.svg'));
    return [page, ...parts].reduce((sum, one) => sum + one.encodedBodySize, 0);";

/// Pictures below the edge are part of the page too.
const LOAD_ALL: &str = "for (const one of document.images) one.loading = 'eager';";

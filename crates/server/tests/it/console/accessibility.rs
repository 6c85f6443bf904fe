//! Every page: for everybody, in its width, within its weight, and shown to whoever wants to look.
//!
//! With `TEST_SCREENS` set to a folder, pictures of all pages are saved there.

use std::path::PathBuf;

use super::pages::{OWNER, Page, Viewer, used};
use super::*;

/// Bytes on the way of a page with everything that belongs to it, besides images.
const MAX_WEIGHT: u64 = 60_000;

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

/// Looks at a page wide and narrow, light and dark; what is wrong is added to `wrong`.
async fn look_at(browser: &Browser, hub: &Hub, page: &Page, wrong: &mut Vec<String>) {
    let screens = std::env::var_os("TEST_SCREENS").map(PathBuf::from);
    browser.wide().await;
    browser.goto(&at(hub, &page.path)).await;
    let name = page.name;
    let weight = browser.script(WEIGHT, &[]).await.as_u64().unwrap();
    if weight > MAX_WEIGHT {
        wrong.push(format!("{name}: {weight} bytes without images"));
    }
    for (width, is_narrow) in [("wide", false), ("narrow", true)] {
        if is_narrow {
            browser.narrow().await;
        } else {
            browser.wide().await;
        }
        for (colours, is_dark) in [("light", false), ("dark", true)] {
            browser.dark(is_dark).await;
            browser.script(LOAD_ALL, &[]).await;
            let violations = browser.axe().await;
            wrong.extend(
                violations
                    .iter()
                    .map(|one| format!("{name} {width} {colours}: {one}")),
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
    for complaint in browser.complaints().await {
        wrong.push(format!("{name}: {complaint}"));
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

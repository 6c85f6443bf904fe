//! The documentation in the language of who reads it.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn each_language_is_read_by_who_asks_for_it() {
    let hub = Hub::start(Options::sqlite()).await;
    let mut headings = std::collections::BTreeSet::new();
    for language in ["en", "it", "ko", "zh", "hi"] {
        let browser = Browser::speaking(language).await;
        browser.goto(&at(&hub, "/")).await;
        let lang = browser
            .script("return document.documentElement.lang", &[])
            .await;
        assert_eq!(lang.as_str().unwrap().split('-').next(), Some(language));
        let heading = browser
            .script("return document.querySelector('h1').innerText", &[])
            .await;
        headings.insert(heading.as_str().unwrap().to_owned());
        // Nothing hangs over on a phone, in the longest words of any of them.
        browser.narrow().await;
        assert!(
            !browser.overflows().await,
            "{language} is too wide for a phone"
        );
        browser.dark(false).await;
        browser.is_accessible().await;
        browser.dark(true).await;
        browser.is_accessible().await;
        // Another one is a link away, named in itself, and stays when it is loaded again.
        let other = if language == "it" {
            ("English", "en")
        } else {
            ("Italiano", "it")
        };
        browser.wide().await;
        browser.click(other.0).await;
        browser.is_at(&format!("/{}/api-docs", other.1)).await;
        browser.reload().await;
        let lang = browser
            .script("return document.documentElement.lang", &[])
            .await;
        assert_eq!(lang, other.1);
        browser.is_content().await;
    }
    assert_eq!(headings.len(), 5, "{headings:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn examples_are_copied_with_the_visitors_own_address() {
    let hub = Hub::start(Options::sqlite()).await;
    let browser = Browser::speaking("hi").await;
    browser.goto(&at(&hub, "/")).await;
    let button = browser.has("[data-copy]").await;
    let source = "return document.getElementById(arguments[0].dataset.copy).textContent;";
    let shown = browser.script(source, &[button.as_argument()]).await;
    browser.session().click(&button).await.unwrap();
    let shown = shown.as_str().unwrap();
    assert!(shown.contains(&hub.url), "{shown}");
    until("the copy", async || {
        (browser.clipboard().await == shown).then_some(())
    })
    .await;
    browser.is_content().await;
}

//! A real browser: Chromium over its driver, used as a person uses it, by what can be read on the page.
//!
//! Things are found by their accessible names, as the browser itself computes them for a screen reader, so that what has
//! no name cannot be used. Every question waits until there is an answer, at most [`PATIENCE`]; then the test fails with
//! what was to be seen instead.

mod found;
mod look;
mod page;
mod start;
mod wire;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

pub use self::page::Key;
use self::start::Driver;
pub use self::start::tool;
pub use self::wire::{Element, Session, Told};

/// How long is looked for something.
const PATIENCE: Duration = super::PATIENCE;
/// Between two looks, at least.
const PAUSE: Duration = Duration::from_millis(50);

/// A browser with a profile of its own: nothing is shared with any other, and nothing is left when it is dropped.
pub struct Browser {
    session: Session,
    driver: Driver,
}

impl Browser {
    /// Opens one whose pages are asked for in English. How many tests with a browser run at once is in
    /// `.config/nextest.toml`.
    pub async fn open() -> Self {
        Self::speaking("en").await
    }

    /// Opens one that asks for pages in these languages, the best first, as in `ko,en`.
    pub async fn speaking(languages: &str) -> Self {
        let (session, driver) = start::open(languages).await;
        let browser = Self { session, driver };
        // A person's browser lets the page that is looked at write there; one without windows has nobody looking.
        let allow = json!({"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]});
        browser.devtools("Browser.grantPermissions", allow).await;
        browser
    }

    /// WebDriver itself, for what no method here does.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Goes to an address and waits until the page has loaded.
    pub async fn goto(&self, url: &str) {
        let page = json!({"url": url});
        self.session.post("/url", page).await.unwrap();
    }

    /// Loads the page again.
    pub async fn reload(&self) {
        self.session.post("/refresh", json!({})).await.unwrap();
    }

    /// The button that goes back.
    pub async fn back(&self) {
        self.session.post("/back", json!({})).await.unwrap();
    }

    /// The address that is shown.
    pub async fn url(&self) -> String {
        self.address().await.unwrap()
    }

    /// Runs a script in the page: the body of a function; what it returns.
    pub async fn script(&self, body: &str, arguments: &[Value]) -> Value {
        let answer = self.session.script(body, arguments).await;
        answer.unwrap_or_else(|error| panic!("{error} in {body}"))
    }

    /// Sends a command of the Chrome DevTools protocol; its result.
    pub async fn devtools(&self, method: &str, parameters: Value) -> Value {
        let answer = self.session.devtools(method, parameters).await;
        answer.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// A folder that goes with the browser, for files to upload.
    pub fn folder(&self) -> PathBuf {
        self.driver.folder()
    }

    /// Every cookie that the page's address is sent, those included that scripts cannot read: WebDriver's own, with
    /// `name`, `value`, `httpOnly`, `sameSite`, `secure`, `path`, and `expiry` in seconds where it has one.
    pub async fn cookies(&self) -> Vec<Value> {
        let cookies = self.session.get("/cookie").await.unwrap();
        cookies.as_array().cloned().unwrap_or_default()
    }

    /// The cookie of this name, if there is one.
    pub async fn cookie(&self, name: &str) -> Option<Value> {
        let mut cookies = self.cookies().await;
        cookies.retain(|cookie| cookie["name"] == name);
        cookies.pop()
    }

    /// Sets a cookie for the page's host, in the same form.
    pub async fn set_cookie(&self, cookie: Value) {
        let cookie = json!({ "cookie": cookie });
        self.session.post("/cookie", cookie).await.unwrap();
    }

    /// Forgets a cookie of the page's host.
    pub async fn delete_cookie(&self, name: &str) {
        let cookie = format!("/cookie/{name}");
        self.session.delete(&cookie).await.unwrap();
    }

    async fn address(&self) -> Told<String> {
        let url = self.session.get("/url").await?;
        Ok(url.as_str().unwrap_or_default().to_owned())
    }

    /// Asks again and again until there is an answer; an error counts as none, since pages change while they are looked
    /// at.
    async fn patiently<T>(&self, what: &str, mut ask: impl AsyncFnMut() -> Told<Option<T>>) -> T {
        let begun = Instant::now();
        loop {
            let answer = ask().await;
            if let Ok(Some(answer)) = answer {
                return answer;
            }
            if begun.elapsed() > PATIENCE {
                let error = answer.err().map(|error| format!(" ({error})"));
                panic!(
                    "{what}: in vain{}\nat {}\n{}\n{}",
                    error.unwrap_or_default(),
                    self.url().await,
                    self.outline().await,
                    self.text().await
                );
            }
            tokio::time::sleep(super::pause(begun.elapsed()).max(PAUSE)).await;
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Before the driver ends, which would leave Chromium behind.
        self.session.close();
    }
}

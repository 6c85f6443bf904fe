//! The little of the WebDriver protocol that is needed: JSON over HTTP to the driver on this machine.
//!
//! By hand, because what clients there are either switch on features of crates that the hub itself is made of, so that
//! another hub would be tested than is shipped, or are under a licence that asks for more than a notice.

use std::time::Duration;

use serde_json::{Map, Value, json};

/// An element's key in JSON, as the protocol fixes it.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A request that the driver refused, in its words.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Refused(String);

/// What a request came to.
pub type Told<T> = Result<T, Refused>;

/// An element of the page that is shown; it is of no use once the page has changed it away.
#[derive(Clone, Debug)]
pub struct Element(String);

impl Element {
    /// Out of a script's answer.
    pub fn read(value: &Value) -> Told<Self> {
        let id = value[ELEMENT].as_str();
        id.map(|id| Self(id.to_owned()))
            .ok_or_else(|| Refused(format!("no element: {value}")))
    }

    /// As an argument of a script.
    pub fn as_argument(&self) -> Value {
        json!({ ELEMENT: self.0 })
    }
}

/// A browser's window, as the driver has it; closed when dropped.
pub struct Session {
    client: reqwest::Client,
    driver: String,
    /// `http://…/session/…`.
    url: String,
    /// What the driver says of the browser.
    pub capabilities: Value,
}

impl Session {
    /// Opens a window of a browser with these capabilities.
    pub async fn open(driver: String, capabilities: Value, patience: Duration) -> Told<Self> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(patience)
            .build()
            .map_err(|error| Refused(error.to_string()))?;
        let mut session = Self {
            url: format!("{driver}/session"),
            client,
            driver,
            capabilities: Value::Null,
        };
        let wanted = json!({"capabilities": {"alwaysMatch": capabilities}});
        let opened = session.post("", wanted).await?;
        let id = opened["sessionId"].as_str().unwrap_or_default();
        session.url = format!("{}/session/{id}", session.driver);
        session.capabilities = opened["capabilities"].clone();
        Ok(session)
    }

    /// Sends a command, as in `post("/url", …)`.
    pub async fn post(&self, command: &str, body: Value) -> Told<Value> {
        let request = self.client.post(format!("{}{command}", self.url));
        answer(request.json(&body)).await
    }

    /// Asks for something.
    pub async fn get(&self, command: &str) -> Told<Value> {
        answer(self.client.get(format!("{}{command}", self.url))).await
    }

    /// Deletes something.
    pub async fn delete(&self, command: &str) -> Told<Value> {
        answer(self.client.delete(format!("{}{command}", self.url))).await
    }

    /// Runs the body of a function in the page; what it returns.
    pub async fn script(&self, body: &str, arguments: &[Value]) -> Told<Value> {
        let script = json!({"script": body, "args": arguments});
        self.post("/execute/sync", script).await
    }

    /// The same for one that calls its last argument with its result, some time.
    pub async fn slow_script(&self, body: &str, arguments: &[Value]) -> Told<Value> {
        let script = json!({"script": body, "args": arguments});
        self.post("/execute/async", script).await
    }

    /// Sends a command of the Chrome DevTools protocol.
    pub async fn devtools(&self, method: &str, parameters: Value) -> Told<Value> {
        let command = json!({"cmd": method, "params": parameters});
        self.post("/goog/cdp/execute", command).await
    }

    /// The elements that a CSS selector names.
    pub async fn find(&self, selector: &str) -> Told<Vec<Element>> {
        let wanted = json!({"using": "css selector", "value": selector});
        let found = self.post("/elements", wanted).await?;
        let found = found.as_array().cloned().unwrap_or_default();
        found.iter().map(Element::read).collect()
    }

    /// Clicks in the middle of an element, where it must be seen and not covered.
    pub async fn click(&self, element: &Element) -> Told<()> {
        let click = format!("/element/{}/click", element.0);
        self.post(&click, json!({})).await.map(drop)
    }

    /// Empties a field.
    pub async fn clear(&self, element: &Element) -> Told<()> {
        let clear = format!("/element/{}/clear", element.0);
        self.post(&clear, json!({})).await.map(drop)
    }

    /// Types into a field; the paths of files into one for files.
    pub async fn type_into(&self, element: &Element, text: &str) -> Told<()> {
        let value = format!("/element/{}/value", element.0);
        self.post(&value, json!({"text": text})).await.map(drop)
    }

    /// A property of an element, as scripts see it.
    pub async fn property(&self, element: &Element, name: &str) -> Told<Value> {
        self.get(&format!("/element/{}/property/{name}", element.0))
            .await
    }

    /// Presses these keys and lets them go, one after the other, where the focus is.
    pub async fn keys(&self, keys: &str) -> Told<()> {
        let presses: Vec<Value> = keys
            .chars()
            .flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({"type": kind, "value": key})))
            .collect();
        let actions = json!({"actions": [{"type": "key", "id": "keyboard", "actions": presses}]});
        self.post("/actions", actions).await.map(drop)
    }

    /// Asks the driver to close the browser, without a runtime: from where a value is dropped.
    pub fn close(&self) {
        let host = self.driver.trim_start_matches("http://");
        let path = self.url.trim_start_matches(&self.driver);
        let request =
            format!("DELETE {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let ask = || -> std::io::Result<()> {
            use std::io::{Read as _, Write as _};
            let mut stream = std::net::TcpStream::connect(host)?;
            stream.set_read_timeout(Some(Duration::from_secs(30)))?;
            stream.write_all(request.as_bytes())?;
            // One byte of the answer, which comes when it is done.
            stream.read_exact(&mut [0])
        };
        if let Err(error) = ask() {
            eprintln!("the browser was not closed: {error}");
        }
    }
}

async fn answer(request: reqwest::RequestBuilder) -> Told<Value> {
    let lost = |error: reqwest::Error| Refused(format!("the driver does not answer: {error}"));
    let response = request.send().await.map_err(lost)?;
    let is_success = response.status().is_success();
    let mut answer: Map<String, Value> = response.json().await.map_err(lost)?;
    let value = answer.remove("value").unwrap_or_default();
    if is_success {
        return Ok(value);
    }
    let message = value["message"].as_str().unwrap_or_default();
    let message = message.lines().next().unwrap_or_default();
    Err(Refused(format!("{}: {message}", value["error"])))
}

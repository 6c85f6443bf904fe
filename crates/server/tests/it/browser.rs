//! That the tests' browser sees what is there: on the hub, and on pages with mistakes made on purpose.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use serde_json::json;

use crate::support::*;

/// Serves this page at the address, and `/favicon.ico` not; what the browser asked for the page with comes back.
fn serve(head: &'static str, body: &'static str) -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        loop {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 8192];
            // A connection that was opened ahead and never used says nothing.
            let length = stream.read(&mut request).unwrap_or_default();
            let request = String::from_utf8_lossy(&request[..length]).into_owned();
            if !request.starts_with("GET / ") {
                continue;
            }
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {length}\r\n\
                 Connection: close\r\n{head}\r\n{body}"
            );
            stream.write_all(answer.as_bytes()).unwrap();
            return request;
        }
    });
    (format!("http://{address}/"), server)
}

const PAGE: &str = r#"<!doctype html><html lang="en"><head><title>A page</title><link rel="icon" href="data:,">
    <style>:root { color-scheme: light dark } body { margin: 0 } @media (prefers-color-scheme: dark) { p { color: #fff } }</style></head>
    <body><main><h1>A page</h1>
    <form id="form"><label for="who">Your name</label> <input id="who">
    <label>Color <select id="color"><option>Red<option>Deep blue</select></label>
    <label>Pictures <input type="file" id="file" multiple></label>
    <button type="button" aria-label="Say it"><span aria-hidden="true">!</span></button>
    <button type="button" hidden>Not to be seen</button></form>
    <ul><li>first <button type="button">Choose</button></li><li>second <button type="button">Choose</button></li></ul>
    <p id="said"></p></main>
    <script>
    const say = (text) => setTimeout(() => { document.getElementById("said").textContent = text; }, 200);
    const value = (id) => document.getElementById(id).value;
    document.querySelector("[aria-label]").onclick = () => say(
        value("who") + ", " + value("color") + ", " + [...document.getElementById("file").files].map((f) => f.name + " " + f.size).join(" "));
    for (const one of document.querySelectorAll("li button")) one.onclick = () => say("chose the " + one.parentElement.firstChild.data);
    document.onkeydown = (event) => { if (event.key === "Escape") say("fled"); };
    </script></body></html>"#;

#[tokio::test]
async fn the_hub_answers_a_browser() {
    let hub = Hub::start(Options::sqlite()).await;
    let browser = Browser::open().await;
    browser.goto(&format!("{}/openapi.json", hub.url)).await;
    browser.is_at("/openapi.json").await;
    browser.sees("/api/v1/images/generations").await;
    let picture = browser.folder().join("openapi.png");
    browser.screenshot(&picture).await;
    let (width, height) = samples::dimensions(&std::fs::read(&picture).unwrap());
    assert!(width > 1000 && height >= 700, "{width}x{height}");
}

#[tokio::test]
async fn a_page_is_used_by_what_can_be_read_on_it() {
    let browser = Browser::speaking("ko,en").await;
    let (url, server) = serve("", PAGE);
    browser.goto(&url).await;
    let request = server.join().unwrap().to_lowercase();
    assert!(request.contains("accept-language: ko,en"), "{request}");
    assert!(!browser.offers("Not to be seen").await);

    let file = browser.folder().join("fox.txt");
    std::fs::write(&file, "a fox").unwrap();
    browser.upload("#file", &[&file]).await;
    browser.fill("Your name", "Nobody").await;
    browser.fill("Your name", "Ann").await;
    assert_eq!(browser.value("Your name").await, "Ann");
    browser.select("Color", "Deep blue").await;
    browser.click("Say it").await;
    browser.sees("Ann, Deep blue, fox.txt 5").await;
    browser.click_near("second", "Choose").await;
    browser.sees("chose the second").await;
    browser.sees_no("Ann").await;

    // By keyboard alone.
    browser.tab_to("Your name").await;
    assert_eq!(browser.focused().await.0, "textbox");
    browser.type_in("Bob").await;
    browser.tab_to("Say it").await;
    browser.press(Key::Enter).await;
    browser.sees("Bob, Deep blue").await;
    browser.press(Key::Escape).await;
    browser.sees("fled").await;
    assert!(browser.text().await.contains("A page"));

    browser
        .script("navigator.clipboard.writeText('a secret')", &[])
        .await;
    assert_eq!(browser.clipboard().await, "a secret");
    browser.is_content().await;
}

#[tokio::test]
async fn a_page_is_seen_narrow_and_dark() {
    let browser = Browser::open().await;
    let (url, _server) = serve("", PAGE);
    browser.goto(&url).await;
    let width = async || browser.script("return window.innerWidth", &[]).await;
    let is_dark = "return matchMedia('(prefers-color-scheme: dark)').matches";
    browser.narrow().await;
    browser.dark(true).await;
    assert_eq!(width().await, 390);
    assert_eq!(browser.script(is_dark, &[]).await, true);
    assert!(!browser.overflows().await);
    browser
        .script("document.body.style.minWidth = '600px'", &[])
        .await;
    assert!(browser.overflows().await);
    browser.wide().await;
    browser.dark(false).await;
    assert_eq!(width().await, 1280);
    assert_eq!(browser.script(is_dark, &[]).await, false);
}

#[tokio::test]
async fn cookies_are_seen_also_where_scripts_see_none() {
    let browser = Browser::open().await;
    let head = "Set-Cookie: hidden=1; HttpOnly; SameSite=Lax; Path=/\r\nSet-Cookie: plain=2\r\n";
    let (url, _server) = serve(head, PAGE);
    browser.goto(&url).await;
    let seen = browser.script("return document.cookie", &[]).await;
    assert_eq!(seen, "plain=2");
    let hidden = browser.cookie("hidden").await.unwrap();
    assert_eq!(hidden["value"], "1");
    assert_eq!(hidden["httpOnly"], true);
    assert_eq!(hidden["sameSite"], "Lax");
    browser.delete_cookie("hidden").await;
    let mine = json!({"name": "mine", "value": "3"});
    browser.set_cookie(mine).await;
    let cookies = browser.cookies().await;
    let mut names: Vec<_> = cookies.iter().map(|one| one["name"].as_str()).collect();
    names.sort();
    assert_eq!(names, [Some("mine"), Some("plain")]);
    // Another browser is another person.
    let other = Browser::open().await;
    let (url, _server) = serve("", PAGE);
    other.goto(&url).await;
    assert!(other.cookies().await.is_empty());
}

#[tokio::test]
async fn axe_finds_what_is_wrong_whatever_the_policy() {
    let browser = Browser::open().await;
    let (url, _server) = serve("", PAGE);
    browser.goto(&url).await;
    browser.is_accessible().await;
    let wrong = r#"<!doctype html><html><head><title>A page</title><link rel="icon" href="data:,"></head><body><main><h1>A page</h1>
        <input name="nameless"><p style="color: #ccc; background: #fff">Pale</p></main></body></html>"#;
    let policy =
        "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; img-src data:\r\n";
    let (url, _server) = serve(policy, wrong);
    browser.goto(&url).await;
    let found = browser.axe().await;
    for rule in ["color-contrast", "html-has-lang", "label"] {
        let is_found = found
            .iter()
            .any(|line| line.starts_with(&format!("{rule} (")));
        assert!(is_found, "{rule}: {found:#?}");
    }
    browser
        .goto("data:text/html,<title>x</title><img src='data:,'>")
        .await;
    let found = browser.axe().await;
    assert!(
        found.iter().any(|line| line.contains("image-alt")),
        "{found:#?}"
    );
}

#[tokio::test]
async fn what_a_policy_forbids_and_what_breaks_is_complained_of() {
    let browser = Browser::open().await;
    let policy = "Content-Security-Policy: default-src 'none'; img-src data:\r\n";
    let (url, _server) = serve(policy, PAGE);
    browser.goto(&url).await;
    let complaints = browser.complaints().await;
    let is_told = complaints
        .iter()
        .any(|line| line.contains("Content Security Policy"));
    assert!(is_told, "{complaints:#?}");
    browser.is_content().await; // they are told once
    let (url, _server) = serve(
        "",
        "<!doctype html><title>x</title><script>nothing.here()</script>",
    );
    browser.goto(&url).await;
    let complaints = browser.complaints().await;
    assert!(
        complaints
            .iter()
            .any(|line| line.contains("nothing is not defined")),
        "{complaints:#?}"
    );
}

#[tokio::test]
async fn nothing_is_left_of_a_browser() {
    let browser = Browser::open().await;
    let (url, _server) = serve("", PAGE);
    browser.goto(&url).await;
    let (folder, id) = (
        browser.folder(),
        browser.session().capabilities["goog:processID"].clone(),
    );
    assert!(id.is_u64(), "{id}");
    drop(browser);
    assert!(!folder.exists());
    assert!(!std::path::Path::new(&format!("/proc/{id}")).exists());
}

#[test]
fn javascript_and_python_run() {
    let node = std::process::Command::new(tool("TEST_NODE"))
        .args(["-e", "console.log(typeof fetch, typeof FormData)"])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&node.stdout), "function function\n");
    let python = std::process::Command::new(tool("TEST_PYTHON"))
        .args(["-c", "import requests; print(requests.get.__name__)"])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&python.stdout), "get\n");
}

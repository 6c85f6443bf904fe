//! The console as people use it: a real browser in front of the real binary.

mod accessibility;
mod administration;
mod attacks;
mod explorer;
mod frames;
mod keyboard;
mod languages;
mod one_time_passwords;
mod pages;
mod passwords;
mod playground;
mod privacy;
mod rotation;
mod sessions;
mod story;
mod without_scripts;

use reqwest::{Method, RequestBuilder};

use crate::support::*;

/// Long enough, and nobody's.
const PASSWORD: &str = "four small words only";

/// Where a browser of this hub goes.
fn at(hub: &Hub, path: &str) -> String {
    format!("{}{path}", hub.url)
}

/// Makes an account at the sign-up page; the browser is signed in to it afterwards.
async fn sign_up(browser: &Browser, hub: &Hub, email: &str) {
    browser.goto(&at(hub, "/sign-up")).await;
    browser.fill("Email", email).await;
    browser.fill("Password", PASSWORD).await;
    browser.click("Sign up").await;
    browser.is_at("/keys").await;
}

/// Fills in the sign-in page, and sends it.
async fn try_password(browser: &Browser, hub: &Hub, email: &str, password: &str) {
    browser.goto(&at(hub, "/sign-in")).await;
    browser.fill("Email", email).await;
    browser.fill("Password", password).await;
    browser.click_near("Email", "Sign in").await;
}

/// Signs in with [`PASSWORD`].
async fn sign_in(browser: &Browser, hub: &Hub, email: &str) {
    try_password(browser, hub, email, PASSWORD).await;
    browser.is_at("/generations").await;
}

/// Adds an account with [`PASSWORD`] by the command line.
fn add_account(hub: &Hub, email: &str, more: &[&str]) {
    let fixed = ["account", "create", "--email", email, "--password-stdin"];
    hub.gih_with_stdin(&[&fixed, more].concat(), PASSWORD)
        .succeed();
}

/// Makes an API key at the keys page, and leaves the page showing its secret.
async fn make_key(browser: &Browser, hub: &Hub, name: &str, mode: &str) -> String {
    browser.goto(&at(hub, "/keys")).await;
    browser.fill("Name", name).await;
    browser.click(mode).await;
    browser.click("Create key").await;
    browser.sees("it is shown this once").await;
    let secret = browser.script("return document.querySelector('#secret').textContent", &[]);
    secret.await.as_str().unwrap().to_owned()
}

/// The names of the modes at the keys page.
const TEST_KEY: &str = "Test: the built-in sandbox draws, for test credits";
const LIVE_KEY: &str = "Live: real images, for live credits";

/// Waits until so many pictures that a selector names are there and decoded.
async fn shows(browser: &Browser, selector: &str, count: usize) {
    let look = "const all = [...document.querySelectorAll(arguments[0])];
        for (const one of all) one.loading = 'eager';
        return all.filter((one) => one.complete && one.naturalWidth > 0).length;";
    until(&format!("{count} pictures {selector}"), async || {
        let found = browser.script(look, &[selector.into()]).await;
        (found == count).then_some(())
    })
    .await;
}

/// A request of a browser that has this cookie.
fn request(hub: &Hub, method: Method, path: &str, cookie: &str) -> RequestBuilder {
    hub.without_key()
        .request(method, path)
        .header("cookie", cookie)
        .header("accept", "text/html,application/json")
}

/// The status of an address for who has this cookie, and the body.
async fn get(hub: &Hub, path: &str, cookie: &str) -> (u16, String) {
    told(send(request(hub, Method::GET, path, cookie)).await)
}

/// The same of a form that is sent there, as `name=value&…`.
async fn post(hub: &Hub, path: &str, cookie: &str, form: &str) -> (u16, String) {
    told(post_whole(hub, path, cookie, form).await)
}

/// The whole answer to a form.
async fn post_whole(hub: &Hub, path: &str, cookie: &str, form: &str) -> Answer {
    let request = request(hub, Method::POST, path, cookie)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form.to_owned());
    send(request).await
}

fn told(answer: Answer) -> (u16, String) {
    let body = String::from_utf8_lossy(&answer.body).into_owned();
    (answer.status, body)
}

/// Signs in without a browser, with [`PASSWORD`]; the cookies that it would have then.
async fn cookie_of(hub: &Hub, email: &str) -> String {
    let form = format!(
        "email={}&password={}",
        email.replace('@', "%40"),
        PASSWORD.replace(' ', "+")
    );
    let answer = post_whole(hub, "/sign-in", "", &form).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    let cookies = answer.headers.get_all("set-cookie").iter();
    let cookies: Vec<&str> = cookies
        .map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap())
        .collect();
    cookies.join("; ")
}

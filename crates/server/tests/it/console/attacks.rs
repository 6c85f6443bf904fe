//! What others try: forms on other sites, scripts in names, pages in frames.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use reqwest::Method;

use super::*;

/// Another site, on `localhost`, that shows every visitor this page.
fn site(html: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut request = [0; 8192];
            let _length = stream.read(&mut request);
            let length = html.len();
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{html}"
            );
            let _gone = stream.write_all(answer.as_bytes());
        }
    });
    // Another host than the hub's, so another site to the browser.
    format!("http://localhost:{port}/")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_another_site_does_nothing() {
    let hub = Hub::start(Options::sqlite()).await;
    let browser = Browser::open().await;
    sign_up(&browser, &hub, "ann@example.com").await;
    let id = {
        make_key(&browser, &hub, "shop", TEST_KEY).await;
        let revoke = "return document.querySelector('a[href$=\"/revoke\"]').getAttribute('href')";
        browser
            .script(revoke, &[])
            .await
            .as_str()
            .unwrap()
            .to_owned()
    };
    for (path, fields) in [
        (id.as_str(), ""),
        (
            "/keys",
            "<input name=name value=evil><input name=mode value=test><input name=expires value=never>",
        ),
        (
            "/playground?mode=test&once=00112233445566778899aabbccddeeff",
            "<input name=model value=gpt-image-2><input name=prompt value=evil>",
        ),
        (
            "/account",
            "<input name=current value='four small words only'><input name=new value='evil evil evil evil'>",
        ),
        ("/sign-out", ""),
    ] {
        let form = format!(
            "<!doctype html><title>Win a prize</title><form method=post action='{}{path}'>{fields}<button>Win</button></form>",
            hub.url
        );
        browser.goto(&site(form)).await;
        browser.click("Win").await;
        browser.sees("another site").await;
    }
    // All is as it was: still signed in, one key that works, nothing generated.
    browser.goto(&at(&hub, "/keys")).await;
    browser.sees("shop").await;
    assert!(browser.offers("Revoke shop").await);
    assert!(!browser.offers("Revoke evil").await);
    browser.goto(&at(&hub, "/generations?mode=test")).await;
    browser.sees("Nothing here in test mode yet").await;
    browser.click("Sign out").await;
    sign_in(&browser, &hub, "ann@example.com").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_in_nobodys_frame() {
    let hub = Hub::start(Options::sqlite()).await;
    let browser = Browser::open().await;
    let frame = format!(
        "<!doctype html><title>Frame</title><iframe src='{}/sign-in'></iframe>",
        hub.url
    );
    browser.goto(&site(frame)).await;
    until("the refusal", async || {
        let complaints = browser.complaints().await;
        complaints
            .iter()
            .any(|line| line.contains("frame-ancestors"))
            .then_some(())
    })
    .await;
}

/// Would run in a page that forgets to escape, in an attribute as in text, in a script as in an address.
const SCRIPT: &str = r#"</script></textarea>"'><img src=x onerror="document.title='pwned'"><script>document.title='pwned'</script>{{7*7}}"#;

#[tokio::test(flavor = "multi_thread")]
async fn scripts_in_what_people_write_are_text() {
    on_both(async |options| {
        let hub = Hub::start(options).await;
        add_account(&hub, "root@example.com", &["--admin"]);
        let browser = Browser::open().await;
        sign_in(&browser, &hub, "root@example.com").await;
        let is_text = async |where_is: &str| {
            browser.sees("<script>document.title='pwned'</script>{{7*7}}").await;
            is_unharmed(&browser, where_is).await;
        };

        // A key's name, at most 100 characters.
        let name = r#""'><img src=x onerror="document.title='pwned'"><script>document.title='pwned'</script>{{7*7}}"#;
        let secret = make_key(&browser, &hub, name, TEST_KEY).await;
        is_text("/keys").await;
        browser.click(&format!("Rotate {name}")).await;
        is_text("rotate").await;
        browser.goto(&at(&hub, "/generations?mode=test")).await;
        is_unharmed(&browser, "the list of keys").await;

        // A prompt, in the playground and everywhere that shows it.
        browser.goto(&at(&hub, "/playground?mode=test")).await;
        browser.fill("Prompt", SCRIPT).await;
        let name = "<img src=x onerror=document.title='pwned'>.png";
        let file = browser.folder().join(name);
        std::fs::write(&file, samples::png(64, 64)).unwrap();
        browser.upload("#reference_image", &[&file]).await;
        browser.sees(name).await;
        browser.click("Generate · 8 credits").await;
        shows(&browser, ".made img", 1).await;
        is_text("/playground").await;
        browser.sees(name).await;
        browser.reload().await;
        shows(&browser, ".made img", 1).await;
        is_unharmed(&browser, "a playground loaded again").await;
        let api = hub.with_key(&secret);
        let listed = api.get("/api/v1/generations").await.ok(200);
        assert_eq!(listed["data"][0]["prompt"], SCRIPT);
        let id = listed["data"][0]["id"].as_str().unwrap();
        for path in [
            "/generations?mode=test".to_owned(),
            format!("/generations/{id}"),
            format!("/playground?from={id}"),
            "/admin/generations?mode=test".to_owned(),
            format!("/admin/generations/{id}"),
        ] {
            browser.goto(&at(&hub, &path)).await;
            if path.starts_with("/playground") {
                assert_eq!(browser.value("Prompt").await, SCRIPT);
            } else if !path.starts_with("/admin/generations?") {
                // Their list shows no more than the beginning.
                is_text(&path).await;
            }
            is_unharmed(&browser, &path).await;
        }

        // What stands in an address, and comes back in a message.
        for path in ["/generations?status=", "/generations?key=", "/credits?from=", "/sign-in?next=", "/admin/accounts?q=", "/keys/", "/images/"] {
            let evil = "%22'%3E%3Cimg%20src%3Dx%20onerror%3D%22document.title%3D'pwned'%22%3E";
            browser.goto(&at(&hub, &format!("{path}{evil}"))).await;
            is_unharmed(&browser, path).await;
        }
        hub.audit();
    })
    .await;
}

/// Nothing was run, and nothing wanted to.
async fn is_unharmed(browser: &Browser, where_is: &str) {
    let state = browser
        .script(
            "return [document.title, document.querySelector('img[src=x]') === null]",
            &[],
        )
        .await;
    assert_ne!(state[0], "pwned", "{where_is}");
    assert_eq!(state[1], true, "{where_is}");
    browser.is_content().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_forbids_what_it_does_not_need() {
    let hub = Hub::start(Options::sqlite()).await;
    let anybody = hub.without_key();
    for path in [
        "/",
        "/it/api-docs",
        "/api-explorer",
        "/sign-in",
        "/sign-up",
        "/keys",
        "/no/such/page",
    ] {
        let request = anybody
            .request(Method::GET, path)
            .header("accept", "text/html");
        let answer = send(request).await;
        let policy = answer.header("content-security-policy").unwrap_or_default();
        for part in [
            "default-src 'none'",
            "frame-ancestors 'none'",
            "script-src 'self'",
            "style-src 'self'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(
            answer.header("x-content-type-options"),
            Some("nosniff"),
            "{path}"
        );
    }
    // Where the hub is reached by https, the cookie is bound to its host.
    let hub = Hub::start(Options::sqlite().env("GIH_PUBLIC_URL", "https://hub.example.com")).await;
    add_account(&hub, "ann@example.com", &[]);
    let request = hub
        .without_key()
        .request(Method::POST, "/sign-in")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("origin", "https://hub.example.com")
        .body("email=ann%40example.com&password=four+small+words+only");
    let answer = send(request).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    let cookies: Vec<&str> = answer
        .headers
        .get_all("set-cookie")
        .iter()
        .map(|value| value.to_str().unwrap())
        .collect();
    let session = cookies
        .iter()
        .find(|cookie| cookie.starts_with("__Host-gih_session="));
    let session = session.unwrap_or_else(|| panic!("{cookies:?}"));
    for part in ["; HttpOnly", "; Secure", "; SameSite=Lax", "; Path=/"] {
        assert!(session.contains(part), "{session}");
    }
    assert!(!session.contains("Domain"), "{session}");
}

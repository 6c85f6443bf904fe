//! The documentation: its examples, run as a person would copy them, and its languages.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::*;

/// Where examples are kept, to know that the page has them all.
const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../console/examples");

/// The programming languages: extension, class on the page.
const TONGUES: [(&str, &str); 3] = [("sh", "sh"), ("py", "py"), ("mjs", "js")];

/// A page, and its language as the headers tell it.
async fn page(hub: &Hub, path: &str, accepted: &str) -> (String, String) {
    let request = hub.without_key().request(Method::GET, path);
    let answer = send(request.header("accept-language", accepted)).await;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    let language = answer.header("content-language").unwrap_or_default();
    let html = String::from_utf8(answer.body.to_vec()).unwrap();
    (html, language.to_owned())
}

/// What a person copies: the text of the element with this id.
fn copied(html: &str, id: &str) -> String {
    let (_, rest) = html
        .split_once(&format!(" id=\"{id}\""))
        .unwrap_or_else(|| panic!("{id} is not on the page"));
    let (_, rest) = rest.split_once('>').unwrap();
    let (text, _) = rest.split_once("</pre>").unwrap();
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

/// The names of the examples that are in every programming language.
fn examples() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(EXAMPLES).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension != "json")
        {
            names.insert(path.file_stem().unwrap().to_str().unwrap().to_owned());
        }
    }
    names
}

/// Runs an example in this folder, as a person with this key would; what it prints.
fn run(folder: &Path, file: &str, text: &str, key: &str) -> String {
    std::fs::write(folder.join(file), text).unwrap();
    let program = match file.rsplit_once('.').unwrap().1 {
        "sh" => "sh".into(),
        "py" => tool("TEST_PYTHON"),
        _ => tool("TEST_NODE"),
    };
    let output = Command::new(program)
        .arg(file)
        .current_dir(folder)
        .env("GIH_KEY", key)
        .output()
        .unwrap();
    let (printed, complaints) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success(),
        "{file}: {printed}\n{complaints}\n{text}"
    );
    printed.into_owned()
}

/// The addresses of images in what was printed.
fn image_urls(hub: &Hub, printed: &str) -> Vec<String> {
    let base = format!("{}/media/", hub.url);
    let pieces = printed.split(|char: char| char.is_whitespace() || "\"'".contains(char));
    pieces
        .filter(|piece| piece.starts_with(&base))
        .map(ToOwned::to_owned)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_does_what_it_says() {
    let hub = Hub::start(Options::sqlite()).await;
    let api = hub.account().test();
    let (html, _) = page(&hub, "/en/api-docs", "").await;
    let folder = tempfile::tempdir().unwrap();
    let fox = folder.path().join("fox.png");
    // `generate` saves the picture that `reference` sends.
    let mut names: Vec<String> = examples().into_iter().collect();
    names.sort_by_key(|name| name != "generate");
    for name in names {
        let mut made = BTreeSet::new();
        for (extension, class) in TONGUES {
            let text = copied(&html, &format!("{name}-{class}"));
            let file = format!("{name}.{extension}");
            if name == "generate" {
                let _not_there_yet = std::fs::remove_file(&fox);
            }
            let count = api.count().await;
            let printed = run(folder.path(), &file, &text, api.key());
            let new = api.count().await - count;
            let urls = image_urls(&hub, &printed);
            for url in &urls {
                let png = api.get(url).await;
                assert_eq!(png.status, 200, "{file}: {png:?}");
                assert!(samples::dimensions(&png.body).0 > 0, "{file}");
            }
            match name.as_str() {
                "models" => assert!(
                    printed.contains("gpt-image-2") && new == 0,
                    "{file}: {printed}"
                ),
                "credits" => {
                    let credits = api.credits().await.to_string();
                    assert!(printed.contains(&credits) && new == 0, "{file}: {printed}");
                }
                "list" => assert!(urls.len() >= count.min(20) && new == 0, "{file}: {printed}"),
                "generate" => {
                    assert_eq!((urls.len(), new), (1, 1), "{file}: {printed}");
                    let png = std::fs::read(&fox).unwrap();
                    assert_eq!(samples::dimensions(&png), (1536, 1024), "{file}");
                }
                "retry" => {
                    assert_eq!(urls.len(), 1, "{file}: {printed}");
                    made.extend(urls);
                }
                _ => assert_eq!((urls.len(), new), (1, 1), "{file}: {printed}"),
            }
        }
        if name == "retry" {
            assert_eq!(
                made.len(),
                1,
                "the same request under the same key is made once"
            );
        }
    }
    hub.audit();
}

/// The names of an object's fields and of those in it, with dots between.
fn names(value: &Value, prefix: &str, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                names.insert(format!("{prefix}{name}"));
                self::names(value, &format!("{prefix}{name}."), names);
            }
        }
        Value::Array(values) => values
            .iter()
            .for_each(|value| self::names(value, prefix, names)),
        _ => {}
    }
}

#[tokio::test]
async fn the_answers_shown_are_those_that_are_given() {
    let hub = Hub::start(Options::sqlite()).await;
    let account = hub.account();
    account.grant_with(40, &["--expires-at", "2198-12-01"]);
    let (live, test) = (account.live(), account.test());
    let (html, _) = page(&hub, "/en/api-docs", "").await;
    let fox = json!({"prompt": "A red fox in the snow", "size": "1536x1024", "quality": "high"});
    for (name, given) in [
        ("credits", live.get("/api/v1/credits").await.ok(200)),
        ("generate", test.draw(fox).await.ok(200)),
        ("error", test.draw(json!({"n": 5})).await.ok(400)),
    ] {
        let sample = std::fs::read_to_string(format!("{EXAMPLES}/{name}.json")).unwrap();
        let sample = sample.replace("{{base_url}}", &hub.url);
        assert!(
            html.contains(sample.trim_end()),
            "{name}.json is on the page"
        );
        let (mut shown_names, mut given_names) = (BTreeSet::new(), BTreeSet::new());
        let shown: Value = serde_json::from_str(&sample).unwrap();
        names(&shown, "", &mut shown_names);
        names(&given, "", &mut given_names);
        assert_eq!(shown_names, given_names, "{name}");
        if name == "generate" {
            for field in ["status", "model", "aspect_ratio", "quality", "usage"] {
                assert_eq!(shown[field], given[field], "{field}");
            }
        }
        if name == "error" {
            assert_eq!(shown, given);
        }
    }
}

#[tokio::test]
async fn the_language_is_the_address_s_then_the_browser_s() {
    let hub = Hub::start(Options::sqlite()).await;
    for (code, tag) in [
        ("en", "en"),
        ("it", "it"),
        ("ko", "ko"),
        ("zh", "zh-Hans"),
        ("hi", "hi"),
    ] {
        let (html, language) = page(&hub, &format!("/{code}/api-docs"), "fr, en;q=0.5").await;
        assert_eq!(language, tag);
        assert!(html.contains(&format!("<html lang=\"{tag}\">")));
        let (root, language) = page(&hub, "/", &format!("fr, {tag};q=0.8, en;q=0.1")).await;
        assert_eq!(language, tag);
        assert_eq!(root, html, "one page, two addresses");
        let canonical = format!(
            "<link rel=\"canonical\" href=\"{}/{code}/api-docs\">",
            hub.url
        );
        assert!(html.contains(&canonical));
    }
    for accepted in ["", "fr", "*"] {
        assert_eq!(page(&hub, "/", accepted).await.1, "en");
    }
    let answer = hub.without_key().get("/").await;
    let vary: Vec<_> = answer
        .headers
        .get_all("vary")
        .iter()
        .map(|value| value.to_str().unwrap())
        .collect();
    let vary = vary.join(", ").to_lowercase();
    for name in ["accept-language", "accept-encoding"] {
        assert!(vary.contains(name), "{vary}");
    }
    for path in ["/tlh/api-docs", "/EN/api-docs", "/en", "/en/api-docs/"] {
        let answer = hub.without_key().get(path).await;
        assert_eq!(answer.status, 404, "{path}");
    }
}

#[tokio::test]
async fn models_are_shown_as_they_are_sold_now() {
    let hub = Hub::start(Options::sqlite()).await;
    assert!(
        page(&hub, "/", "")
            .await
            .0
            .contains("<td class=\"number\">10</td>")
    );
    hub.gih(&["model", "set", "gpt-image-2", "--price", "2K=4321"])
        .succeed();
    assert!(
        page(&hub, "/", "")
            .await
            .0
            .contains("<td class=\"number\">4,321</td>")
    );
    assert!(
        page(&hub, "/it/api-docs", "")
            .await
            .0
            .contains("<td class=\"number\">4.321</td>")
    );
}

#[tokio::test]
async fn pages_travel_compressed_to_who_reads_that() {
    let hub = Hub::start(Options::sqlite()).await;
    for path in ["/hi/api-docs", "/api-explorer"] {
        let plain = hub.without_key().get(path).await;
        assert_eq!(
            (plain.status, plain.header("content-encoding")),
            (200, None)
        );
        let request = hub.without_key().request(Method::GET, path);
        let sent = send(request.header("accept-encoding", "gzip")).await;
        assert_eq!(sent.header("content-encoding"), Some("gzip"));
        assert_eq!(&sent.body[..2], b"\x1f\x8b");
        assert!(
            sent.body.len() < 20_000 && sent.body.len() * 3 < plain.body.len(),
            "{path}: {}",
            sent.body.len()
        );
    }
}

#[tokio::test]
async fn the_explorer_has_every_call_of_the_contract() {
    let hub = Hub::start(Options::sqlite()).await;
    let (html, _) = page(&hub, "/api-explorer", "").await;
    let document = hub.without_key().get("/openapi.json").await.ok(200);
    let mut calls = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            calls.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    let told: BTreeSet<String> = html
        .split("data-method=\"")
        .skip(1)
        .map(|rest| {
            let mut values = rest.split('"');
            format!("{} {}", values.next().unwrap(), values.nth(1).unwrap())
        })
        .collect();
    assert_eq!(told, calls);
    // What a person reads in the documentation about endpoints is the same list.
    let (docs, _) = page(&hub, "/en/api-docs", "").await;
    for call in calls {
        assert!(docs.contains(&format!("<code>{call}</code>")), "{call}");
    }
}

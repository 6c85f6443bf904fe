//! `gih doctor`: well when all is well, and what it says of each thing that is not.

mod obstacles;
mod torture;

use std::net::TcpListener;

use gih_fake_openai::{DEFAULT_KEY, FakeOpenAi};
use serde_json::{Value, json};

use super::site::{KINDS, Site, keys, says, text};
use crate::media::in_bucket;
use crate::support::{Finished, Kind, Options, samples};

const NAMES: [&str; 9] = [
    "configuration",
    "database",
    "schema",
    "clock",
    "models",
    "storage",
    "provider",
    "disk",
    "files",
];

/// Must be in no report.
const SECRET: &str = "s3kr3t-hush-hush";

/// What was found, by name. The report must have its shape, the exit code must fit, and no secret may be told.
#[track_caller]
fn found(ran: &Finished) -> Value {
    let told = ran.json();
    assert_eq!(keys(&told), ["checks", "ok"]);
    let checks = told["checks"].as_array().unwrap();
    let names: Vec<&str> = checks.iter().map(|check| text(check, "name")).collect();
    assert_eq!(names, NAMES, "{told:#}");
    let mut by_name = serde_json::Map::new();
    for check in checks {
        assert_eq!(keys(check), ["mend", "message", "name", "ok", "status"]);
        let message = text(check, "message");
        assert!(!message.is_empty() && !message.contains('\n'), "{check}");
        let is_ok = matches!(text(check, "status"), "ok" | "warning");
        assert_eq!(check["ok"], is_ok, "{check}");
        let is_mended = matches!(text(check, "status"), "warning" | "failed");
        assert_eq!(check["mend"].is_string(), is_mended, "{check}");
        by_name.insert(text(check, "name").to_owned(), check.clone());
    }
    let is_ok = checks.iter().all(|check| check["ok"] == true);
    assert_eq!(told["ok"], is_ok, "{told:#}");
    assert_eq!(ran.code, Some(i32::from(!is_ok)), "{told:#}");
    assert!(!ran.stdout.contains(SECRET), "{ran:?}");
    assert_eq!(ran.stderr, "");
    by_name.into()
}

fn doctor(site: &Site) -> Value {
    found(&site.gih(&["doctor", "--json"]))
}

#[track_caller]
fn is(found: &Value, name: &str, status: &str, words: &[&str]) {
    let check = &found[name];
    assert_eq!(check["status"], status, "{found:#}");
    let told = format!("{} {}", text(check, "message"), check["mend"]);
    for word in words {
        assert!(told.contains(word), "{word}: {check:#}");
    }
}

/// Everything but these is well. (How much room the machine has is not the test's business.)
#[track_caller]
fn others_are_well(found: &Value, but: &[&str]) {
    for name in NAMES {
        let is_machine = matches!(name, "disk" | "files");
        if !but.contains(&name) {
            let status = text(&found[name], "status");
            assert!(
                status == "ok" || is_machine && status == "warning",
                "{found:#}"
            );
        }
    }
}

#[tokio::test]
async fn all_is_well_before_the_first_start_and_nothing_is_made() {
    for kind in KINDS {
        let upstream = FakeOpenAi::start().await;
        let options = Options::on(kind).upstream(&upstream);
        let site = Site {
            options,
            ..Site::of(kind)
        };
        let found = doctor(&site);
        others_are_well(&found, &[]);
        is(&found, "storage", "ok", &["first start"]);
        if kind == Kind::Sqlite {
            is(&found, "database", "ok", &["gih.db", "first start"]);
        }
        assert!(!site.place.data_dir().exists(), "{kind:?}");
        assert_eq!(upstream.call_count(), 0);
    }
}

#[tokio::test]
async fn all_is_well_beside_a_running_hub() {
    for kind in KINDS {
        let upstream = FakeOpenAi::start().await;
        let options = Options::on(kind).upstream(&upstream);
        let site = Site {
            options,
            ..Site::of(kind)
        };
        let hub = site.serve().await;
        let api = hub.account().test();
        let drawn = api.draw(json!({})).await.ok(200);
        let files = || {
            let media = site.place.data_dir().join("media");
            let folder = |name: &str| {
                std::fs::read_dir(media.join(name))
                    .into_iter()
                    .flatten()
                    .count()
            };
            [
                folder("generations"),
                folder("references"),
                folder(".check"),
                folder(".incoming"),
            ]
        };
        let before = files();
        let found = doctor(&site);
        others_are_well(&found, &[]);
        is(
            &found,
            "provider",
            "ok",
            &[&upstream.base_url(), "takes the key"],
        );
        is(&found, "models", "ok", &["gpt-image-2"]);
        assert_eq!((files(), upstream.call_count()), (before, 0));
        says(
            &site.gih(&["doctor"]),
            &["ok       database", "The hub can work."],
        );
        samples::dimensions(&api.open(&drawn["images"][0]).await);
        hub.audit();
    }
}

#[test]
fn settings_with_mistakes_are_all_told_and_the_rest_is_checked() {
    let site = Site::postgres();
    let wrong = site
        .with("GIH_LEESE", "5s")
        .with("GIH_WORKERS", "many")
        .with("GIH_LOG", "gih=loudly")
        .with("GIH_BIND", "0.0.0.0:80");
    let found = doctor(&wrong);
    let words = [
        "GIH_LEESE is not a setting; did you mean GIH_LEASE?",
        "GIH_WORKERS is \"many\"",
        "gih=loudly",
        "GIH_PUBLIC_URL",
        "CONFIGURATION.md",
    ];
    is(&found, "configuration", "failed", &words);
    others_are_well(&found, &["configuration", "provider"]);
    is(&found, "provider", "warning", &["OPENAI_API_KEY"]);
    let ran = wrong.gih(&["doctor"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stdout.contains("FAILED   configuration"), "{ran:?}");
    assert!(ran.stdout.ends_with("configuration failed.\n"), "{ran:?}");

    // The key is shown to nobody when it is uncertain who is meant.
    let uncertain = site
        .with("OPENAI_API_KEY", SECRET)
        .with("OPENAI_BASE_URL", "api");
    let found = doctor(&uncertain);
    is(&found, "configuration", "failed", &["OPENAI_BASE_URL"]);
    is(&found, "provider", "skipped", &["configuration"]);

    let file = site.file("broken.toml", "workers = = 1");
    let found = doctor(&site.with("GIH_CONFIG", &file.display().to_string()));
    is(
        &found,
        "configuration",
        "failed",
        &["broken.toml", "line 1"],
    );
    for name in &NAMES[1..] {
        is(&found, name, "skipped", &["configuration"]);
    }
}

#[test]
fn a_database_that_cannot_be_used_is_told() {
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let site = Site::postgres();
    let another = site.place.database_url().replace("gih_it_", "gih_gone_");
    let nobody = format!("postgres://gih:{SECRET}@{free}/gih");
    let strange = site.file("strange.db", "It was a dark and stormy night.");
    let strange = format!("sqlite://{}", strange.display());
    let below_a_file = format!("{strange}/gih.db");
    for (url, words) in [
        (
            nobody.as_str(),
            &["refused", "gih:***@", "DATABASE_URL"][..],
        ),
        (&another, &["gih_gone_", "does not exist", "DATABASE_URL"]),
        (
            "mysql://host/gih",
            &[
                "mysql",
                "sqlite://PATH",
                "set DATABASE_URL to",
                "postgres://",
            ],
        ),
        (
            &strange,
            &["strange.db", "no SQLite database", "DATABASE_URL"],
        ),
        (&below_a_file, &["strange.db", "DATABASE_URL"]),
    ] {
        let found = doctor(&site.with("DATABASE_URL", url));
        is(&found, "database", "failed", words);
        for name in ["schema", "clock", "models"] {
            is(&found, name, "skipped", &["database"]);
        }
        is(&found, "storage", "ok", &[]);
    }
    assert_eq!(
        std::fs::read_to_string(site.place.folder().join("strange.db")).unwrap(),
        "It was a dark and stormy night."
    );
}

#[test]
fn a_schema_that_is_behind_is_told() {
    for kind in KINDS {
        let site = Site::of(kind);
        site.gih(&["migrate"]).succeed();
        others_are_well(&doctor(&site), &["provider"]);
        site.place.execute("DELETE FROM __diesel_schema_migrations");
        let newer = "INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101000000')";
        site.place.execute(newer);
        let found = doctor(&site);
        is(
            &found,
            "schema",
            "failed",
            &["behind", "books", "gih migrate"],
        );
        is(&found, "models", "skipped", &["schema"]);
        others_are_well(&found, &["schema", "models", "provider"]);
    }
    let found = doctor(&Site::without_schema(Kind::Postgres));
    is(&found, "schema", "failed", &["gih migrate"]);
}

#[test]
fn models_without_a_price_or_a_provider_are_told() {
    for kind in KINDS {
        let site = Site::of(kind);
        site.gih(&["migrate"]).succeed();
        site.place
            .execute("UPDATE models SET credits_per_image = '{\"1K\": 8}'");
        let found = doctor(&site);
        let mend = "gih model set gpt-image-2 --price 2K=CREDITS --price 4K=CREDITS";
        is(&found, "models", "failed", &["no price for 2K, 4K", mend]);
        others_are_well(&found, &["models", "provider"]);
        let set = [
            "model",
            "set",
            "gpt-image-2",
            "--price",
            "2K=1",
            "--price",
            "4K=1",
        ];
        site.gih(&[&set[..], &["--provider", "nobody"]].concat())
            .succeed();
        is(
            &doctor(&site),
            "models",
            "failed",
            &["\"nobody\"", "--provider openai"],
        );
        site.gih(&["seed", "--reset"]).succeed();
        others_are_well(&doctor(&site), &["provider"]);
    }
}

#[test]
fn a_storage_that_cannot_be_used_is_told() {
    let site = Site::embedded();
    let file = site.file("plain", "no folder");
    let below_a_file = format!("file://{}/media", file.display());
    let found = doctor(&site.with("GIH_STORAGE_URL", &below_a_file));
    is(&found, "storage", "failed", &["plain", "GIH_STORAGE_URL"]);
    others_are_well(&found, &["storage", "provider"]);
    let found = doctor(&site.with("GIH_STORAGE_URL", "ftp://somewhere"));
    is(&found, "storage", "failed", &["ftp", "s3://"]);

    let (options, bucket) = in_bucket(Options::sqlite().env("AWS_SESSION_TOKEN", SECRET));
    let site = Site { options, ..site };
    is(
        &doctor(&site),
        "storage",
        "ok",
        &[&bucket, "written, read and deleted"],
    );
    let site = site.with("GIH_STORAGE_URL", "s3://gih-no-such-bucket/hub");
    is(
        &doctor(&site),
        "storage",
        "failed",
        &["gih-no-such-bucket", "AWS_*"],
    );
}

#[tokio::test]
async fn a_provider_that_cannot_be_used_is_told() {
    let upstream = FakeOpenAi::start().await;
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let nobody = format!("http://{free}/v1");
    let nowhere = format!("{}/nowhere", upstream.base_url());
    let site = Site::embedded();
    for (key, url, words) in [
        (
            SECRET,
            upstream.base_url(),
            ["refuses the key", "OPENAI_API_KEY"],
        ),
        (SECRET, nobody, ["cannot be reached", "OPENAI_BASE_URL"]),
        (DEFAULT_KEY, nowhere, ["404", "OPENAI_BASE_URL"]),
        (
            "sk-\u{1}",
            upstream.base_url(),
            ["OPENAI_API_KEY", "no key has"],
        ),
    ] {
        let site = site
            .with("OPENAI_BASE_URL", &url)
            .with("OPENAI_API_KEY", key);
        let found = doctor(&site);
        is(&found, "provider", "failed", &words);
        others_are_well(&found, &["provider"]);
    }
    is(
        &doctor(&site),
        "provider",
        "warning",
        &["503", "OPENAI_API_KEY"],
    );
}

#[test]
fn a_machine_that_is_too_small_is_told() {
    let site = Site::embedded();
    let found = doctor(&site.with("GIH_SPOOL_LIMIT", "1000000 TB"));
    is(&found, "disk", "warning", &["GIH_SPOOL_LIMIT"]);
    let found = doctor(&site.with("GIH_WORKERS", "100000000"));
    if !text(&found["files"], "message").contains("any number") {
        is(
            &found,
            "files",
            "warning",
            &["GIH_MAX_CONNECTIONS", "LimitNOFILE"],
        );
    }
    let file = site.file("plain", "no folder");
    let below_a_file = file.join("data").display().to_string();
    let found = doctor(&site.with("GIH_DATA_DIR", &below_a_file));
    is(&found, "disk", "failed", &["plain", "GIH_DATA_DIR"]);
    is(&found, "database", "failed", &["plain", "GIH_DATA_DIR"]);
}

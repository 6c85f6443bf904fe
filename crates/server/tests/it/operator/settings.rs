//! Settings: a mistake stops the start with one line that names it; the rest is logged once, secrets masked.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use super::site::{Site, refused};
use crate::support::{Finished, process};

/// No mistake may keep the operator waiting: the slowest is a server that does not answer.
const QUICKLY: Duration = Duration::from_secs(20);
const SECRET: &str = "s3kr3t";

/// Runs the binary with these settings on top of a good site's; the one line of the refusal, which is all that there is
/// on stderr when the log is quiet.
fn refusal(site: &Site, args: &[&str], settings: &[(&str, &str)]) -> String {
    let quiet = site.with("GIH_LOG", "error");
    let site = (settings.iter()).fold(quiet, |site, (name, value)| site.with(name, value));
    let began = Instant::now();
    let ran = site.gih(args);
    let took = began.elapsed();
    assert!(took < QUICKLY, "{settings:?} took {took:?}");
    assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
    let line = refused(&ran).to_owned();
    let is_clean = !line.contains("panicked") && !line.contains(SECRET);
    assert!(is_clean, "{line}");
    line
}

#[test]
fn a_wrong_setting_is_named_in_one_line() {
    let site = Site::embedded();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let file = site.file("plain", "no folder");
    let below_a_file = format!("{}/data", file.display());
    let cases: [(&str, &str, &[&str]); 26] = [
        (
            "GIH_WORKER",
            "4",
            &["GIH_WORKER is not a setting", "GIH_WORKERS"],
        ),
        (
            "GIH_MAX_QUEU",
            "4",
            &["GIH_MAX_QUEU is not", "GIH_MAX_QUEUE?"],
        ),
        (
            "GIH_SIGN_UP",
            "yes",
            &["GIH_SIGN_UP", "\"yes\"", "open or closed"],
        ),
        ("GIH_WORKERS", "0", &["GIH_WORKERS", "\"0\"", "from 1"]),
        ("GIH_WORKERS", "many", &["GIH_WORKERS", "many", "integer"]),
        ("GIH_MAX_QUEUE", "-1", &["GIH_MAX_QUEUE", "-1"]),
        (
            "GIH_MAX_QUEUED_PER_ACCOUNT",
            "1e3",
            &["GIH_MAX_QUEUED_PER_ACCOUNT", "1e3"],
        ),
        (
            "GIH_MAX_CONNECTIONS",
            "0",
            &["GIH_MAX_CONNECTIONS", "from 1"],
        ),
        ("GIH_MAX_UPLOADS", "0", &["GIH_MAX_UPLOADS", "from 1"]),
        (
            "GIH_SPOOL_LIMIT",
            "20 bananas",
            &["GIH_SPOOL_LIMIT", "20 bananas", "20 GB"],
        ),
        (
            "GIH_GENERATION_TIMEOUT",
            "800",
            &["GIH_GENERATION_TIMEOUT", "90s"],
        ),
        ("GIH_QUEUE_TIMEOUT", "soon", &["GIH_QUEUE_TIMEOUT", "soon"]),
        ("GIH_LEASE", "0s", &["GIH_LEASE", "at least 1s"]),
        (
            "GIH_BIND",
            "localhost",
            &["GIH_BIND", "localhost", "127.0.0.1:8080"],
        ),
        (
            "GIH_BIND",
            "0.0.0.0:8080",
            &["GIH_PUBLIC_URL must be set", "0.0.0.0:8080"],
        ),
        ("GIH_BIND", &taken, &["GIH_BIND", &taken, "in use"]),
        (
            "GIH_PUBLIC_URL",
            "hub.example.com",
            &["GIH_PUBLIC_URL", "https://"],
        ),
        (
            "GIH_MEDIA_URL",
            "ftp://cdn",
            &["GIH_MEDIA_URL", "ftp://cdn"],
        ),
        (
            "GIH_TRUSTED_PROXIES",
            "10.0.0.0/8,me",
            &["GIH_TRUSTED_PROXIES", "me"],
        ),
        (
            "GIH_CORS_ORIGINS",
            "https://a.example/x",
            &["GIH_CORS_ORIGINS", "https://a.example/x"],
        ),
        (
            "GIH_LOG_FORMAT",
            "xml",
            &["GIH_LOG_FORMAT", "xml", "text or json"],
        ),
        ("GIH_LOG", "gih=loudly", &["GIH_LOG", "loudly"]),
        (
            "OPENAI_BASE_URL",
            "api.openai.com",
            &["OPENAI_BASE_URL", "api.openai.com"],
        ),
        ("OPENAI_API_KEY", "s3kr3t\u{1}", &["OPENAI_API_KEY"]),
        (
            "GIH_STORAGE_URL",
            "ftp://somewhere",
            &["GIH_STORAGE_URL", "ftp://somewhere", "s3://"],
        ),
        (
            "GIH_DATA_DIR",
            &below_a_file,
            &["GIH_DATA_DIR", &below_a_file],
        ),
    ];
    for (name, value, wanted) in cases {
        let line = refusal(&site, &["serve"], &[(name, value)]);
        for word in wanted {
            assert!(line.contains(word), "{name}={value}: {line}");
        }
    }
    // Commands read the same settings.
    let line = refusal(&site, &["model", "list"], &[("GIH_LEASE", "forever")]);
    assert!(line.contains("GIH_LEASE"), "{line}");
}

#[test]
fn a_database_that_cannot_be_used_is_told_without_its_password() {
    let site = Site::embedded();
    let there = Site::postgres().place.database_url();
    let (server, _) = there.rsplit_once('/').unwrap();
    for (url, wanted) in [
        (
            format!("mysql://hub:{SECRET}@localhost/hub"),
            "sqlite://PATH",
        ),
        (format!("{SECRET}@localhost"), "sqlite://PATH"),
        ("sqlite://".to_owned(), "path of a file"),
        // Nothing listens at port 1.
        (
            format!("postgres://hub:{SECRET}@127.0.0.1:1/hub"),
            "refused",
        ),
        (
            format!("{server}/gih_no_such_database"),
            "gih_no_such_database",
        ),
    ] {
        for command in [&["serve"][..], &["audit"], &["migrate"]] {
            let line = refusal(&site, command, &[("DATABASE_URL", &url)]);
            assert!(
                line.contains("DATABASE_URL") && line.contains(wanted),
                "{url}: {line}"
            );
        }
    }
    let folder = site.place.folder().display().to_string();
    let line = refusal(
        &site,
        &["serve"],
        &[("DATABASE_URL", &format!("sqlite://{folder}"))],
    );
    assert!(
        line.contains("DATABASE_URL") && line.contains(&folder),
        "{line}"
    );

    // A data folder that is a file, with the database elsewhere.
    let elsewhere = format!("sqlite://{folder}/elsewhere.db");
    let file = site.file("plain", "no folder").display().to_string();
    let line = refusal(
        &site,
        &["serve"],
        &[("DATABASE_URL", &elsewhere), ("GIH_DATA_DIR", &file)],
    );
    assert!(
        line.contains("GIH_DATA_DIR") && line.contains(&file),
        "{line}"
    );
}

#[test]
fn a_storage_that_cannot_be_used_stops_the_start() {
    let site = Site::embedded();
    let file = site.file("plain", "no folder");
    let below_a_file = format!("file://{}/media", file.display());
    let line = refusal(&site, &["serve"], &[("GIH_STORAGE_URL", &below_a_file)]);
    assert!(line.contains("GIH_STORAGE_URL"), "{line}");

    let endpoint = std::env::var("TEST_S3_ENDPOINT").expect(
        "TEST_S3_ENDPOINT is not set: run `cargo xtask test`, which starts an S3 server, or set it to the address of \
         one for tests, like http://127.0.0.1:5000",
    );
    let settings = [
        ("GIH_STORAGE_URL", "s3://gih-no-such-bucket/hub"),
        ("AWS_ENDPOINT_URL", endpoint.as_str()),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", SECRET),
        ("AWS_REGION", "us-east-1"),
    ];
    let line = refusal(&site, &["serve"], &settings);
    for word in ["GIH_STORAGE_URL", "gih-no-such-bucket"] {
        assert!(line.contains(word), "{line}");
    }
}

#[tokio::test]
async fn the_file_comes_after_the_environment_and_its_mistakes_are_named() {
    let site = Site::embedded();
    let unknown = site.file("unknown.toml", "workers = 2\nleese = \"5s\"\n");
    let wrong = site.file("wrong.toml", "lease = 5\n");
    let broken = site.file("broken.toml", "workers = 2\nlease = = 5\n");
    let missing = site.place.data_dir().join("missing.toml");
    for (file, wanted) in [
        (&unknown, &["leese", "did you mean lease?"][..]),
        (&wrong, &["GIH_LEASE", "\"5\""]),
        (&broken, &["line 2"]),
        (&missing, &["cannot be read"]),
    ] {
        let name = file.display().to_string();
        let by_flag = refusal(&site, &["serve", "--config", &name], &[]);
        let by_variable = refusal(&site, &["serve"], &[("GIH_CONFIG", &name)]);
        assert_eq!(by_flag, by_variable);
        for word in wanted {
            assert!(by_flag.contains(word), "{by_flag}");
        }
    }
    assert!(
        refusal(
            &site,
            &["serve", "--config", &missing.display().to_string()],
            &[]
        )
        .contains("missing.toml")
    );

    // `gih.toml` of the working folder is read without being asked for, and the environment wins over it.
    site.file(
        "gih.toml",
        "workers = 7\nlease = \"5s\"\nopenai_api_key = \"s3kr3t\"\n",
    );
    let log = log_of(&site.with("GIH_WORKERS", "9")).await;
    assert_eq!(logged(&log, "GIH_WORKERS"), ["9"]);
    assert_eq!(logged(&log, "GIH_LEASE"), ["5s"]);
    assert_eq!(logged(&log, "OPENAI_API_KEY"), ["(set)"]);
    assert!(!log.contains(SECRET), "{log}");
}

/// The values that were logged for a setting.
fn logged(log: &str, name: &str) -> Vec<String> {
    let mark = format!("setting name={name} value=");
    let after = |line: &str| Some(line.split_once(&mark)?.1.to_owned());
    log.lines().filter_map(after).collect()
}

/// The log of a start and its end.
async fn log_of(site: &Site) -> String {
    let mut hub = site.serve().await;
    hub.process.signal("TERM");
    assert_eq!(hub.process.wait().code(), Some(0));
    hub.process.stderr()
}

#[tokio::test]
async fn the_settings_in_force_are_logged_once_with_secrets_masked() {
    let site = Site::postgres();
    // With the server's own password where it wants one; where it wants none, any will do.
    let address = site.place.database_url();
    let (user, server) = address["postgres://".len()..].split_once('@').unwrap();
    let (user, secret) = user.split_once(':').unwrap_or((user, SECRET));
    let url = format!("postgres://{user}:{secret}@{server}");
    let settings = [
        ("DATABASE_URL", url.as_str()),
        ("OPENAI_API_KEY", "sk-s3kr3t"),
        ("GIH_LOG", "debug"),
    ];
    let site = (settings.iter()).fold(site, |site, (name, value)| site.with(name, value));
    let log = log_of(&site).await;
    assert!(!log.contains(secret), "{log}");
    assert!(!log.contains("sk-s3kr3t"), "{log}");
    assert_eq!(logged(&log, "OPENAI_API_KEY"), ["(set)"]);
    assert_eq!(logged(&log, "OPENAI_ORG_ID"), ["none"]);
    assert_eq!(logged(&log, "GIH_WORKERS"), ["256"]);
    assert_eq!(
        logged(&log, "GIH_DATA_DIR"),
        [site.place.data_dir().display().to_string()]
    );
    let [database] = &logged(&log, "DATABASE_URL")[..] else {
        panic!("{log}");
    };
    assert!(
        database.starts_with("postgres://postgres:***@"),
        "{database}"
    );
}

/// Programs inherit all sorts of variables; those of others are none of the hub's business.
#[cfg(unix)]
#[test]
fn text_that_is_no_unicode_is_a_mistake_in_settings_alone() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    let odd = OsStr::from_bytes(b"caf\xe9");
    let site = Site::embedded();
    let run = |name: &str, args: &[&str]| {
        let output = process::command(&site.env(), args)
            .env(name, odd)
            .output()
            .unwrap();
        Finished {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    };
    run("LESSCHARSET", &["migrate"]).succeed();
    for name in ["GIH_DATA_DIR", "DATABASE_URL", "GIH_NO_SUCH_SETTING"] {
        let ran = run(name, &["serve"]);
        assert!(refused(&ran).contains(name), "{ran:?}");
    }
}

/// A pipe that nobody writes to would keep the command for ever.
#[cfg(unix)]
#[test]
fn a_settings_file_that_is_no_file_is_refused() {
    let site = Site::embedded();
    let pipe = site.place.folder().join("pipe.toml");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    for path in [pipe.as_path(), site.place.folder()] {
        let path = path.display().to_string();
        for command in [&["serve"][..], &["audit"]] {
            let line = refusal(&site, command, &[("GIH_CONFIG", &path)]);
            assert!(line.contains(&path) && line.contains("no file"), "{line}");
        }
        let ran = site.with("GIH_CONFIG", &path).gih(&["doctor"]);
        assert_eq!(ran.code, Some(1));
        assert!(ran.stdout.contains(&path), "{ran:?}");
    }
}

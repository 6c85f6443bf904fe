use super::*;

fn settings(variables: &[(&str, &str)]) -> Result<Settings, String> {
    from_file(variables, "")
}

fn from_file(variables: &[(&str, &str)], file: &str) -> Result<Settings, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gih.toml");
    std::fs::write(&path, file).unwrap();
    let variables = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let read = || Settings::read(&Source::read(variables, Some(&path))?);
    read().map_err(|error| {
        error
            .to_string()
            .replace(&path.display().to_string(), "FILE")
    })
}

#[test]
fn the_defaults_are_the_documented_ones() {
    let settings = settings(&[("GIH_DATA_DIR", "/srv/hub")]).unwrap();
    assert_eq!(settings.database_url, "sqlite:///srv/hub/gih.db");
    assert_eq!(settings.storage_url, "file:///srv/hub/media");
    assert_eq!(settings.http.bind.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.work.generation_timeout, Duration::from_secs(800));
    assert_eq!(settings.work.queue_timeout, Duration::from_hours(24));
    assert_eq!(
        (settings.work.workers, settings.work.max_queue),
        (256, 100_000)
    );
    assert_eq!(settings.work.max_queued_per_account, 1_000);
    assert_eq!(settings.work.spool_limit_bytes, 20_000_000_000);
    assert_eq!(settings.work.lease, Duration::from_mins(1));
    assert_eq!(
        (settings.http.max_connections, settings.http.max_uploads),
        (10_000, 16)
    );
    assert_eq!(settings.openai.base_url, "https://api.openai.com/v1");
    assert_eq!(settings.log.format, LogFormat::Text);
}

#[test]
fn the_environment_comes_before_the_file_and_the_file_before_the_default() {
    let file = "workers = 7\nlease = \"5s\"\ncors_origins = [\"https://a.example\", \"https://b.example\"]\n";
    let settings = from_file(&[("GIH_WORKERS", "9")], file).unwrap();
    assert_eq!(settings.work.workers, 9);
    assert_eq!(settings.work.lease, Duration::from_secs(5));
    assert_eq!(
        settings.http.cors_origins,
        ["https://a.example", "https://b.example"]
    );
}

#[test]
fn an_unknown_name_names_the_nearest_known_one() {
    let refused = |variables, file| from_file(variables, file).unwrap_err();
    assert_eq!(
        refused(&[("GIH_WORKER", "9")], ""),
        "GIH_WORKER is not a setting; did you mean GIH_WORKERS?"
    );
    assert_eq!(
        refused(&[("GIH_STORAGE", "x")], ""),
        "GIH_STORAGE is not a setting; did you mean GIH_STORAGE_URL?"
    );
    assert_eq!(
        refused(&[], "databse_url = \"x\""),
        "databse_url in FILE is not a setting; did you mean database_url?"
    );
    assert_eq!(refused(&[], "zzz = 1"), "zzz in FILE is not a setting");
}

#[test]
fn a_wrong_value_names_the_setting_what_came_and_what_is_allowed() {
    let refused = |name, value| settings(&[(name, value)]).unwrap_err();
    assert!(
        refused("GIH_WORKERS", "many")
            .starts_with("GIH_WORKERS is \"many\"; it must be an integer from 1")
    );
    assert!(refused("GIH_WORKERS", "0").contains("from 1"));
    assert!(refused("GIH_LEASE", "60").contains("like 90s, 12h or 30d"));
    assert!(refused("GIH_LEASE", "0s").contains("at least 1s"));
    assert!(refused("GIH_BIND", "here").contains("an IP address and a port"));
    assert!(
        refused("GIH_PUBLIC_URL", "hub.example.com")
            .contains("an address like https://hub.example.com")
    );
    assert!(refused("GIH_SPOOL_LIMIT", "lots").contains("a number of bytes"));
    assert!(refused("GIH_LOG_FORMAT", "xml").contains("text or json"));
    for wrong in [
        "60",
        "test",
        "test=",
        "test=0",
        "test=-1",
        "demo=1",
        "live=off,all=9",
    ] {
        let refused = refused("GIH_RATE_LIMITS", wrong);
        assert!(
            refused.contains("like live=600,test=60"),
            "{wrong}: {refused}"
        );
    }
    assert!(refused("GIH_CORS_ORIGINS", "https://a.example/path").contains("origins like"));
    assert!(refused("GIH_TRUSTED_PROXIES", "10.0.0.0/8,everybody").contains("\"everybody\""));
    for header in ["Forwarded", "X-Forwarded-For, X-Real-IP", "X Real IP"] {
        assert!(refused("GIH_FORWARDED_HEADER", header).contains("the name of one header"));
    }
    assert!(
        from_file(&[], "workers = 1.5")
            .unwrap_err()
            .contains("workers must be a text, a number")
    );
    assert!(
        from_file(&[], "workers = \n")
            .unwrap_err()
            .contains("line 1")
    );
}

#[test]
fn rates_are_set_for_each_mode() {
    let rates = |value: &str| {
        let work = settings(&[("GIH_RATE_LIMITS", value)]).unwrap().work;
        (
            work.live_rate.map(NonZeroU32::get),
            work.test_rate.map(NonZeroU32::get),
        )
    };
    assert_eq!(rates(""), (None, Some(60)));
    assert_eq!(rates("live=600"), (Some(600), Some(60)));
    assert_eq!(rates("test=off"), (None, None));
    assert_eq!(rates(" test = 5 , live = 7 "), (Some(7), Some(5)));
}

#[test]
fn a_public_address_needs_a_public_url() {
    let alone = settings(&[("GIH_BIND", "0.0.0.0:8080")]).unwrap();
    let error = alone.http.check_links().unwrap_err().to_string();
    assert!(error.starts_with("GIH_PUBLIC_URL must be set"), "{error}");
    let both = [
        ("GIH_BIND", "0.0.0.0:8080"),
        ("GIH_PUBLIC_URL", "https://hub.example.com/"),
    ];
    assert_eq!(
        settings(&both).unwrap().http.public_url.as_deref(),
        Some("https://hub.example.com")
    );
}

#[test]
fn secrets_are_masked_where_settings_are_shown() {
    let secrets = [
        ("OPENAI_API_KEY", "sk-secret"),
        (
            "DATABASE_URL",
            "postgres://hub:secret@db.example:5432/hub?sslmode=require&password=secret",
        ),
    ];
    let settings = settings(&secrets).unwrap();
    let shown = format!("{:?}", settings.effective());
    assert!(!shown.contains("secret"), "{shown}");
    assert!(
        shown.contains("postgres://hub:***@db.example:5432/hub"),
        "{shown}"
    );
}

#[test]
fn addresses_are_shown_without_their_passwords() {
    for (url, shown) in [
        (
            "postgres://gih:secret@host:5432/gih?sslmode=require",
            "postgres://gih:***@host:5432/gih?sslmode=require",
        ),
        // Neither should be there unescaped, which is why such an address ends up in an error.
        (
            "postgres://gih:se/cr@et@host/gih",
            "postgres://gih:***@host/gih",
        ),
        (
            "postgres://host/gih?user=gih&password=secret",
            "postgres://host/gih?user=gih&password=***",
        ),
        ("postgres://host/gih", "postgres://host/gih"),
        ("sqlite:///data/a@b/gih.db", "sqlite:///data/a@b/gih.db"),
        ("s3://bucket/prefix", "s3://bucket/prefix"),
        ("nonsense", "nonsense"),
    ] {
        assert_eq!(mask_password(url), shown);
    }
}

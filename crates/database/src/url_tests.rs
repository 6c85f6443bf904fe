use super::*;

fn problem(url: &str) -> String {
    Target::parse(url).err().unwrap()
}

#[test]
fn only_two_schemes_are_taken_and_no_password_is_quoted() {
    for url in [
        "",
        "gih.db",
        "host=127.0.0.1 password=secret",
        "mysql://root:secret@db/gih",
        "Postgres://u:secret@db/gih",
    ] {
        let problem = problem(url);
        assert!(
            problem.contains("sqlite://PATH or postgres://"),
            "{problem}"
        );
        assert!(!problem.contains("secret"), "{problem}");
    }
    for url in [
        "sqlite://",
        "sqlite://data/",
        "sqlite://:memory:",
        "sqlite://a.db?mode=ro",
    ] {
        assert!(problem(url).contains("path of a file"), "{url}");
    }
}

#[test]
fn files_become_absolute() {
    let Ok(Target::Sqlite(path)) = Target::parse("sqlite:///var/lib/gih/gih.db") else {
        panic!("not a file");
    };
    assert_eq!(path, Path::new("/var/lib/gih/gih.db"));
    let Ok(Target::Sqlite(path)) = Target::parse("sqlite://./data/gih.db") else {
        panic!("not a file");
    };
    assert!(
        path.is_absolute() && path.ends_with("data/gih.db"),
        "{path:?}"
    );
}

#[test]
fn what_the_address_says_wins() {
    let url = with_defaults(
        "postgres://db/gih?connect_timeout=1&application_name=x",
        &|| None,
    );
    assert!(
        url.starts_with("postgres://db/gih?connect_timeout=1&application_name=x&"),
        "{url}"
    );
    assert_eq!(url.matches("connect_timeout").count(), 1);
    assert_eq!(url.matches("application_name").count(), 1);
    assert!(url.contains("&tcp_user_timeout=10000"), "{url}");
    let bare = with_defaults("postgres://db/gih", &|| None);
    assert!(
        bare.starts_with("postgres://db/gih?application_name=gih&connect_timeout=5&"),
        "{bare}"
    );
}

#[test]
fn verification_finds_the_systems_certificates() {
    let ca = || Some(PathBuf::from("/etc/ssl/my certs.pem"));
    for mode in ["verify-ca", "verify-full"] {
        let url = with_defaults(&format!("postgres://db/gih?sslmode={mode}"), &ca);
        assert!(
            url.ends_with("&sslrootcert=/etc/ssl/my%20certs.pem"),
            "{url}"
        );
    }
    for url in [
        "postgres://db/gih",
        "postgres://db/gih?sslmode=require",
        "postgres://db/gih?sslmode=verify-full&sslrootcert=/mine.pem",
    ] {
        assert!(!with_defaults(url, &ca).contains("my%20certs"), "{url}");
    }
}

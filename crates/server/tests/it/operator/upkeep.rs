//! The database by the command line: its schema, and copies of it.

use serde_json::json;

use super::site::{KINDS, Site, keys, says};

#[test]
fn migrate_tells_and_does() {
    for kind in KINDS {
        let site = Site::without_schema(kind);
        let status = site.json(&["migrate", "--status"]);
        assert_eq!(keys(&status), ["applied", "pending", "unknown"]);
        let pending = status["pending"].as_array().unwrap();
        assert!(
            status["applied"] == json!([]) && !pending.is_empty(),
            "{status}"
        );
        says(
            &site.gih(&["migrate", "--status"]),
            &["applied: none", "pending: 2"],
        );

        let done = site.json(&["migrate"]);
        assert_eq!(done, json!({"applied": pending, "models_seeded": 1}));
        assert_eq!(
            site.json(&["migrate"]),
            json!({"applied": [], "models_seeded": 0})
        );
        says(&site.gih(&["migrate"]), &["up to date"]);
        let status = site.json(&["migrate", "--status"]);
        assert_eq!(
            status,
            json!({"applied": pending, "pending": [], "unknown": []})
        );
    }
}

#[test]
fn backup_copies_the_embedded_database() {
    let site = Site::embedded();
    site.account("ann@example.com");
    let target = site.place.data_dir().join("copy.db");
    let name = target.display().to_string();
    assert_eq!(site.json(&["backup", &name]), json!({"file": name}));
    let copy = site.with("DATABASE_URL", &format!("sqlite://{name}"));
    copy.audit();
    let grant = [
        "credits",
        "grant",
        "--email",
        "ann@example.com",
        "--credits",
        "3",
        "--json",
    ];
    assert_eq!(
        copy.gih(&grant).succeed().json()["balance"],
        3,
        "it is a database to go on with"
    );
    assert_eq!(
        site.number("SELECT count(*) AS number FROM credit_lots"),
        1,
        "and another one"
    );

    let ran = site.gih(&["backup", &name]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""));
    assert!(
        ran.stderr.contains(&name) && ran.stderr.contains("exists"),
        "{ran:?}"
    );
    assert_eq!(
        copy.gih(&grant).succeed().json()["balance"],
        6,
        "and it was left as it was"
    );

    let ran = Site::postgres().gih(&["backup", &format!("{name}.2")]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""));
    assert!(ran.stderr.contains("pg_dump"), "{ran:?}");
}

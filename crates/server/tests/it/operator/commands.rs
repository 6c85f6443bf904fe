//! Accounts and keys by the command line.

use serde_json::{Value, json};

use super::site::{KINDS, Site, keys, says, text};
use crate::support::process::run_with_stdin;

#[test]
fn account_create_prints_a_generated_password_once() {
    for kind in KINDS {
        let site = Site::of(kind);
        let ann = site.json(&["account", "create", "--email", " Ann@Example.com"]);
        assert_eq!(keys(&ann), ["account_type", "email", "id", "password"]);
        assert!(text(&ann, "id").starts_with("acc_"), "{ann}");
        assert_eq!(
            (&ann["email"], &ann["account_type"]),
            (&json!("ann@example.com"), &json!("FREE"))
        );
        let password = text(&ann, "password");
        assert!(password.len() >= 16, "{ann}");
        let again = site.json(&[
            "account",
            "create",
            "--email",
            "bob@example.com",
            "--type",
            "PRO",
            "--admin",
        ]);
        assert_eq!(again["account_type"], "PRO");
        assert_ne!(text(&again, "password"), password, "passwords are random");

        let ran = site.gih(&[
            "account",
            "create",
            "--email",
            "eve@example.com",
            "--type",
            "ENTERPRISE",
        ]);
        says(
            &ran,
            &["acc_", "eve@example.com", "ENTERPRISE", "shown once: "],
        );
        // 1,000 test credits and no live ones.
        assert_eq!(
            site.number("SELECT CAST(sum(remaining) AS bigint) AS number FROM credit_lots WHERE mode = 'test'"),
            3_000
        );
        assert_eq!(
            site.number("SELECT count(*) AS number FROM credit_lots WHERE mode = 'live'"),
            0
        );
        let admins =
            "SELECT count(*) AS number FROM accounts WHERE is_admin AND email = 'bob@example.com'";
        assert_eq!(site.number(admins), 1, "the administrator alone is one");
        site.audit();
    }
}

#[test]
fn a_password_can_come_on_stdin_and_is_not_shown() {
    let site = Site::embedded();
    let create = |email, input| {
        let args = [
            "account",
            "create",
            "--email",
            email,
            "--password-stdin",
            "--json",
        ];
        run_with_stdin(&site.env(), &args, input)
    };
    for (email, input) in [
        ("a@example.com", "correct horse battery\n"),
        ("b@example.com", "correct horse battery\r\nmore"),
    ] {
        let ran = create(email, input).succeed();
        assert_eq!(ran.json()["password"], Value::Null);
        assert!(!format!("{ran:?}").contains("horse"), "{ran:?}");
    }
    let hashes = "SELECT count(*) AS number FROM accounts WHERE password_hash LIKE '$argon2id$%'";
    assert_eq!(site.number(hashes), 2, "only hashes are kept");
    let temporary = "SELECT count(*) AS number FROM accounts WHERE password_is_temporary";
    assert_eq!(site.number(temporary), 0, "they are their owners' own");
    site.account("generated@example.com");
    assert_eq!(
        site.number(temporary),
        1,
        "one that was made up is to be changed"
    );
    for (input, wanted) in [
        ("short\n", "10 to 256 characters"),
        ("", "10 to 256 characters"),
    ] {
        let ran = create("c@example.com", input);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""));
        assert!(ran.stderr.contains(wanted), "{ran:?}");
    }
    assert_eq!(site.number("SELECT count(*) AS number FROM accounts"), 3);
}

#[test]
fn keys_are_shown_once_listed_and_revoked() {
    for kind in KINDS {
        let site = Site::of(kind);
        site.account("ann@example.com");
        let create = |more: &[&str]| {
            site.json(
                &[
                    &["key", "create", "--email", "ann@example.com", "--name"],
                    more,
                ]
                .concat(),
            )
        };
        let live = create(&["shop"]);
        assert_eq!(keys(&live), ["expires_at", "id", "key", "mode", "prefix"]);
        assert_eq!(
            (&live["mode"], &live["expires_at"]),
            (&json!("live"), &Value::Null)
        );
        let secret = text(&live, "key").to_owned();
        assert!(
            secret.starts_with("gih_live_") && secret.len() == 41,
            "{live}"
        );
        assert!(secret.starts_with(text(&live, "prefix")), "{live}");
        let test = create(&["ci", "--mode", "test", "--expires-in", "30d"]);
        assert!(text(&test, "key").starts_with("gih_test_"), "{test}");
        assert!(text(&test, "expires_at").ends_with('Z'), "{test}");

        let list = site.json(&["key", "list", "--email", "ann@example.com"]);
        let ids: Vec<&Value> = list
            .as_array()
            .unwrap()
            .iter()
            .map(|key| &key["id"])
            .collect();
        assert_eq!(ids, [&test["id"], &live["id"]], "newest first");
        let wanted = [
            "created_at",
            "expires_at",
            "id",
            "last_used_at",
            "mode",
            "name",
            "prefix",
            "previous",
            "revoked_at",
        ];
        assert_eq!(keys(&list[0]), wanted);
        assert_eq!(
            (&list[0]["name"], &list[0]["expires_at"]),
            (&json!("ci"), &test["expires_at"])
        );
        assert!(
            !list.to_string().contains(&secret),
            "secrets are shown once"
        );

        let id = text(&live, "id");
        let revoked = site.json(&["key", "revoke", id]);
        let wanted = [
            "canceled_generations",
            "created_at",
            "expires_at",
            "id",
            "last_used_at",
            "mode",
            "name",
            "prefix",
            "previous",
            "revoked_at",
        ];
        assert_eq!(keys(&revoked), wanted);
        assert_eq!(
            (&revoked["id"], &revoked["canceled_generations"]),
            (&live["id"], &json!([]))
        );
        let again = site.json(&["key", "revoke", id]);
        assert_eq!(
            again["revoked_at"], revoked["revoked_at"],
            "revoked once, when it was first"
        );

        let listed = site.gih(&["key", "list", "--email", "ann@example.com"]);
        says(
            &listed,
            &[
                id,
                text(&live, "prefix"),
                "revoked 2",
                "expires 2",
                "ci",
                "never used",
            ],
        );
        assert!(!listed.stdout.contains(&secret), "{listed:?}");
        says(
            &site.gih(&["key", "create", "--email", "ann@example.com", "--name", "x"]),
            &["key_", "shown once: gih_live_"],
        );
        says(
            &site.gih(&["key", "revoke", id]),
            &["Revoked", id, "refunded: 0"],
        );
        let digests = format!(
            "SELECT count(*) AS number FROM api_keys WHERE name = '{secret}' OR prefix = '{secret}'"
        );
        assert_eq!(
            site.number(&digests),
            0,
            "the secret itself is kept nowhere"
        );
    }
}

#[test]
fn durations_read_as_people_write_them() {
    let site = Site::embedded();
    site.account("ann@example.com");
    for (life, seconds) in [
        ("90s", 90),
        ("5m", 300),
        ("12h", 43_200),
        ("30d", 2_592_000),
    ] {
        let args = [
            "key",
            "create",
            "--email",
            "ann@example.com",
            "--name",
            life,
            "--expires-in",
            life,
        ];
        site.json(&args);
        let lives = format!(
            "SELECT (expires_at - created_at) / 1000000 AS number FROM api_keys WHERE name = '{life}'"
        );
        // Created a moment after the expiry was counted from.
        let found = site.number(&lives);
        assert!((seconds - 5..=seconds).contains(&found), "{life}: {found}");
    }
}

//! Credits by the command line.

use serde_json::{Value, json};

use super::site::{KINDS, Site, keys, says, text};

#[test]
fn credits_are_granted_and_a_reference_is_granted_once() {
    for kind in KINDS {
        let site = Site::of(kind);
        site.account("ann@example.com");
        let grant = |more: &[&str]| {
            site.json(&[&["credits", "grant", "--email", "ann@example.com"], more].concat())
        };
        let first = grant(&[
            "--credits",
            "500",
            "--ref",
            "invoice-7",
            "--note",
            "thanks",
            "--expires-at",
            "2099-01-31",
        ]);
        assert_eq!(keys(&first), ["balance", "credits", "expires_at", "lot_id"]);
        assert!(text(&first, "lot_id").starts_with("lot_"), "{first}");
        let wanted = json!({"balance": 500, "credits": 500, "expires_at": "2099-01-31T00:00:00.000Z", "lot_id": first["lot_id"]});
        assert_eq!(first, wanted);
        // A payment system retries: the first lot it is.
        let again = grant(&["--credits", "500", "--ref", "invoice-7"]);
        assert_eq!(again, wanted);
        site.account("bob@example.com");
        let refused = |email: &str, more: &[&str], wanted: &str| {
            let fixed = ["credits", "grant", "--ref", "invoice-7", "--email", email];
            let ran = site.gih(&[&fixed, more].concat());
            assert_eq!(ran.code, Some(1), "{ran:?}");
            assert!(ran.stderr.contains(wanted), "{ran:?}");
        };
        let ann = "ann@example.com";
        refused(ann, &["--credits", "700"], "used to grant 500 live credits");
        let test = ["--credits", "500", "--mode", "test"];
        refused(ann, &test, "used to grant 500 live credits");
        let bob = "bob@example.com";
        refused(bob, &["--credits", "500"], "a grant to another account");
        let second = grant(&["--credits", "20", "--ref", "invoice-8"]);
        assert_eq!(
            (&second["balance"], &second["expires_at"]),
            (&json!(520), &Value::Null)
        );
        let test = grant(&["--credits", "5", "--mode", "test"]);
        assert_eq!(test["balance"], 1_005, "of the mode that it is for");
        // Without a reference every grant is another one.
        assert_eq!(grant(&["--credits", "1"])["balance"], 521);
        assert_eq!(grant(&["--credits", "1"])["balance"], 522);
        let ran = site.gih(&[
            "credits",
            "grant",
            "--email",
            "ann@example.com",
            "--credits",
            "8",
        ]);
        says(&ran, &["lot_", "8 live credits", "never expires", "530"]);
        site.audit();
    }
}

/// A payment system that retries while its first try is under way.
#[test]
fn a_reference_granted_by_many_at_once_is_granted_once() {
    for kind in KINDS {
        let site = Site::of(kind);
        site.account("ann@example.com");
        let args = [
            "credits",
            "grant",
            "--email",
            "ann@example.com",
            "--credits",
            "7",
            "--ref",
            "r",
            "--json",
        ];
        let answers: Vec<Value> = std::thread::scope(|scope| {
            let running: Vec<_> = (0..6)
                .map(|_| scope.spawn(|| site.gih(&args).succeed().json()))
                .collect();
            running.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert!(
            answers.iter().all(|answer| answer == &answers[0]),
            "{answers:?}"
        );
        assert_eq!(answers[0]["balance"], 7);
        site.audit();
    }
}

#[test]
fn seed_adds_a_demo_account_once() {
    for kind in KINDS {
        let site = Site::of(kind);
        let first = site.json(&["seed", "--demo"]);
        assert_eq!(keys(&first), ["demo", "models_seeded"]);
        let demo = &first["demo"];
        assert_eq!(
            keys(demo),
            [
                "created",
                "email",
                "live_credits",
                "live_key",
                "password",
                "test_key"
            ]
        );
        assert_eq!(
            (&demo["created"], &demo["live_credits"]),
            (&json!(true), &json!(500))
        );
        assert!(text(demo, "live_key").starts_with("gih_live_"), "{demo}");
        assert!(text(demo, "test_key").starts_with("gih_test_"), "{demo}");
        let second = site.json(&["seed", "--demo"]);
        assert_eq!(
            second,
            json!({"models_seeded": 0, "demo": {"created": false, "email": demo["email"]}})
        );
        says(&site.gih(&["seed", "--demo"]), &["already"]);
        assert_eq!(
            site.number("SELECT CAST(sum(remaining) AS bigint) AS number FROM credit_lots WHERE mode = 'live'"),
            500
        );
        assert_eq!(site.number("SELECT count(*) AS number FROM api_keys"), 2);
        site.audit();
    }
}

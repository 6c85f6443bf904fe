//! `gih audit` finds what a hand at the database breaks, and names it.

use serde_json::{Value, json};

use super::site::{KINDS, Site, keys, says};
use crate::support::{Hub, Kind};

/// A hub that has done some of everything: granted, drawn, failed, drawn in part, canceled, refunded.
async fn busy(kind: Kind) -> (Site, Hub, Vec<String>) {
    let site = Site::of(kind);
    let hub = site.serve().await;
    let ann = hub.account();
    ann.grant_with(50, &["--expires-at", "2099-01-31"]);
    let test = ann.test();
    let mut ids = Vec::new();
    for (more, status) in [
        (json!({"n": 2}), 200),
        (json!({"prompt": "sandbox:fail"}), 500),
        (json!({"prompt": "sandbox:refuse"}), 400),
        (json!({"prompt": "sandbox:partial=1", "n": 3}), 200),
        (json!({"quality": "2K", "async": true}), 202),
    ] {
        let body = test.draw(more).await.ok(status);
        let id = body["id"]
            .as_str()
            .or(body["error"]["generation_id"].as_str());
        let id = id.unwrap_or_else(|| panic!("{body}")).to_owned();
        test.end(&id).await;
        ids.push(id);
    }
    assert_eq!(test.credits().await, 1_000 - 2 * 8 - 8 - 10);
    (site, hub, ids)
}

#[tokio::test]
async fn the_books_hold_after_all_sorts_of_work() {
    for kind in KINDS {
        let (site, hub, _) = busy(kind).await;
        hub.audit();
        says(&site.gih(&["audit"]), &["The books hold."]);
    }
}

/// Breaks the books, and sees the audit say so in both manners, naming `subject` under `invariant`.
fn finds(site: &Site, invariant: &str, subject: &str) {
    let ran = site.gih(&["audit", "--json"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let told = ran.json();
    assert_eq!(
        (keys(&told), &told["ok"]),
        (vec!["ok", "violations"], &json!(false))
    );
    let violations = told["violations"].as_array().unwrap();
    for violation in violations {
        assert_eq!(keys(violation), ["detail", "invariant", "subject"]);
        assert!(
            violation["detail"]
                .as_str()
                .is_some_and(|detail| !detail.is_empty()),
            "{told}"
        );
    }
    let is_it =
        |violation: &Value| violation["invariant"] == invariant && violation["subject"] == subject;
    assert!(
        violations.iter().any(is_it),
        "{invariant} {subject}: {told:#}"
    );
    let ran = site.gih(&["audit"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let line = format!("{invariant}: {subject}: ");
    assert!(
        ran.stdout.lines().any(|told| told.starts_with(&line)),
        "{line} {ran:?}"
    );
}

/// An id as SQL writes it.
fn sql_id(kind: Kind, id: &str) -> String {
    let (_, hex) = id.split_once('_').unwrap();
    match kind {
        Kind::Sqlite => format!("x'{hex}'"),
        Kind::Postgres => format!("'{hex}'::uuid"),
    }
}

/// Lets the ledger be written by hand, as somebody at the console might.
fn unlock_the_ledger(site: &Site) {
    let sql = match site.options.kind {
        Kind::Sqlite => {
            "DROP TRIGGER ledger_entries_no_update; DROP TRIGGER ledger_entries_no_delete"
        }
        Kind::Postgres => "ALTER TABLE ledger_entries DISABLE TRIGGER USER",
    };
    site.place.execute(sql);
}

#[tokio::test]
async fn a_lot_changed_by_hand_is_named() {
    for kind in KINDS {
        let site = Site::of(kind);
        site.account("ann@example.com");
        let grant = site.json(&[
            "credits",
            "grant",
            "--email",
            "ann@example.com",
            "--credits",
            "50",
        ]);
        let lot = grant["lot_id"].as_str().unwrap();
        let id = sql_id(kind, lot);
        site.audit();
        site.place.execute(&format!(
            "UPDATE credit_lots SET remaining = 49 WHERE id = {id}"
        ));
        finds(&site, "lot-remaining", lot);
        site.place.execute(&format!(
            "UPDATE credit_lots SET remaining = 50, granted = 60 WHERE id = {id}"
        ));
        finds(&site, "lot-opening", lot);
        site.place.execute(&format!(
            "UPDATE credit_lots SET granted = 50 WHERE id = {id}"
        ));
        site.audit();
    }
}

#[tokio::test]
async fn a_ledger_changed_by_hand_is_named() {
    for kind in KINDS {
        let (site, _hub, ids) = busy(kind).await;
        // The hub's own rule first: the ledger is append-only.
        let change = "UPDATE ledger_entries SET amount = amount - 1 WHERE cause = 'charge'";
        let error = gih_database::testing::execute(&site.place.database_url(), change).unwrap_err();
        assert!(error.contains("append-only"), "{error}");
        unlock_the_ledger(&site);
        let id = sql_id(kind, &ids[0]);
        site.place
            .execute(&format!("{change} AND generation_id = {id}"));
        finds(&site, "generation-charged", &ids[0]);
        site.place.execute(&format!(
            "DELETE FROM ledger_entries WHERE generation_id = {id}"
        ));
        finds(&site, "generation-charged", &ids[0]);
    }
}

#[tokio::test]
async fn a_refund_taken_away_by_hand_is_named() {
    for kind in KINDS {
        let (site, _hub, ids) = busy(kind).await;
        unlock_the_ledger(&site);
        let id = sql_id(kind, &ids[1]);
        site.place.execute(&format!(
            "DELETE FROM ledger_entries WHERE cause = 'refund' AND generation_id = {id}"
        ));
        finds(&site, "generation-settled", &ids[1]);
    }
}

#[tokio::test]
async fn a_generation_changed_by_hand_is_named() {
    for kind in KINDS {
        let (site, hub, ids) = busy(kind).await;
        let id = sql_id(kind, &ids[0]);
        let set = |change: &str| {
            site.place
                .execute(&format!("UPDATE generations SET {change} WHERE id = {id}"));
        };
        set("captured_credits = 8");
        finds(&site, "generation-captured", &ids[0]);
        set("captured_credits = 16, price_credits = 9");
        finds(&site, "generation-charged", &ids[0]);
        set("price_credits = 8");
        hub.audit();
        site.place.execute(&format!(
            "DELETE FROM images WHERE generation_id = {id} AND position = 0"
        ));
        finds(&site, "image-positions", &ids[0]);
    }
}

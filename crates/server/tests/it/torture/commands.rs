//! What commands commit, and what `serve` tidies, with something going wrong before and after: all of it or nothing, and
//! whoever repeats it gets what the first would have given.

use std::time::{Duration, Instant};

use gih_fake_openai::{Behaviour, FakeOpenAi};

use super::chance::{figure, has_turn};
use crate::operator::site::{KINDS, Site, text};
use crate::operator::work::{PRICE, queue, until_there_are};
use crate::support::{Finished, Kind, Options};

const ACTIONS: [&str; 4] = [
    "return(error)",
    "panic",
    "return(delay:100)",
    "return(exit)",
];
const SIDES: [&str; 2] = ["before", "after"];

/// Runs a command with something going wrong at a point.
fn failing(site: &Site, point: &str, action: &str, args: &[&str]) -> Finished {
    let ran = site
        .with("FAILPOINTS", &format!("{point}=1*{action}"))
        .gih(&[args, &["--json"]].concat());
    let went_off = ran.stderr.contains(&format!("name=\"{point}\""))
        || ran.stderr.contains(&format!("failpoint {point} panic"));
    assert!(went_off, "nothing happened at {point}: {ran:?}");
    assert_eq!(ran.code == Some(0), action.contains("delay"), "{ran:?}");
    ran
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_are_all_or_nothing() {
    for kind in KINDS {
        let upstream = FakeOpenAi::start().await;
        upstream.set_default(Behaviour::succeed().after(Duration::from_mins(10)));
        let options = Options::on(kind).upstream(&upstream).env("GIH_WORKERS", 1);
        let site = Site {
            options,
            ..Site::of(kind)
        };
        let hub = site.serve().await;
        let (mut granted, mut cases) = (0, 0);
        let account = hub.account();
        account.grant(1_000);
        // It takes the slot, so that all else queues.
        let taken = account.live();
        queue(&taken, "takes the slot").await;
        for action in ACTIONS {
            for side in SIDES {
                let number = cases.to_string();
                let email = format!("new{number}@example.com");
                let create = ["account", "create", "--email", &email];
                failing(&site, &format!("create_account.{side}"), action, &create);
                let again = site.gih(&create);
                let is_there = side == "after" || action.contains("delay");
                assert_eq!(again.code, Some(i32::from(is_there)), "{again:?}");

                let reference = format!("invoice {number}");
                let grant = [
                    "credits",
                    "grant",
                    "--email",
                    &account.email,
                    "--credits",
                    "7",
                    "--ref",
                    &reference,
                ];
                failing(&site, &format!("grant.{side}"), action, &grant);
                site.json(&grant);
                granted += 7;

                let made = account.key("live");
                let mine = hub.with_key(text(&made, "key"));
                let queued = queue(&mine, "queued").await;
                let revoke = ["key", "revoke", text(&made, "id")];
                failing(&site, &format!("revoke.{side}"), action, &revoke);
                site.json(&revoke);
                assert_eq!(taken.look(&queued).await["status"], "canceled");

                let create = [
                    "key",
                    "create",
                    "--email",
                    &account.email,
                    "--name",
                    &number,
                ];
                failing(&site, &format!("create_key.{side}"), action, &create);
                cases += 4;
            }
        }
        assert_eq!(taken.credits().await, 1_000 - PRICE + granted);
        until_there_are(&site, 0, "queued").await;
        hub.audit();
        figure(
            "fail points: commands",
            &format!("{kind:?}").to_lowercase(),
            cases,
        );
    }
}

/// Longer than the minute after which lots are written off.
const MORE_THAN_A_MINUTE: Duration = Duration::from_secs(90);

/// Expired lots, with something going wrong at this point when they are written off.
async fn writing_off(kind: Kind, action: &str, point: &str) {
    let site = Site::of(kind);
    let mut hub = site
        .with("FAILPOINTS", &format!("{point}=1*{action}"))
        .serve()
        .await;
    let account = hub.account();
    account.grant_with(9, &["--expires-at", "2099-01-01"]);
    let moment = match kind {
        Kind::Sqlite => "1000",
        Kind::Postgres => "interval '1 millisecond'",
    };
    site.place.execute(&format!(
        "UPDATE credit_lots SET expires_at = created_at + {moment} WHERE source = 'grant'"
    ));
    let left = "SELECT CAST(coalesce(sum(remaining), 0) AS bigint) AS number FROM credit_lots WHERE source = 'grant'";
    let began = Instant::now();
    while !hub.process.has_ended() && site.number(left) > 0 {
        assert!(
            began.elapsed() < MORE_THAN_A_MINUTE,
            "{point}: {}",
            hub.process.stderr()
        );
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let log = hub.process.stderr();
    let went_off = log.contains(&format!("name=\"{point}\""))
        || log.contains(&format!("failpoint {point} panic"));
    assert!(went_off, "nothing happened at {point}: {log}");
    let is_written_off = !(action.contains("exit") && point.ends_with("before"));
    assert_eq!(site.number(left) == 0, is_written_off, "{point} {action}");
    let entries = "SELECT count(*) AS number FROM ledger_entries WHERE cause = 'expiry'";
    assert_eq!(
        site.number(entries),
        i64::from(is_written_off),
        "{point} {action}"
    );
    site.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn expired_lots_are_written_off_once() {
    let mut cases = Vec::new();
    for kind in KINDS {
        for (number, action) in ACTIONS.into_iter().enumerate() {
            for (turn, side) in SIDES.into_iter().enumerate() {
                if has_turn(number + turn, kind == Kind::Sqlite) {
                    let point = format!("expire.{side}");
                    cases.push(async move { writing_off(kind, action, &point).await });
                }
            }
        }
    }
    futures_util::future::join_all(cases).await;
}

//! Something goes wrong before and after everything that commits or goes outside: an error, a panic, a delay, the end of
//! the process. The fail points are in `src/faults`.

use std::sync::Arc;
use std::time::Duration;

use gih_fake_openai::Behaviour;
use tokio::task::JoinSet;

use self::stage::{Call, Stage};
use super::chance::figure;
use crate::support::process::Process;
use crate::support::{Hub, Kind, until};

mod stage;

/// Where work goes through. `resume` and `find` are asked only when the answer to an acceptance was lost.
const WORK: [&str; 13] = [
    "accept",
    "find_by_idempotency_key",
    "claim",
    "resume",
    "find",
    "dispatch",
    "settle",
    "renew",
    "ended",
    "put",
    "get",
    "delete",
    "provider",
];
/// Where what a dead process left goes through.
const RECOVERY: [&str; 2] = ["reap", "list"];
/// Where a shutdown goes through.
const SHUTDOWN: [&str; 2] = ["cancel", "resign"];
/// How often calls are made until every point was met.
const MOST_ROUNDS: usize = 5;

fn sides<'a>(points: &'a [&'a str]) -> impl Iterator<Item = String> + 'a {
    points
        .iter()
        .flat_map(|point| [format!("{point}.before"), format!("{point}.after")])
}

/// Each of these points does this once.
fn once(points: &[String], action: &str) -> String {
    let armed: Vec<String> = points
        .iter()
        .map(|point| format!("{point}=1*{action}"))
        .collect();
    armed.join(";")
}

fn went_off(log: &str, point: &str) -> bool {
    log.contains(&format!("name=\"{point}\"")) || log.contains(&format!("failpoint {point} panic"))
}

/// Every point once in one process, then once more where its successor takes over, then where that one shuts down.
async fn survive(kind: Kind, action: &str) {
    let mut stage = Stage::new(kind).await;

    let work: Vec<String> = sides(&WORK).collect();
    // More answers are lost than one, so that acceptances are looked up in all ways there are.
    let lost = format!("accept.after=1*{action}->60*return(error)");
    let site = stage.with_points(&format!("{};{lost}", once(&work, action)));
    let hub = site.serve().await;
    // Whether a call finds a free slot is a matter of chance, and some points lie behind one.
    for _ in 0..MOST_ROUNDS {
        stage.work(&hub, 8).await;
        let log = hub.process.stderr();
        if work.iter().all(|point| went_off(&log, point)) {
            break;
        }
    }
    let log = hub.process.stderr();
    drop(hub); // by kill -9

    // What is sent and not answered when the process dies is what the next one finds.
    stage
        .upstream
        .enqueue(Behaviour::succeed().after(Duration::from_secs(3)));
    let mut hub = stage.site.serve().await;
    let api = hub.with_key(&stage.key);
    let sent = stage.upstream.call_count();
    let orphan = tokio::spawn(Call::Waiting.make(api, stage.prompt()));
    until("the call upstream", async || {
        (stage.upstream.call_count() > sent).then_some(())
    })
    .await;
    hub.process.kill();
    drop(orphan.await.unwrap());
    let mut log = log;
    for point in sides(&RECOVERY) {
        // On SQLite a start that cannot look after what was left refuses to serve; whoever supervises it starts it again.
        let site = stage.with_points(&format!("{point}=1*{action}"));
        let mut process = site.spawn(&["serve"]);
        until(&point, async || {
            let is_over = process.has_ended() || went_off(&process.stderr(), &point);
            is_over.then_some(())
        })
        .await;
        log += &process.stderr();
    }
    // One after the other, because each ends what the next would be part of.
    for point in sides(&SHUTDOWN) {
        log += &shut_down(&mut stage, &format!("{point}=1*{action}")).await;
    }
    let all: Vec<String> = sides(&[&WORK[..], &RECOVERY, &SHUTDOWN].concat()).collect();
    let quiet: Vec<&String> = all.iter().filter(|point| !went_off(&log, point)).collect();
    assert!(quiet.is_empty(), "nothing happened at {quiet:?}\n{log}");
    stage.check().await;
    let name = format!("fail points: {action}");
    figure(&name, &format!("{kind:?}").to_lowercase(), all.len() as u64);
}

/// Shuts a busy hub down; its log.
async fn shut_down(stage: &mut Stage, points: &str) -> String {
    let site = stage.with_points(points).with("GIH_WORKERS", "1");
    stage
        .upstream
        .set_default(Behaviour::succeed().after(Duration::from_millis(700)));
    let mut process = site.spawn(&["serve"]);
    let Some(url) = tokio::task::block_in_place(|| process.line_or_end("listening on ")) else {
        // What the one before left was canceled before this one was ready.
        wait_for_end(&mut process).await;
        return process.stderr();
    };
    let mut hub = Hub::of(process, Arc::clone(&site.place), url, site.options.clone());
    let api = hub.with_key(&stage.key);
    let mut calls = JoinSet::new();
    let mut prompts = Vec::new();
    for _ in 0..4 {
        let prompt = stage.prompt();
        prompts.push(format!("'{prompt}'"));
        calls.spawn(Call::Waiting.make(api.clone(), prompt));
    }
    let queued = format!(
        "SELECT count(*) AS number FROM generations WHERE status = 'queued' AND prompt IN ({})",
        prompts.join(", ")
    );
    until("a queue", async || {
        (stage.site.number(&queued) >= 2).then_some(())
    })
    .await;
    hub.process.signal("TERM");
    while let Some(call) = calls.join_next().await {
        let (prompt, answer) = call.unwrap();
        stage.note(prompt, answer);
    }
    wait_for_end(&mut hub.process).await;
    stage
        .upstream
        .set_default(Behaviour::succeed().after(Duration::from_millis(30)));
    hub.process.stderr()
}

async fn wait_for_end(process: &mut Process) {
    let started = std::time::Instant::now();
    while !process.has_ended() {
        assert!(
            started.elapsed() < crate::support::PATIENCE,
            "it goes on:\n{}",
            process.stderr()
        );
        tokio::time::sleep(crate::support::pause(started.elapsed())).await;
    }
}

/// The process is gone, as by kill -9, at each point in turn.
async fn die_everywhere(kind: Kind) {
    let mut stage = Stage::new(kind).await;
    let mut deaths = 0;
    for point in sides(&[&WORK[..], &RECOVERY].concat()) {
        let lost = if point.starts_with("resume") || point.starts_with("find.") {
            ";accept.after=return(error)"
        } else {
            ""
        };
        let site = stage.with_points(&format!("{point}=1*return(exit){lost}"));
        let mut process = site.spawn(&["serve"]);
        let url = tokio::task::block_in_place(|| process.line_or_end("listening on "));
        if let Some(url) = url {
            for _ in 0..MOST_ROUNDS {
                if process.has_ended() {
                    break;
                }
                let hub = Hub::of(
                    process,
                    Arc::clone(&stage.site.place),
                    url.clone(),
                    site.options.clone(),
                );
                stage.work(&hub, 2).await;
                process = hub.process;
            }
        }
        wait_for_end(&mut process).await;
        assert!(
            process.stderr().contains(&format!("name=\"{point}\"")),
            "{point}: {}",
            process.stderr()
        );
        deaths += 1;
    }
    for point in sides(&SHUTDOWN) {
        let log = shut_down(&mut stage, &format!("{point}=1*return(exit)")).await;
        assert!(log.contains(&format!("name=\"{point}\"")), "{point}: {log}");
        deaths += 1;
    }
    stage.check().await;
    figure(
        "fail points: exit",
        &format!("{kind:?}").to_lowercase(),
        deaths,
    );
}

macro_rules! test {
    ($name:ident, $survival:expr) => {
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            $survival.await;
        }
    };
}

test!(errors_on_sqlite, survive(Kind::Sqlite, "return(error)"));
test!(errors_on_postgres, survive(Kind::Postgres, "return(error)"));
test!(panics_on_sqlite, survive(Kind::Sqlite, "panic"));
test!(panics_on_postgres, survive(Kind::Postgres, "panic"));
test!(delays_on_sqlite, survive(Kind::Sqlite, "return(delay:600)"));
test!(
    delays_on_postgres,
    survive(Kind::Postgres, "return(delay:600)")
);
test!(deaths_on_sqlite, die_everywhere(Kind::Sqlite));
test!(deaths_on_postgres, die_everywhere(Kind::Postgres));

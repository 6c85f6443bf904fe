//! What every port relies on: transactions, retries, lost connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Integer;

use super::*;
use crate::dialect::{Now, NowPlus};
use crate::schema::workers;
use crate::support::{TestDatabase, on_both};
use crate::types::Sql;
use gih_domain::id::WorkerId;
use gih_domain::time::Timestamp;
use uuid::Uuid;

fn one(db: &mut Db) -> Result<i32, Error> {
    Ok(both!(db, c => diesel::select(1.into_sql::<Integer>()).get_result(c))?)
}

#[allow(clippy::disallowed_methods)] // a new name needs no port here
fn add_worker(db: &mut Db) -> Result<(), Error> {
    let id = WorkerId(Uuid::now_v7());
    let row = (
        workers::id.eq(Sql(id)),
        workers::started_at.eq(Now),
        workers::lease_until.eq(NowPlus::new(Duration::from_mins(1))),
    );
    both!(db, c => diesel::insert_into(workers::table).values(row).execute(c))?;
    Ok(())
}

fn count_workers(db: &mut Db) -> Result<i64, Error> {
    Ok(both!(db, c => workers::table.count().get_result(c))?)
}

#[tokio::test]
async fn an_error_rolls_back_and_ok_commits() {
    on_both(|database| async move {
        let refused: Result<(), Abort<&str>> = database
            .write_or_refuse(|db| {
                add_worker(db)?;
                Err(Abort::Refused("no"))
            })
            .await;
        assert_eq!(refused, Err(Abort::Refused("no")));
        assert_eq!(database.read(count_workers).await, Ok(0));
        assert_eq!(database.write(add_worker).await, Ok(()));
        assert_eq!(database.read(count_workers).await, Ok(1));
    })
    .await;
}

#[tokio::test]
async fn a_panic_is_an_error_rolls_back_and_harms_nobody() {
    on_both(|database| async move {
        // More often than there are connections.
        for _ in 0..10 {
            let written: Result<(), Error> = database
                .write(|db| {
                    add_worker(db)?;
                    panic!("boom")
                })
                .await;
            assert_eq!(written, Err(Error::Unexpected("a panic: boom".to_owned())));
            let read: Result<(), Error> = database.read(|_| panic!("boom")).await;
            assert_eq!(read, Err(Error::Unexpected("a panic: boom".to_owned())));
        }
        assert_eq!(database.read(count_workers).await, Ok(0));
        assert_eq!(database.write(add_worker).await, Ok(()));
    })
    .await;
}

#[tokio::test]
async fn readers_write_nothing_on_sqlite() {
    let database = TestDatabase::new(Kind::Sqlite).await;
    let written = database.read(add_worker).await;
    assert!(
        matches!(&written, Err(Error::Unavailable(message)) if message.contains("readonly")),
        "{written:?}"
    );
}

#[tokio::test]
async fn a_snapshot_stands_still() {
    on_both(|database| async move {
        let writer = database.another();
        let runtime = tokio::runtime::Handle::current();
        let seen = database.read(move |db| {
            db.snapshot(|db| {
                let before = count_workers(db)?;
                runtime.block_on(writer.write(add_worker))?;
                Ok((before, count_workers(db)?))
            })
        });
        assert_eq!(seen.await, Ok((0, 0)));
        assert_eq!(database.read(count_workers).await, Ok(1));
    })
    .await;
}

#[tokio::test]
async fn work_in_the_way_of_another_is_run_again() {
    on_both(|database| async move {
        let runs = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&runs);
        let written = database.write(move |db| {
            add_worker(db)?;
            match counted.fetch_add(1, Ordering::Relaxed) {
                0 | 1 => Err(Error::Transient("deadlock detected".to_owned())),
                _ => Ok(()),
            }
        });
        assert_eq!(written.await, Ok(()));
        assert_eq!(runs.load(Ordering::Relaxed), 3);
        assert_eq!(database.read(count_workers).await, Ok(1));
        let never: Result<(), Error> = database
            .write(|_| Err(Error::Transient("deadlock detected".to_owned())))
            .await;
        assert!(matches!(never, Err(Error::Transient(_))));
    })
    .await;
}

#[tokio::test]
async fn postgres_errors_are_told_apart() {
    let database = TestDatabase::new(Kind::Postgres).await;
    let says = |sql: &'static str| {
        let database = (*database).clone();
        async move {
            let result: Result<(), Error> = database
                .write(move |db| Ok(both!(db, c => c.batch_execute(sql))?))
                .await;
            result.unwrap_err()
        }
    };
    for (sql, expected) in [
        (
            "SET LOCAL statement_timeout = 20; SELECT pg_sleep(5)",
            "unavailable",
        ),
        (
            "SET TRANSACTION READ ONLY; DELETE FROM workers",
            "unavailable",
        ),
        (
            "DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = 'serialization_failure'; END $$",
            "transient",
        ),
        (
            "DO $$ BEGIN RAISE EXCEPTION 'deadlock detected' USING ERRCODE = 'deadlock_detected'; END $$",
            "transient",
        ),
        ("SELECT 1 / 0", "unexpected"),
        ("SELECT pg_terminate_backend(pg_backend_pid())", "lost"),
        (
            "INSERT INTO api_keys SELECT gen_random_uuid(), gen_random_uuid(), 'live', '', '', '', now()",
            "foreign key",
        ),
    ] {
        let error = says(sql).await;
        let kind = match &error {
            Error::Unavailable(_) => "unavailable",
            Error::Transient(_) => "transient",
            Error::Unexpected(_) => "unexpected",
            Error::Lost(_) => "lost",
            Error::ForeignKey(_) => "foreign key",
            _ => "another",
        };
        assert_eq!(kind, expected, "{sql}: {error:?}");
    }
}

#[tokio::test]
async fn one_statement_after_the_other_takes_one_connection() {
    let database = TestDatabase::new(Kind::Postgres).await;
    for _ in 0..3 {
        assert_eq!(database.read(one).await, Ok(1));
    }
    // Autovacuum visits the database as well.
    let others = "SELECT count(*) AS number FROM pg_stat_activity WHERE backend_type = 'client backend' \
                  AND datname = current_database() AND pid <> pg_backend_pid()";
    assert_eq!(database.numbers(others), [1]);
}

#[tokio::test]
async fn lost_connections_are_replaced() {
    let database = TestDatabase::new(Kind::Postgres).await;
    // Every connection of the pool is in use once.
    let all = (0..8).map(|_| {
        let database = (*database).clone();
        tokio::spawn(async move {
            let sleep = |db: &mut Db| Ok(both!(db, c => c.batch_execute("SELECT pg_sleep(0.2)"))?);
            database.read(sleep).await
        })
    });
    for task in all.collect::<Vec<_>>() {
        assert_eq!(task.await.unwrap(), Ok(()));
    }
    let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                WHERE datname = current_database() AND pid <> pg_backend_pid()";
    database.execute(kill).unwrap();
    for _ in 0..20 {
        assert_eq!(database.read(one).await, Ok(1));
    }
    database.execute(kill).unwrap();
    for _ in 0..20 {
        assert_eq!(database.write(add_worker).await, Ok(()));
    }
    assert_eq!(database.read(count_workers).await, Ok(20));
}

#[tokio::test]
async fn a_commit_without_an_answer_is_told_apart_and_not_repeated() {
    let database = TestDatabase::new(Kind::Postgres).await;
    database
        .execute(
            "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
             CREATE CONSTRAINT TRIGGER die_at_commit AFTER INSERT ON workers
             DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION die();",
        )
        .unwrap();
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    let written = database.write(move |db| {
        counted.fetch_add(1, Ordering::Relaxed);
        add_worker(db)
    });
    let written = written.await;
    assert!(
        matches!(written, Err(Error::CommitOutcomeUnknown(_))),
        "{written:?}"
    );
    assert_eq!(runs.load(Ordering::Relaxed), 1);
    assert_eq!(database.read(one).await, Ok(1));
}

#[tokio::test]
async fn an_unreachable_postgres_is_unavailable_soon() {
    // Takes connections and never says a word, as a hanging server or a firewall does.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = silent.local_addr().unwrap().port();
    for port in [1, silent] {
        let url = format!("postgres://nobody@127.0.0.1:{port}/none");
        let database = Database::open(&url, Settings::default()).unwrap();
        let started = Instant::now();
        let read = database.read(one).await;
        let written = database.write(add_worker).await;
        assert!(matches!(read, Err(Error::Unavailable(_))), "{read:?}");
        assert!(matches!(written, Err(Error::Unavailable(_))), "{written:?}");
        let took = started.elapsed();
        assert!(
            took < 2 * CHECKOUT_TIMEOUT + Duration::from_secs(1),
            "{took:?}"
        );
    }
}

#[tokio::test]
async fn work_that_finds_no_connection_is_told_so() {
    let database = TestDatabase::new(Kind::Postgres).await;
    let settings = Settings {
        postgres_connections: 1,
        ..Settings::default()
    };
    let narrow = Database::open(&database.url, settings).unwrap();
    let owner = narrow.clone();
    let (held, begun) = oneshot::channel();
    let (let_go, freed) = oneshot::channel::<()>();
    let (mut started_it, mut freed) = (Some(held), Some(freed));
    let keeping = tokio::spawn(async move {
        let keep = move |_: &mut Db| {
            started_it.take().unwrap().send(()).unwrap();
            let _ = freed.take().unwrap().blocking_recv();
            Ok(())
        };
        owner.read(keep).await
    });
    begun.await.unwrap();
    let started = Instant::now();
    let waited = narrow.read(one).await;
    assert!(matches!(waited, Err(Error::Unavailable(_))), "{waited:?}");
    assert!(started.elapsed() >= CHECKOUT_TIMEOUT);
    // A lease does not lapse for that.
    assert_eq!(narrow.write_upkeep(add_worker).await, Ok(()));
    let_go.send(()).unwrap();
    keeping.await.unwrap().unwrap();
    assert_eq!(narrow.read(one).await, Ok(1));
}

#[tokio::test]
async fn processes_take_turns_at_writing_to_sqlite() {
    let database = TestDatabase::new(Kind::Sqlite).await;
    let writers: Vec<_> = (0..4)
        .map(|_| {
            let other = database.another();
            tokio::spawn(async move {
                for _ in 0..25 {
                    other.write(add_worker).await.unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(database.read(count_workers).await, Ok(100));
}

#[tokio::test]
async fn the_databases_clock_is_this_machines_here() {
    on_both(|database| async move {
        let system = || {
            let micros = std::time::UNIX_EPOCH.elapsed().unwrap().as_micros();
            Timestamp::from_micros(i64::try_from(micros).unwrap())
        };
        let before = system();
        let now = database.now().await.unwrap();
        // SQLite's clock ticks in milliseconds, rounded.
        let tick = Duration::from_millis(2);
        assert!(
            now.plus(tick) >= before && now <= system().plus(tick),
            "{now} {before}"
        );
        let later = database.read(|db| {
            let hour = NowPlus::new(Duration::from_hours(1));
            let both: (Timestamp, Timestamp) =
                both!(db, c => diesel::select((Now, hour)).get_result(c))?;
            Ok(both)
        });
        let (now, later) = later.await.unwrap();
        assert_eq!(later.since(now), Duration::from_hours(1));
    })
    .await;
}

#[tokio::test]
async fn texts_that_the_domain_does_not_know_are_errors() {
    on_both(|database| async move {
        let read: Result<gih_domain::mode::Mode, Error> = database
            .read(|db| {
                let odd = diesel::dsl::sql::<crate::types::Word>("'odd'");
                Ok(both!(db, c => diesel::select(odd.clone()).get_result(c))?)
            })
            .await;
        assert!(
            matches!(&read, Err(Error::Unexpected(message)) if message.contains("odd")),
            "{read:?}"
        );
    })
    .await;
}

//! How both databases go about what pages ask for: by an index that has the rows in their order, never by reading a table
//! or sorting what was found. What is asked is what the ports send, as it is on its way.

#![allow(clippy::unwrap_used)]

mod crowd;
#[path = "it/support/mod.rs"]
mod support;
#[path = "it/world/mod.rs"]
mod world;

use std::sync::Mutex;

use diesel::connection::{InstrumentationEvent, set_default_instrumentation};
use gih_database::testing::Connection;
use gih_domain::admin::AccountFilter;
use gih_domain::generation::Status;
use gih_domain::id::{AccountId, ActId, EntryId, GenerationId, KeyId};
use gih_domain::ledger::{Cause, EntryFilter};
use gih_domain::mode::Mode;
use gih_domain::ports::{
    Accounts, Acts, Books, DatabaseError, Generations, Ledger, ListFilter, Statistics,
};
use support::{TestDatabase, on_both};
use world::*;

/// What was asked of any database. One test alone looks at it.
static ASKED: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn listen() {
    set_default_instrumentation(|| {
        Some(Box::new(|event: InstrumentationEvent<'_>| {
            if let InstrumentationEvent::StartQuery { query, .. } = event {
                ASKED.lock().unwrap().push(query.to_string());
            }
        }))
    })
    .unwrap();
}

/// The indexes that questions were answered from, by a database with some rows in it.
struct Plans {
    connection: Connection,
    is_sqlite: bool,
    wrong: Vec<String>,
}

impl Plans {
    fn of(database: &TestDatabase) -> Self {
        let mut connection = Connection::open(&database.url).unwrap();
        let is_sqlite = database.url.starts_with("sqlite");
        if !is_sqlite {
            // A few thousand rows are read faster than looked up: what counts is what is done when there is a way.
            let settings = "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; \
                SET enable_sort = off; SET enable_bitmapscan = off";
            connection.execute(settings).unwrap();
        }
        Self {
            connection,
            is_sqlite,
            wrong: Vec::new(),
        }
    }

    /// Asks, and looks at how it was answered: from this index, beside whatever else was asked, and in its order.
    async fn list<T>(
        &mut self,
        name: &str,
        index: &str,
        question: impl Future<Output = Result<T, DatabaseError>>,
    ) {
        let steps = self.steps(question).await;
        let sorts = |step: &String| step.contains("Sort") || step.contains("FOR ORDER BY");
        let is_sorted = steps.iter().any(sorts);
        self.judge(name, index, is_sorted, &steps);
    }

    /// The same for what is added up or put in order after it was found.
    async fn sum<T>(
        &mut self,
        name: &str,
        index: &str,
        question: impl Future<Output = Result<T, DatabaseError>>,
    ) {
        let steps = self.steps(question).await;
        self.judge(name, index, false, &steps);
    }

    async fn steps<T>(
        &mut self,
        question: impl Future<Output = Result<T, DatabaseError>>,
    ) -> Vec<String> {
        ASKED.lock().unwrap().clear();
        question.await.unwrap();
        let asked = std::mem::take(&mut *ASKED.lock().unwrap());
        let mut steps = Vec::new();
        for query in asked {
            let sql = query.split(" -- binds").next().unwrap();
            if sql.starts_with("SELECT") {
                steps.append(&mut self.connection.plan(sql).unwrap());
            }
        }
        steps
    }

    fn judge(&mut self, name: &str, index: &str, is_sorted: bool, steps: &[String]) {
        let index = match index.strip_suffix("_pkey") {
            Some(table) if self.is_sqlite => format!("sqlite_autoindex_{table}_1"),
            _ => index.to_owned(),
        };
        let uses = |step: &String| {
            let words: Vec<&str> = step.split([' ', '(']).collect();
            words.contains(&index.as_str())
        };
        let reads_all = |step: &String| {
            // SQLite scans an index too, in its order and no further than the limit. `newest` is such a part of it.
            let scans = step.starts_with("SCAN ") && !step.contains("INDEX");
            (scans && !step.contains("newest")) || step.contains("Seq Scan")
        };
        if is_sorted || !steps.iter().any(uses) || steps.iter().any(reads_all) {
            let plan = steps.join("\n    ");
            self.wrong.push(format!("{name}, by {index}:\n    {plan}"));
        }
    }
}

#[tokio::test]
async fn every_list_is_read_from_an_index_in_its_order() {
    listen();
    on_both(|database| async move {
        let world = world(&database, &[(1_000, None)]).await;
        let others = world::world(&database, &[(1_000, None)]).await;
        crowd::crowd(&database, &world, 3_000);
        crowd::crowd(&database, &others, 1_000);
        let mut plans = Plans::of(&database);
        generations(&database, &mut plans, world.account, world.key).await;
        credits(&database, &mut plans, world.account).await;
        figures(&database, &mut plans, world.account).await;
        assert!(plans.wrong.is_empty(), "{}", plans.wrong.join("\n"));
    })
    .await;
}

async fn generations(database: &TestDatabase, plans: &mut Plans, account: AccountId, key: KeyId) {
    let page = ListFilter {
        limit: 20,
        ..ListFilter::default()
    };
    let with = |status, key| ListFilter {
        status,
        key,
        ..page.clone()
    };
    let cursor = ListFilter {
        after: Some(GenerationId::before(NOW)),
        ..page.clone()
    };
    let dates = ListFilter {
        created_from: Some(NOW.minus(DAY)),
        created_before: Some(NOW),
        ..page.clone()
    };
    let (failed, succeeded) = (Some(Status::Failed), Some(Status::Succeeded));
    let of_account = "generations_of_account";
    let unsuccessful_of_account = "generations_unsuccessful_of_account";
    let by_key = "generations_of_key";
    let cases = [
        ("all", of_account, page.clone()),
        ("after", of_account, cursor.clone()),
        ("dates", of_account, dates.clone()),
        ("succeeded", of_account, with(succeeded, None)),
        ("failed", unsuccessful_of_account, with(failed, None)),
        (
            "queued",
            unsuccessful_of_account,
            with(Some(Status::Queued), None),
        ),
        ("key", by_key, with(None, Some(key))),
        ("key, succeeded", by_key, with(succeeded, Some(key))),
        (
            "key, failed",
            unsuccessful_of_account,
            with(failed, Some(key)),
        ),
        (
            "failed, dates, after",
            unsuccessful_of_account,
            ListFilter {
                status: failed,
                after: cursor.after,
                ..dates.clone()
            },
        ),
    ];
    for (name, index, filter) in cases {
        let question = Generations::list(&**database, account, Mode::Live, &filter);
        plans.list(&format!("list: {name}"), index, question).await;
    }
    let pkey = "generations_pkey";
    let unsuccessful = "generations_unsuccessful";
    let (live, test) = (Some(Mode::Live), Some(Mode::Test));
    let cases = [
        ("all", pkey, None, page.clone()),
        ("after", pkey, None, cursor),
        ("dates", pkey, live, dates.clone()),
        ("live", pkey, live, page.clone()),
        ("test", "generations_of_test_mode", test, page.clone()),
        ("failed", unsuccessful, None, with(failed, None)),
        (
            "live, canceled",
            unsuccessful,
            live,
            with(Some(Status::Canceled), None),
        ),
        ("key", by_key, None, with(None, Some(key))),
        (
            "key, failed",
            unsuccessful_of_account,
            live,
            with(failed, Some(key)),
        ),
        (
            "failed, dates",
            unsuccessful,
            None,
            ListFilter {
                status: failed,
                ..dates
            },
        ),
    ];
    for (name, index, mode, filter) in cases {
        let question = database.list_all(mode, &filter);
        plans
            .list(&format!("list of all: {name}"), index, question)
            .await;
    }
    let id = GenerationId::before(NOW);
    plans.list("timeline", pkey, database.timeline(id)).await;
    plans.list("any", pkey, database.find_any(id)).await;
}

async fn credits(database: &TestDatabase, plans: &mut Plans, account: AccountId) {
    let page = EntryFilter {
        limit: 50,
        ..EntryFilter::default()
    };
    let of_cause = |cause| EntryFilter {
        cause: Some(cause),
        ..page
    };
    let (all, uncharged) = (
        "ledger_entries_of_account",
        "ledger_entries_uncharged_of_account",
    );
    let dates = EntryFilter {
        created_from: Some(NOW.minus(DAY)),
        created_before: Some(NOW),
        ..page
    };
    let cases = [
        ("all", all, page),
        ("charges", all, of_cause(Cause::Charge)),
        ("grants", uncharged, of_cause(Cause::Grant)),
        ("refunds", uncharged, of_cause(Cause::Refund)),
        ("dates", all, dates),
        (
            "after",
            all,
            EntryFilter {
                after: Some(EntryId::before(NOW)),
                ..page
            },
        ),
        (
            "refunds, dates",
            uncharged,
            EntryFilter {
                cause: Some(Cause::Refund),
                ..dates
            },
        ),
    ];
    for (name, index, filter) in cases {
        let question = database.entries(account, Mode::Live, &filter);
        plans
            .list(&format!("entries: {name}"), index, question)
            .await;
    }
    let question = database.entries_of(GenerationId::before(NOW));
    plans
        .list("entries of", "ledger_entries_of_generation", question)
        .await;
}

async fn figures(database: &TestDatabase, plans: &mut Plans, account: AccountId) {
    let list = |search: Option<&str>| AccountFilter {
        search: search.map(str::to_owned),
        after: Some(account),
        limit: 20,
    };
    for filter in [list(None), list(Some("ann"))] {
        let question = Accounts::list(&**database, &filter);
        plans.list("accounts", "accounts_pkey", question).await;
    }
    for after in [None, Some(ActId(account.0))] {
        let question = Acts::list(&**database, after, 20);
        plans.list("acts", "admin_acts_pkey", question).await;
    }
    plans
        .list("last audit", "audits_pkey", database.last_audit())
        .await;
    plans
        .list("samples", "generations_pkey", database.samples(500))
        .await;
    let since = NOW.minus(DAY);
    let question = database.lots(account, Mode::Live, NOW, 50);
    plans.sum("spent lots", "credit_lots_spent", question).await;
    let question = database.lots(account, Mode::Live, NOW, 50);
    plans.sum("open lots", "credit_lots_open", question).await;
    let question = database.spending(Some(account), Mode::Live, since, NOW);
    plans
        .sum("spending", "ledger_entries_of_account", question)
        .await;
    let question = database.spending(None, Mode::Live, since, NOW);
    plans
        .sum("spending of all", "ledger_entries_pkey", question)
        .await;
    for mode in [None, Some(Mode::Live)] {
        for index in ["generations_pkey", "ledger_entries_pkey"] {
            let question = database.overview(mode, since);
            plans.sum("overview", index, question).await;
        }
    }
}

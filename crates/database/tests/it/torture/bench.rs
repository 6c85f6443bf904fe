//! The product's books, taken through the same steps as the model by its ports.

use gih_database::testing::Connection;
use gih_database::{Database, Kind};
use gih_domain::account::{AccountType, Email};
use gih_domain::api_key::{ApiKey, KeyName};
use gih_domain::id::{AccountId, GenerationId, KeyId, LotId, WorkerId};
use gih_domain::mode::Mode;
use gih_domain::ports::{Accounts, Generations, Keys, NewAccount, NewKey};
use gih_domain::time::Timestamp;
use tokio::runtime::Runtime;

use crate::support::TestDatabase;
use crate::torture::ask::ask;
use crate::torture::bugs::Bug;
use crate::torture::model::{Answer, KEYS, Model, PURSES, Time, WORKERS};
use crate::torture::picture;
use crate::torture::step::Step;
use crate::world::{MINUTE, NOW, fresh};

/// A database, and how it is looked at.
pub struct Bench {
    pub runtime: Runtime,
    pub database: TestDatabase,
    pub raw: Connection,
    /// What is wrong with it on purpose.
    pub bug: Option<Bug>,
}

/// The names of what the model numbers, in one history.
pub struct Names {
    pub accounts: Vec<AccountId>,
    pub keys: Vec<KeyId>,
    pub workers: Vec<WorkerId>,
    pub lots: Vec<LotId>,
    pub works: Vec<GenerationId>,
}

pub fn mode(purse: usize) -> Mode {
    [Mode::Live, Mode::Test][PURSES[purse].1]
}

/// The model's time as the product has it.
pub fn at(time: Time) -> Timestamp {
    Timestamp::from_micros(NOW.as_micros() + time)
}

/// The model's number of it; none of its numbers for what the model does not know.
pub fn number<T: PartialEq>(all: &[T], one: &T) -> usize {
    all.iter()
        .position(|other| other == one)
        .unwrap_or(usize::MAX)
}

impl Bench {
    pub fn new(kind: Kind, bug: Option<Bug>) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let database = runtime.block_on(TestDatabase::quick(kind));
        let mut raw = Connection::open(&database.url).unwrap();
        if let Some(sql) = bug.and_then(|bug| bug.schema(kind)) {
            raw.execute(&sql).unwrap();
        }
        if let Some(sql) = picture::prepare(kind) {
            raw.execute(&sql).unwrap();
        }
        Self {
            runtime,
            database,
            raw,
            bug,
        }
    }

    /// New accounts, keys and workers, without credits.
    pub fn people(&mut self) -> Names {
        let names = Names {
            accounts: (0..2).map(|_| AccountId(fresh())).collect(),
            keys: KEYS.iter().map(|_| KeyId(fresh())).collect(),
            workers: (0..WORKERS).map(|_| WorkerId(fresh())).collect(),
            lots: Vec::new(),
            works: Vec::new(),
        };
        let database: &Database = &self.database;
        self.runtime.block_on(async {
            for &account in &names.accounts {
                Accounts::create(database, &new_account(account))
                    .await
                    .unwrap();
            }
            for (&key, &purse) in names.keys.iter().zip(&KEYS) {
                let account = names.accounts[PURSES[purse].0];
                Keys::create(database, &new_key(key, account, mode(purse)))
                    .await
                    .unwrap();
            }
            for &worker in &names.workers {
                database.register(worker, 60 * MINUTE).await.unwrap();
            }
        });
        names
    }

    /// Takes the step; what the product answers, in the model's words. `model` has taken it already. An error is one
    /// that the step may not have.
    pub fn take(
        &mut self,
        names: &mut Names,
        model: &Model,
        step: &Step,
    ) -> Result<Answer, String> {
        let kind = self.database.kind();
        if let Some(sql) = self
            .bug
            .and_then(|bug| bug.before(kind, names, model, step))
        {
            self.raw.execute(&sql)?;
        }
        let answer = match *step {
            Step::Pass(_) => Ok(Answer::Done),
            // Who is past a deadline was begun before it.
            Step::Late { work } => self.age(names, work, &["deadline_at", "started_at"]),
            Step::Idle { work } => self.age(names, work, &["started_at"]),
            Step::Overdue { work } => self.age(names, work, &["queue_deadline_at"]),
            _ => (self.runtime).block_on(ask(&self.database, names, model, step)),
        }?;
        if let Some(sql) = self.bug.and_then(|bug| bug.after(kind, names, model, step)) {
            self.raw.execute(&sql)?;
        }
        Ok(answer)
    }

    /// Moves times of the database's own clock an hour back.
    fn age(&mut self, names: &Names, work: usize, columns: &[&str]) -> Result<Answer, String> {
        let hour = match self.database.kind() {
            Kind::Sqlite => "3600000000",
            Kind::Postgres => "interval '1 hour'",
        };
        let id = literal(self.database.kind(), names.works[work].0);
        let times = columns
            .iter()
            .map(|column| format!("{column} = {column} - {hour}"));
        let times = times.collect::<Vec<_>>().join(", ");
        let sql = format!("UPDATE generations SET {times} WHERE id = {id}");
        self.raw.execute(&sql)?;
        Ok(Answer::Done)
    }
}

/// An id in SQL.
pub fn literal(kind: Kind, id: uuid::Uuid) -> String {
    match kind {
        Kind::Sqlite => format!("x'{}'", id.as_simple()),
        Kind::Postgres => format!("'{id}'"),
    }
}

fn new_account(id: AccountId) -> NewAccount {
    NewAccount {
        id,
        email: Email::parse(&format!("{id}@example.com")).unwrap(),
        account_type: AccountType::Free,
        is_admin: false,
        password_hash: None,
        password_is_temporary: false,
        lots: Vec::new(),
        created_at: NOW,
        act: None,
    }
}

fn new_key(id: KeyId, account: AccountId, mode: Mode) -> NewKey {
    let mut digest = [0; 32];
    digest[..16].copy_from_slice(id.0.as_bytes());
    let key = ApiKey {
        id,
        account,
        mode,
        name: KeyName::parse("key").unwrap(),
        prefix: "gih_live_abcdef".to_owned(),
        created_at: NOW,
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
        previous: None,
    };
    NewKey { key, digest }
}

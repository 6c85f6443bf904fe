//! An account with credits, a key and a worker, and what is done with them in tests of generations and of the books.

#![allow(dead_code, clippy::unwrap_used)] // each test file uses a part of it
#![allow(clippy::unnecessary_wraps)] // functions that make what fields hold

use std::time::Duration;

use gih_database::Database;
use gih_domain::account::{AccountType, Email};
use gih_domain::api_key::{ApiKey, KeyName};
use gih_domain::blob::{ImageFacts, ImageFormat};
use gih_domain::credits::Credits;
use gih_domain::generation::{Ending, Failure, FailureCode, Generation, Reference, SavedImage};
use gih_domain::id::{AccountId, GenerationId, ImageId, KeyId, LotId, WorkerId};
use gih_domain::idempotency::IdempotencyKey;
use gih_domain::mode::Mode;
use gih_domain::object_name::ObjectName;
use gih_domain::ports::{
    Accept, AcceptError, Accepted, Accounts, Books, Claim, Claimed, Generations, Hand, Idempotency,
    Keys, Limits, LotSource, NewAccount, NewKey, NewLot,
};
use gih_domain::request::{ImageCount, MAX_IMAGES, Prompt};
use gih_domain::size::{AspectRatio, RenderingQuality, Size, Tier};
use gih_domain::time::Timestamp;
use uuid::Uuid;

use crate::support::TestDatabase;

pub const NOW: Timestamp = Timestamp::from_micros(1_790_000_000_123_456);
pub const MINUTE: Duration = Duration::from_mins(1);
pub const DAY: Duration = Duration::from_hours(24);
pub const PRICE: u32 = 4;

pub struct World {
    pub account: AccountId,
    pub key: KeyId,
    pub worker: WorkerId,
}

/// A new id, later than those before.
#[allow(clippy::disallowed_methods)] // tests of the database have no port for ids
pub fn fresh() -> Uuid {
    Uuid::now_v7()
}

/// A new id of this time, later than those before of the same.
pub fn fresh_at(at: Timestamp) -> Uuid {
    let random = fresh().as_bytes()[6..].try_into().unwrap();
    let millis = u64::try_from(at.as_micros() / 1_000).unwrap();
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

/// An account with live lots of so many credits and so long a life, a key in live mode, and a worker with a lease.
pub async fn world(database: &Database, lots: &[(u32, Option<Duration>)]) -> World {
    let account = AccountId(fresh());
    let lots = lots.iter().map(|(credits, life)| NewLot {
        id: LotId(fresh_at(NOW)),
        mode: Mode::Live,
        source: LotSource::Grant,
        credits: Credits::from_u32(*credits),
        expires_at: life.map(|life| NOW.plus(life)),
        note: None,
    });
    let new = NewAccount {
        id: account,
        email: Email::parse(&format!("{account}@example.com")).unwrap(),
        account_type: AccountType::Pro,
        is_admin: false,
        password_hash: None,
        password_is_temporary: false,
        lots: lots.collect(),
        created_at: NOW,
        act: None,
    };
    Accounts::create(database, &new).await.unwrap();
    let key = add_key(database, account).await;
    let worker = WorkerId(fresh());
    database.register(worker, 10 * MINUTE).await.unwrap();
    World {
        account,
        key,
        worker,
    }
}

pub async fn add_key(database: &Database, account: AccountId) -> KeyId {
    let id = KeyId(fresh());
    let mut digest = [0; 32];
    digest[..16].copy_from_slice(id.0.as_bytes());
    let key = ApiKey {
        id,
        account,
        mode: Mode::Live,
        name: KeyName::parse("key").unwrap(),
        prefix: "gih_live_abcdef".to_owned(),
        created_at: NOW,
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
        previous: None,
    };
    Keys::create(database, &NewKey { key, digest })
        .await
        .unwrap();
    id
}

impl World {
    /// A request of one image at [`PRICE`], for the queue; nobody waits for it.
    pub fn accept(&self) -> Accept {
        Accept {
            id: GenerationId(fresh()),
            account: self.account,
            key: self.key,
            mode: Mode::Live,
            model: "gpt-image-1".to_owned(),
            provider: "openai".to_owned(),
            provider_model: "gpt-image-1-2025".to_owned(),
            prompt: Prompt::parse("a red fox in the snow ❄").unwrap(),
            n: ImageCount::parse(1, MAX_IMAGES).unwrap(),
            size: Size::new(1536, 1024),
            aspect_ratio: AspectRatio::new(3, 2),
            tier: Tier::TwoK,
            rendering_quality: RenderingQuality::High,
            price: Credits::from_u32(PRICE),
            references: vec![Reference {
                object_name: ObjectName::stored("references/x/0".to_owned()),
                about: facts(),
            }],
            idempotency: None,
            waits: false,
            hand: Hand::Queue,
            queue_timeout: 10 * MINUTE,
            timeout: MINUTE,
            limits: Limits {
                max_queue: 1_000,
                max_queued_per_account: 1_000,
                rate: None,
            },
            at: NOW,
        }
    }

    /// The same for `n` images, straight into the worker's hands.
    pub fn mine(&self, n: i64) -> Accept {
        Accept {
            n: ImageCount::parse(n, MAX_IMAGES).unwrap(),
            hand: Hand::Mine {
                worker: self.worker,
            },
            waits: true,
            ..self.accept()
        }
    }

    pub async fn balance(&self, database: &Database, at: Timestamp) -> i64 {
        let balance = database
            .balance(self.account, Mode::Live, at)
            .await
            .unwrap();
        balance.unwrap().credits.get()
    }
}

pub fn idempotency(key: &str, fingerprint: u8) -> Option<Idempotency> {
    Some(Idempotency {
        key: IdempotencyKey::parse(key.as_bytes()).unwrap(),
        fingerprint: [fingerprint; 32],
        expires_at: NOW.plus(7 * DAY),
    })
}

/// A claim of live work.
pub fn live(worker: WorkerId, timeout: Duration, at_most: u32) -> Claim {
    Claim {
        worker,
        mode: Mode::Live,
        timeout,
        at_most,
        except: Vec::new(),
    }
}

pub async fn running(database: &Database, accept: Accept) -> Claimed {
    match database.accept(accept).await.unwrap() {
        Accepted::Running(claimed) => *claimed,
        other => panic!("{other:?}"),
    }
}

pub async fn queued(database: &Database, accept: Accept) -> Generation {
    match database.accept(accept).await.unwrap() {
        Accepted::Queued(generation) => *generation,
        other => panic!("{other:?}"),
    }
}

pub async fn refused(database: &Database, accept: Accept) -> AcceptError {
    database.accept(accept).await.unwrap_err()
}

pub fn facts() -> ImageFacts {
    ImageFacts {
        format: ImageFormat::Webp,
        size: Size::new(1536, 1024).unwrap(),
        byte_length: 1_500_000,
        sha256: [7; 32],
    }
}

pub fn images(generation: GenerationId, count: u8) -> Ending {
    let image = |position| SavedImage {
        id: ImageId(fresh()),
        object_name: ObjectName::of_image(generation, position, u128::from(position), "webp"),
        about: facts(),
        created_at: NOW,
    };
    Ending::Succeeded((0..count).map(image).collect())
}

pub fn failed() -> Ending {
    Ending::Failed(Failure::new(
        FailureCode::GenerationFailed,
        "It did not work.",
    ))
}

/// The books are in order, as of a time after everything that tests do.
pub async fn assert_audited(database: &Database) {
    let violations = database.audit(NOW.plus(365 * DAY), 10).await.unwrap();
    assert!(violations.is_empty(), "{violations:#?}");
}

/// How many rows every table has, and what all lots have left.
pub fn traces(database: &TestDatabase) -> Vec<i64> {
    database.numbers(
        "SELECT count(*) AS number FROM generations UNION ALL SELECT count(*) FROM ledger_entries
        UNION ALL SELECT count(*) FROM idempotency_keys UNION ALL SELECT count(*) FROM images
        UNION ALL SELECT count(*) FROM credit_lots UNION ALL SELECT CAST(coalesce(sum(remaining), 0) AS bigint) FROM credit_lots",
    )
}

/// Moves a time of the database's own clock, on rows that `filter` picks: seconds from now, or NULL.
pub fn set_time(database: &TestDatabase, table: &str, column: &str, seconds: i64, filter: &str) {
    let value = if database.url.starts_with("sqlite") {
        format!("CAST(unixepoch('subsec') * 1000000 AS INTEGER) + {seconds} * 1000000")
    } else {
        format!("now() + {seconds} * interval '1 second'")
    };
    database
        .execute(&format!(
            "UPDATE {table} SET {column} = {value} WHERE {filter}"
        ))
        .unwrap();
}

/// An id as a literal of the database's dialect.
pub fn literal(database: &TestDatabase, id: Uuid) -> String {
    if database.url.starts_with("sqlite") {
        format!("x'{}'", id.as_simple())
    } else {
        format!("'{id}'")
    }
}

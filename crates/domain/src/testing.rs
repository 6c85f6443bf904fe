//! What the domain's tests share: things to begin with, and the outside world in memory, in virtual time.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};
use uuid::Uuid;

use crate::account::AccountType;
use crate::api_key::Caller;
use crate::balance::Balance;
use crate::blob::{Blob, ByteStream, ImageFacts, ImageFormat, Source};
use crate::catalog::{Model, shipped_models};
use crate::credits::Credits;
use crate::generation::{End, Ending, Generation, Lease, Reference, State};
use crate::id::{AccountId, GenerationId, KeyId, WorkerId};
use crate::mode::Mode;
use crate::object_name::ObjectName;
use crate::ports::{Accept, Claimed, DatabaseError, Hand, Ids, Limits};
use crate::request::{ImageCount, Prompt};
use crate::size::{RenderingQuality, Tier};
use crate::time::Timestamp;

mod bench;
mod clock;
mod provider;
mod scene;
mod spool;
mod store;

pub(crate) use bench::{Bench, Setup, WORKER};
pub(crate) use clock::TestClock;
pub(crate) use provider::{ScriptedProvider, Step};
pub(crate) use scene::Scene;
pub(crate) use spool::MemorySpool;
pub(crate) use store::MemoryStore;

/// The longest that a test's generation runs.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(800);

/// When every test begins: 2026-04-30T08:00:00Z.
pub(crate) fn start() -> Timestamp {
    Timestamp::from_micros(1_777_536_000_000_000)
}

/// So many hours after the start; before it, when below zero.
pub(crate) fn hour(hours: i64) -> Timestamp {
    Timestamp::from_micros(start().as_micros() + hours * 3_600_000_000)
}

/// An id's number.
pub(crate) fn uuid(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// The account of all tests.
pub(crate) fn account() -> AccountId {
    AccountId(uuid(0xacc))
}

/// The worker whose leases tests hold.
pub(crate) fn worker() -> WorkerId {
    WorkerId(uuid(0xbee))
}

/// Who asks.
pub(crate) fn caller(mode: Mode) -> Caller {
    Caller {
        account: account(),
        account_type: AccountType::Pro,
        key: KeyId(uuid(0x4e)),
        mode,
    }
}

/// The shipped model.
pub(crate) fn model() -> Model {
    shipped_models().remove(0)
}

/// The database is away.
pub(crate) fn away() -> DatabaseError {
    DatabaseError::Unavailable("no route to host".to_owned())
}

/// A balance of so much.
pub(crate) fn balance(credits: u32) -> Balance {
    Balance {
        credits: Credits::from_u32(credits),
        account_type: AccountType::Pro,
        next_expiration: None,
    }
}

/// What happened, in order, as the fakes tell it.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub(crate) fn add(&self, event: impl Into<String>) {
        self.0.lock().unwrap().push(event.into());
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    /// How many events begin so.
    pub(crate) fn count(&self, prefix: &str) -> usize {
        self.all()
            .iter()
            .filter(|event| event.starts_with(prefix))
            .count()
    }
}

/// Ids 1, 2, 3…, and random bytes that count on as well, so that no two draws are the same.
#[derive(Default)]
pub(crate) struct SequentialIds(Mutex<u64>);

impl SequentialIds {
    fn draw(&self) -> u64 {
        let mut last = self.0.lock().unwrap();
        *last += 1;
        *last
    }
}

impl Ids for SequentialIds {
    fn next(&self, _at: Timestamp) -> Uuid {
        uuid(u128::from(self.draw()))
    }

    fn fill(&self, secret: &mut [u8]) {
        let draw = self.draw().to_be_bytes();
        for (place, byte) in secret.iter_mut().enumerate() {
            *byte = draw[place % draw.len()].wrapping_add(u8::try_from(place % 251).unwrap());
        }
    }
}

struct Memory(Bytes);

#[async_trait]
impl Source for Memory {
    async fn open(&self) -> std::io::Result<ByteStream> {
        Ok(stream::iter([Ok(self.0.clone())]).boxed())
    }
}

/// An image of this size whose bytes are `content`. (Nothing in the domain looks into the bytes.)
pub(crate) fn blob_of(content: &str, size: &str) -> Blob {
    let mut sha256 = [0; 32];
    for (place, byte) in content.bytes().enumerate() {
        sha256[place % 32] ^= byte;
    }
    Blob {
        about: ImageFacts {
            format: ImageFormat::Png,
            size: size.parse().unwrap(),
            byte_length: content.len() as u64,
            sha256,
        },
        source: Arc::new(Memory(Bytes::copy_from_slice(content.as_bytes()))),
    }
}

/// A square image whose bytes are `content`.
pub(crate) fn blob(content: &str) -> Blob {
    blob_of(content, "1024x1024")
}

/// Reads a blob whole; `None` when its source cannot be opened. Everything in memory is there at once.
pub(crate) fn content(blob: &Blob) -> Option<String> {
    let bytes = blob.source.open().now_or_never().unwrap().ok()?;
    let pieces: Vec<Bytes> = bytes.try_collect().now_or_never().unwrap().unwrap();
    Some(String::from_utf8(pieces.concat()).unwrap())
}

/// A live generation of two images at 8 credits, running, not yet dispatched.
pub(crate) fn generation() -> Generation {
    Generation {
        id: GenerationId(uuid(0x9e)),
        account: account(),
        key: caller(Mode::Live).key,
        mode: Mode::Live,
        model: "gpt-image-2".to_owned(),
        provider: "openai".to_owned(),
        provider_model: "gpt-image-2-upstream".to_owned(),
        prompt: "a fox".to_owned(),
        n: 2,
        size: Some("1536x1024".parse().unwrap()),
        aspect_ratio: Some("3:2".parse().unwrap()),
        tier: Tier::OneK,
        rendering_quality: RenderingQuality::Low,
        price: Credits::from_u32(8),
        references: Vec::new(),
        waits: false,
        created_at: start(),
        state: State::Running { dispatched: false },
    }
}

/// The same generation in another state.
pub(crate) fn in_state(generation: &Generation, state: State) -> Generation {
    Generation {
        state,
        ..generation.clone()
    }
}

/// The same generation, ended.
pub(crate) fn ended(generation: &Generation, ending: Ending) -> Generation {
    let end = End {
        ending,
        completed_at: start(),
        balance: balance(100),
    };
    in_state(generation, State::Ended(end))
}

/// A reference image of a generation, as it is kept with it.
pub(crate) fn reference(of: GenerationId, position: usize) -> Reference {
    Reference {
        object_name: ObjectName::of_reference(of, position),
        about: blob("reference").about,
    }
}

/// The generation in the test worker's hands.
pub(crate) fn claimed(generation: Generation) -> Claimed {
    Claimed {
        lease: Lease {
            generation: generation.id,
            worker: worker(),
            fence: 1,
        },
        generation,
        time_left: TIMEOUT,
    }
}

/// What is asked to be accepted, by its number; nobody waits for it.
pub(crate) fn accept(number: u128) -> Accept {
    Accept {
        id: GenerationId(uuid(number)),
        account: account(),
        key: caller(Mode::Live).key,
        mode: Mode::Live,
        model: "gpt-image-2".to_owned(),
        provider: "openai".to_owned(),
        provider_model: "gpt-image-2".to_owned(),
        prompt: Prompt::parse("a fox").unwrap(),
        n: ImageCount::parse(1, 4).unwrap(),
        size: None,
        aspect_ratio: None,
        tier: Tier::OneK,
        rendering_quality: RenderingQuality::Auto,
        price: Credits::from_u32(8),
        references: Vec::new(),
        idempotency: None,
        waits: false,
        hand: Hand::Queue,
        queue_timeout: TIMEOUT,
        timeout: TIMEOUT,
        limits: Limits {
            max_queue: 10,
            max_queued_per_account: 5,
            rate: None,
        },
        at: start(),
    }
}

/// The row that accepting this makes.
pub(crate) fn row(accept: &Accept, state: State) -> Generation {
    Generation {
        id: accept.id,
        account: accept.account,
        key: accept.key,
        mode: accept.mode,
        model: accept.model.clone(),
        provider: accept.provider.clone(),
        provider_model: accept.provider_model.clone(),
        prompt: accept.prompt.as_str().to_owned(),
        n: accept.n.get(),
        size: accept.size,
        aspect_ratio: accept.aspect_ratio,
        tier: accept.tier,
        rendering_quality: accept.rendering_quality,
        price: accept.price,
        references: accept.references.clone(),
        waits: accept.waits,
        created_at: accept.at,
        state,
    }
}

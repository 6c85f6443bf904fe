//! Passwords as argon2id hashes.

use std::sync::{Arc, Mutex, PoisonError};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version};
use async_trait::async_trait;
use gih_domain::account::Password;
use gih_domain::ports::{Asker, Busy, PasswordHasher};
use tokio::sync::Semaphore;

/// How many strangers wait for their turn, which comes within a second or two.
const STRANGERS_WAITING: usize = 24;
/// How many on known devices wait.
const KNOWN_WAITING: usize = 8;
/// What is verified against where there is no hash: what the library's defaults make of a salt, and an output that no
/// password is known to have.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5bm9ibw$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Argon2id with the library's defaults, which are OWASP's first recommendation (19 MiB, 2 passes, 1 lane).
pub struct Argon2id {
    strangers: Queue,
    known: Queue,
}

impl Default for Argon2id {
    fn default() -> Self {
        Self {
            strangers: Queue::new(STRANGERS_WAITING),
            known: Queue::new(KNOWN_WAITING),
        }
    }
}

/// Work that is done one after the other: each takes a core for tens of milliseconds.
struct Queue {
    places: Arc<Semaphore>,
    turn: Arc<Semaphore>,
    /// What is computed in, kept from one to the next. Freed and allocated anew, blocks of this size fragment the heap: a
    /// thousand sign-ups left more than a gigabyte resident.
    memory: Arc<Mutex<Vec<Block>>>,
}

impl Queue {
    fn new(waiting: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(1 + waiting)),
            turn: Arc::new(Semaphore::new(1)),
            memory: Arc::default(),
        }
    }

    /// Does the work in its turn on a thread of its own; `None` when it panicked. Its place is taken until it is done, also
    /// when nobody waits for it any more.
    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Vec<Block>) -> T + Send + 'static,
    ) -> Result<Option<T>, Busy> {
        let place = Arc::clone(&self.places);
        let place = place.try_acquire_owned().map_err(|_| Busy)?;
        let turn = Arc::clone(&self.turn);
        let turn = turn.acquire_owned().await.map_err(|_| Busy)?;
        let memory = Arc::clone(&self.memory);
        let working = tokio::task::spawn_blocking(move || {
            let _held = (place, turn);
            work(&mut memory.lock().unwrap_or_else(PoisonError::into_inner))
        });
        Ok(working.await.ok())
    }
}

impl Argon2id {
    fn queue(&self, asker: Asker) -> &Queue {
        match asker {
            Asker::Stranger => &self.strangers,
            Asker::Known => &self.known,
        }
    }
}

/// The hash of a password with this salt. An error only for parameters that no hash of ours has.
fn hash(
    memory: &mut Vec<Block>,
    params: Params,
    salt: Salt,
    password: &str,
) -> argon2::password_hash::Result<PasswordHash> {
    memory.resize(params.block_count(), Block::default());
    let kept = ParamsString::try_from(&params)?;
    let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into_with_memory(
        password.as_bytes(),
        &salt,
        &mut output,
        memory,
    )?;
    Ok(PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: kept,
        salt: Some(salt),
        hash: Some(Output::new(&output)?),
    })
}

/// Whether the password is the one of this hash.
fn is_of(memory: &mut Vec<Block>, expected: &PasswordHash, password: &str) -> Option<bool> {
    let params = Params::try_from(expected).ok()?;
    let found = hash(memory, params, expected.salt?, password).ok()?;
    // Outputs are compared in constant time.
    Some(found == *expected)
}

#[async_trait]
impl PasswordHasher for Argon2id {
    async fn hash(&self, password: &Password, asker: Asker) -> Result<String, Busy> {
        let password = password.reveal().to_owned();
        let hashing = self.queue(asker).in_turn(move |memory| {
            let hash = hash(memory, Params::default(), Salt::generate(), &password);
            hash.map(|hash| hash.to_string()).ok()
        });
        // With these parameters and a salt of its own making it cannot fail; a hash that matches nothing is safe.
        Ok(hashing.await?.flatten().unwrap_or_else(|| "!".to_owned()))
    }

    async fn verify<'a>(
        &self,
        password: &str,
        hash: Option<&'a str>,
        asker: Asker,
    ) -> Result<bool, Busy> {
        let known = hash.and_then(|hash| PasswordHash::new(hash).ok());
        let is_known = known.is_some();
        let password = password.to_owned();
        let verifying = self.queue(asker).in_turn(move |memory| {
            let hash = match known {
                Some(hash) => hash,
                None => PasswordHash::new(NOBODYS).ok()?,
            };
            is_of(memory, &hash, &password)
        });
        let is_right = verifying.await?.flatten().unwrap_or(false);
        Ok(is_right && is_known)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn password() -> Password {
        Password::parse("correct horse".to_owned()).unwrap()
    }

    #[tokio::test]
    async fn hashes_are_argon2id_and_salted() {
        let hasher = Argon2id::default();
        let one = hasher.hash(&password(), Asker::Stranger).await.unwrap();
        let two = hasher.hash(&password(), Asker::Stranger).await.unwrap();
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
        assert_ne!(one, two);
    }

    #[tokio::test]
    async fn only_the_password_of_the_hash_is_right() {
        let hasher = Argon2id::default();
        let hash = hasher.hash(&password(), Asker::Stranger).await.unwrap();
        let verify = async |password: &str, hash: Option<&str>| {
            let hasher = Argon2id::default();
            hasher.verify(password, hash, Asker::Known).await.unwrap()
        };
        assert!(verify("correct horse", Some(&hash)).await);
        assert!(!verify("correct horsf", Some(&hash)).await);
        assert!(!verify("", Some(&hash)).await);
        for hash in [None, Some("!"), Some("")] {
            assert!(!verify("correct horse", hash).await);
        }
    }

    /// What a sign-in to no account costs must be what one with a wrong password costs: the same parameters, the same
    /// lengths, and in fact the same time.
    #[tokio::test]
    async fn nobody_s_hash_is_like_everybody_s() {
        let hasher = Argon2id::default();
        let hash = hasher.hash(&password(), Asker::Stranger).await.unwrap();
        let shape = |hash: &str| -> Vec<String> {
            let fields = hash.split('$').enumerate();
            fields
                .map(|(place, field)| match place {
                    4 | 5 => field.len().to_string(),
                    _ => field.to_owned(),
                })
                .collect()
        };
        assert_eq!(shape(&hash), shape(NOBODYS));
        PasswordHash::new(NOBODYS).unwrap();
        let fastest = async |hash: Option<&str>| {
            let mut fastest = Duration::MAX;
            for _ in 0..5 {
                let began = Instant::now();
                assert!(
                    !hasher
                        .verify("wrong horse", hash, Asker::Known)
                        .await
                        .unwrap()
                );
                fastest = fastest.min(began.elapsed());
            }
            fastest
        };
        let (with, without) = (fastest(Some(&hash)).await, fastest(None).await);
        assert!(
            with < without * 3 && without < with * 3,
            "{with:?} with a hash, {without:?} without"
        );
    }

    #[tokio::test]
    async fn a_crowd_is_turned_away() {
        let hasher = Arc::new(Argon2id::default());
        let tries: Vec<_> = (0..1 + STRANGERS_WAITING + 10)
            .map(|_| {
                let hasher = Arc::clone(&hasher);
                tokio::spawn(
                    async move { hasher.verify("wrong horse", None, Asker::Stranger).await },
                )
            })
            .collect();
        // Who is known is not behind them.
        let known = hasher.verify("wrong horse", None, Asker::Known).await;
        assert_eq!(known, Ok(false));
        let mut refused = 0;
        for tried in tries {
            refused += u32::from(tried.await.unwrap() == Err(Busy));
        }
        assert!((1..=10).contains(&refused), "{refused}");
        let again = hasher.verify("wrong horse", None, Asker::Stranger).await;
        assert_eq!(again, Ok(false));
    }
}

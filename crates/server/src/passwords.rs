//! Passwords as argon2id hashes.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};
use async_trait::async_trait;
use gih_domain::account::Password;
use gih_domain::ports::{Busy, PasswordHasher};
use tokio::sync::Semaphore;

/// How many hashes run at once: each takes 19 MiB and a core for tens of milliseconds.
const AT_ONCE: usize = 2;
/// How many wait for their turn, which comes within a second or two.
const WAITING: usize = 32;
/// What is verified against where there is no hash: what the library's defaults make of a salt, and an output that no
/// password is known to have.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5bm9ibw$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Argon2id with the library's defaults, which are OWASP's first recommendation (19 MiB, 2 passes, 1 lane).
pub struct Argon2id {
    places: Arc<Semaphore>,
    turns: Arc<Semaphore>,
}

impl Default for Argon2id {
    fn default() -> Self {
        Self {
            places: Arc::new(Semaphore::new(AT_ONCE + WAITING)),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }
}

impl Argon2id {
    /// Does the work in its turn on a thread of its own; `None` when it panicked. Its place is taken until it is done, also
    /// when nobody waits for it any more.
    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Option<T>, Busy> {
        let place = Arc::clone(&self.places);
        let place = place.try_acquire_owned().map_err(|_| Busy)?;
        let turn = Arc::clone(&self.turns);
        let turn = turn.acquire_owned().await.map_err(|_| Busy)?;
        let working = tokio::task::spawn_blocking(move || {
            let _held = (place, turn);
            work()
        });
        Ok(working.await.ok())
    }
}

#[async_trait]
impl PasswordHasher for Argon2id {
    async fn hash(&self, password: &Password) -> Result<String, Busy> {
        let password = password.reveal().to_owned();
        let hashing = self.in_turn(move || {
            let hash = Argon2::default().hash_password(password.as_bytes());
            hash.map(|hash| hash.to_string()).ok()
        });
        // With these parameters and a salt of its own making it cannot fail; a hash that matches nothing is safe.
        Ok(hashing.await?.flatten().unwrap_or_else(|| "!".to_owned()))
    }

    async fn verify<'a>(&self, password: &str, hash: Option<&'a str>) -> Result<bool, Busy> {
        let known = hash.and_then(|hash| PasswordHash::new(hash).ok());
        let is_known = known.is_some();
        let password = password.to_owned();
        let verifying = self.in_turn(move || {
            let hash = match known {
                Some(hash) => hash,
                None => PasswordHash::new(NOBODYS).ok()?,
            };
            let verified = Argon2::default().verify_password(password.as_bytes(), &hash);
            Some(verified.is_ok())
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
        let one = hasher.hash(&password()).await.unwrap();
        let two = hasher.hash(&password()).await.unwrap();
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
        assert_ne!(one, two);
    }

    #[tokio::test]
    async fn only_the_password_of_the_hash_is_right() {
        let hasher = Argon2id::default();
        let hash = hasher.hash(&password()).await.unwrap();
        let verify = async |password: &str, hash: Option<&str>| {
            let hasher = Argon2id::default();
            hasher.verify(password, hash).await.unwrap()
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
        let hash = hasher.hash(&password()).await.unwrap();
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
                assert!(!hasher.verify("wrong horse", hash).await.unwrap());
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
        let tries: Vec<_> = (0..AT_ONCE + WAITING + 10)
            .map(|_| {
                let hasher = Arc::clone(&hasher);
                tokio::spawn(async move { hasher.verify("wrong horse", None).await })
            })
            .collect();
        let mut refused = 0;
        for tried in tries {
            refused += u32::from(tried.await.unwrap() == Err(Busy));
        }
        assert!((1..=10).contains(&refused), "{refused}");
        assert_eq!(hasher.verify("wrong horse", None).await, Ok(false));
    }
}

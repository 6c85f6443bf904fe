//! Passwords as argon2id hashes.

use argon2::{Argon2, PasswordHasher as _};
use async_trait::async_trait;
use gih_domain::account::Password;
use gih_domain::ports::PasswordHasher;
use tokio::sync::Semaphore;

/// How many hashes run at once: each takes 19 MiB and a core for tens of milliseconds.
const AT_ONCE: usize = 2;

/// Argon2id with the library's defaults, which are OWASP's first recommendation (19 MiB, 2 passes, 1 lane).
pub struct Argon2id {
    turns: Semaphore,
}

impl Default for Argon2id {
    fn default() -> Self {
        Self {
            turns: Semaphore::new(AT_ONCE),
        }
    }
}

#[async_trait]
impl PasswordHasher for Argon2id {
    async fn hash(&self, password: &Password) -> String {
        let _turn = self.turns.acquire().await;
        let password = password.reveal().to_owned();
        let hashing = tokio::task::spawn_blocking(move || {
            Argon2::default()
                .hash_password(password.as_bytes())
                .map(|hash| hash.to_string())
        });
        match hashing.await {
            Ok(Ok(hash)) => hash,
            // With these parameters and a salt of its own making it cannot fail; a hash that matches nothing is safe.
            Ok(Err(_)) | Err(_) => "!".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn hashes_are_argon2id_and_salted() {
        let hasher = Argon2id::default();
        let password = Password::parse("correct horse".to_owned()).unwrap();
        let (one, two) = (hasher.hash(&password).await, hasher.hash(&password).await);
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
        assert_ne!(one, two);
    }
}

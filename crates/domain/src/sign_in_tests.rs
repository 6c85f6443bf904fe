use std::sync::Mutex;
use std::time::Duration;

use futures_util::FutureExt as _;

use super::*;
use crate::ports::{Credentials, MockAccounts, MockPasswordHasher, MockSessions, MockThrottle};
use crate::testing::{SequentialIds, TestClock, account, away, hour, start};

#[path = "sign_in_tests/change_password.rs"]
mod change_password;
#[path = "sign_in_tests/sign_in.rs"]
mod sign_in;
#[path = "sign_in_tests/sign_up.rs"]
mod sign_up;

const HASH: &str = "$argon2id$…";
const PASSWORD: &str = "correct horse";

/// The outside, of which a test says what it expects; any other call panics. Sessions that begin are kept.
struct Outside {
    accounts: MockAccounts,
    sessions: MockSessions,
    passwords: MockPasswordHasher,
    throttle: MockThrottle,
    is_sign_up_open: bool,
    begun: Arc<Mutex<Vec<NewSession>>>,
}

impl Default for Outside {
    fn default() -> Self {
        Self {
            accounts: MockAccounts::new(),
            sessions: MockSessions::new(),
            passwords: MockPasswordHasher::new(),
            throttle: MockThrottle::new(),
            is_sign_up_open: true,
            begun: Arc::default(),
        }
    }
}

impl Outside {
    /// With this account behind ann's address, and a throttle that admits.
    fn with(found: Option<Credentials>) -> Self {
        let mut outside = Self::default();
        outside
            .accounts
            .expect_credentials()
            .withf(|email| email.as_str() == "ann@example.com")
            .returning(move |_| Ok(found.clone()));
        outside
            .throttle
            .expect_admit_sign_in()
            .returning(|_, _, _| Ok(()));
        outside
    }

    /// One check of a password, and what comes of it.
    fn verifies(
        mut self,
        password: &'static str,
        hash: Option<&'static str>,
        is_right: bool,
    ) -> Self {
        self.passwords
            .expect_verify()
            .once()
            .withf(move |asked, of, _| (asked, *of) == (password, hash))
            .returning(move |_, _, _| Ok(is_right));
        self
    }

    /// A session may begin, or may not.
    fn begins(mut self, begins: bool) -> Self {
        let begun = Arc::clone(&self.begun);
        self.sessions.expect_create().once().returning(move |new| {
            begun.lock().unwrap().push(new.clone());
            Ok(begins)
        });
        self
    }

    fn sign_in(self) -> SignIn {
        SignIn {
            accounts: Arc::new(self.accounts),
            sessions: Arc::new(self.sessions),
            passwords: Arc::new(self.passwords),
            throttle: Arc::new(self.throttle),
            clock: Arc::new(TestClock::default()),
            ids: Arc::new(SequentialIds::default()),
            is_sign_up_open: self.is_sign_up_open,
        }
    }
}

fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("mocks answer at once")
}

fn anns() -> Account {
    Account {
        id: account(),
        email: Email::parse("ann@example.com").unwrap(),
        account_type: AccountType::Pro,
        is_admin: false,
        created_at: hour(-100),
        blocked_at: None,
        password_is_temporary: false,
    }
}

#[allow(clippy::unnecessary_wraps)] // it is what the port answers
fn credentials() -> Option<Credentials> {
    Some(Credentials {
        account: anns(),
        password_hash: Some(HASH.to_owned()),
    })
}

fn attempt() -> Attempt<'static> {
    Attempt {
        email: " Ann@Example.com",
        password: PASSWORD,
        address: Some([192, 0, 2, 7].into()),
        device: None,
        session: None,
    }
}

/// A token that a browser shows.
fn token(seed: u8) -> Token {
    Token::generate(&[seed; Token::RANDOM_BYTES])
}

fn the_only(begun: &Mutex<Vec<NewSession>>) -> NewSession {
    let begun = begun.lock().unwrap();
    let [session] = &begun[..] else {
        panic!("{} sessions began", begun.len());
    };
    session.clone()
}

fn wait() -> Wait {
    Wait(Duration::from_secs(7))
}

#[test]
fn a_session_is_known_by_its_token() {
    let mut outside = Outside::default();
    let digest = token(1).digest();
    outside
        .sessions
        .expect_find()
        .once()
        .withf(move |asked, &at| (*asked, at) == (digest, start()))
        .returning(|_, _| Ok(Some(anns())));
    let sign_in = outside.sign_in();
    assert_eq!(now(sign_in.account(token(1).reveal())), Ok(Some(anns())));
}

#[test]
fn signing_out_ends_the_session() {
    let mut outside = Outside::default();
    let digest = token(1).digest();
    outside
        .sessions
        .expect_end()
        .once()
        .withf(move |asked| *asked == digest)
        .returning(|_| Ok(()));
    assert_eq!(now(outside.sign_in().sign_out(token(1).reveal())), Ok(()));
}

#[test]
fn nonsense_costs_no_query() {
    let sign_in = Outside::default().sign_in();
    for text in ["", "nonsense", "gih_live_0123456789"] {
        assert_eq!(now(sign_in.account(text)), Ok(None));
        assert_eq!(now(sign_in.sign_out(text)), Ok(()));
    }
}

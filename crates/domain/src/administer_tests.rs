use std::sync::Mutex;

use futures_util::FutureExt as _;

use super::*;
use crate::account::AccountType;
use crate::admin::AccountChange;
use crate::ports::{
    ChangeAccountError, ChangedAccount, MockAccounts, MockActs, MockBooks, MockCatalog,
    MockGenerations, MockLedger, MockPasswordHasher, MockStatistics,
};
use crate::testing::{SequentialIds, TestClock, hour, start, uuid};

#[path = "administer_tests/accounts.rs"]
mod accounts;
#[path = "administer_tests/grants.rs"]
mod grants;
#[path = "administer_tests/models.rs"]
mod models;
#[path = "administer_tests/reading.rs"]
mod reading;

/// The outside, of which a test says what it expects; any other call panics.
#[derive(Default)]
struct Outside {
    accounts: MockAccounts,
    catalog: MockCatalog,
    generations: MockGenerations,
    ledger: MockLedger,
    statistics: MockStatistics,
    acts: MockActs,
    books: MockBooks,
    passwords: MockPasswordHasher,
}

impl Outside {
    fn administer(self) -> Administer {
        Administer {
            accounts: Arc::new(self.accounts),
            catalog: Arc::new(self.catalog),
            generations: Arc::new(self.generations),
            ledger: Arc::new(self.ledger),
            statistics: Arc::new(self.statistics),
            acts: Arc::new(self.acts),
            books: Arc::new(self.books),
            clock: Arc::new(TestClock::default()),
            ids: Arc::new(SequentialIds::default()),
            passwords: Arc::new(self.passwords),
        }
    }

    /// With this account.
    fn with(account: Account) -> Self {
        let mut outside = Self::default();
        outside
            .accounts
            .expect_find_by_id()
            .returning(move |id| Ok((id == account.id).then(|| account.clone())));
        outside
    }
}

/// What a use case over mocks comes to: nothing there has to be waited for.
fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("mocks answer at once")
}

fn admin() -> Account {
    Account {
        id: AccountId(uuid(0xad)),
        email: Email::parse("admin@example.com").unwrap(),
        account_type: AccountType::Free,
        is_admin: true,
        created_at: hour(-200),
        blocked_at: None,
        password_is_temporary: false,
    }
}

fn ann() -> Account {
    Account {
        id: AccountId(uuid(0xa)),
        email: Email::parse("ann@example.com").unwrap(),
        is_admin: false,
        ..admin()
    }
}

/// Who may not administer: one who is no admin, and an admin who is blocked.
fn strangers() -> [Account; 2] {
    let blocked = Account {
        blocked_at: Some(hour(-1)),
        ..admin()
    };
    [ann(), blocked]
}

/// Where the acts go that a mock was told.
#[derive(Clone, Default)]
struct Record(Arc<Mutex<Vec<NewAct>>>);

impl Record {
    fn add(&self, act: &NewAct) {
        self.0.lock().unwrap().push(act.clone());
    }

    /// The one act there is: by the admin, at the time of the test.
    fn one(&self) -> (Act, String, String) {
        let acts = self.0.lock().unwrap();
        let [act] = acts.as_slice() else {
            panic!("{acts:?}");
        };
        assert_eq!((act.admin, act.created_at), (admin().id, start()));
        (act.act, act.subject.clone(), act.detail.clone())
    }

    /// That the one act was this.
    fn is(&self, act: Act, subject: &str, detail: &str) {
        assert_eq!(self.one(), (act, subject.to_owned(), detail.to_owned()));
    }
}

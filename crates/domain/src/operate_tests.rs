use futures_util::FutureExt as _;

use super::*;
use crate::balance::Balance;
use crate::lots::Lot;
use crate::ports::{MockAccounts, MockCatalog, MockKeys, MockPasswordHasher};
use crate::testing::{SequentialIds, TestClock, account, away, balance, hour, model, start};

#[path = "operate_tests/accounts.rs"]
mod accounts;
#[path = "operate_tests/catalog.rs"]
mod catalog;
#[path = "operate_tests/keys.rs"]
mod keys;

/// The outside, of which a test says what it expects; any other call panics.
#[derive(Default)]
struct Outside {
    accounts: MockAccounts,
    keys: MockKeys,
    catalog: MockCatalog,
    passwords: MockPasswordHasher,
}

impl Outside {
    fn operate(self) -> Operate {
        Operate {
            accounts: Arc::new(self.accounts),
            keys: Arc::new(self.keys),
            catalog: Arc::new(self.catalog),
            clock: Arc::new(TestClock::default()),
            ids: Arc::new(SequentialIds::default()),
            passwords: Arc::new(self.passwords),
        }
    }

    /// With ann's account.
    fn with_ann() -> Self {
        let mut outside = Self::default();
        outside
            .accounts
            .expect_find()
            .withf(|email| *email == ann())
            .returning(|_| Ok(Some(anns())));
        outside
    }

    /// With no account at all.
    fn empty() -> Self {
        let mut outside = Self::default();
        outside.accounts.expect_find().returning(|_| Ok(None));
        outside
    }

    /// With an account table that cannot be reached.
    fn away() -> Self {
        let mut outside = Self::default();
        outside.accounts.expect_find().returning(|_| Err(away()));
        outside
    }
}

fn ann() -> Email {
    Email::parse("ann@example.com").unwrap()
}

fn anns() -> Account {
    Account {
        id: account(),
        email: ann(),
        account_type: AccountType::Pro,
        is_admin: false,
        created_at: hour(-100),
        blocked_at: None,
        password_is_temporary: false,
    }
}

/// What a use case over mocks comes to: nothing there has to be waited for.
fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("mocks answer at once")
}

fn is_away(error: &OperateError) -> bool {
    matches!(error, OperateError::Database(error) if *error == away())
}

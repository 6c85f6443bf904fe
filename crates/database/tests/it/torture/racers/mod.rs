//! Many at once, again and again: exactly one wins, and not a credit goes astray. On Postgres they race over the
//! connections of two pools, as those of two processes would.

mod one_key;
mod reaper;
mod spends;

use std::time::Duration;

use gih_database::{Database, Kind};
use gih_domain::ports::{Accept, AcceptError, Accepted, DatabaseError, Generations};

use crate::support::TestDatabase;
use crate::torture::chance::share;

/// Rounds of each race.
fn rounds() -> u64 {
    share(20, 200)
}

/// A database, and the handles that racers take in turn.
struct Track {
    database: TestDatabase,
    handles: [Database; 2],
}

impl Track {
    async fn new(kind: Kind) -> Self {
        let database = TestDatabase::quick(kind).await;
        let first = Database::clone(&database);
        // One process owns an embedded database.
        let second = match kind {
            Kind::Sqlite => first.clone(),
            Kind::Postgres => database.another(),
        };
        Self {
            database,
            handles: [first, second],
        }
    }

    fn handle(&self, racer: usize) -> Database {
        self.handles[racer % 2].clone()
    }
}

/// Accepts until the database takes it or refuses: with hundreds at once some are told to come back.
async fn accept(database: &Database, accept: Accept) -> Result<Accepted, AcceptError> {
    loop {
        match database.accept(accept.clone()).await {
            Err(AcceptError::Database(DatabaseError::Unavailable(_))) => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            other => return other,
        }
    }
}

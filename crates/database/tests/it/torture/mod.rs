//! Long tests of the books: random histories against a model, races, a year of time, and bugs sown on purpose.
//! `TORTURE_SEED` gives another run; a failure names the seed it had.

mod answers;
mod ask;
mod bench;
mod bugs;
mod chance;
mod model;
mod picture;
mod racers;
mod runs;
mod sequences;
mod step;
mod tally;
mod year;

use gih_database::Kind;

/// What figures call a database.
fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Sqlite => "sqlite",
        Kind::Postgres => "postgres",
    }
}

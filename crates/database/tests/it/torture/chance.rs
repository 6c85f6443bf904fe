//! What the long tests have in common: a seed that can be given, and figures that can be collected.
//!
//! Depends on the standard library alone, so that other crates' tests can take this file in by its path.

#![allow(dead_code)] // each test file uses a part of it

use std::fs::OpenOptions;
use std::io::Write as _;

/// Chooses what a run of a long test does by chance; `cargo xtask torture` gives each pass another.
const SEED_VARIABLE: &str = "TORTURE_SEED";
/// The file that figures are added to, a line each: name, database and number between tabs.
const FIGURES_VARIABLE: &str = "TORTURE_FIGURES";
/// The seed when none is given, so that plain test runs are alike.
const DEFAULT_SEED: u64 = 1;

/// The seed of this run. Whoever uses it names it when it fails.
pub fn seed() -> u64 {
    match std::env::var(SEED_VARIABLE) {
        Ok(seed) => (seed.parse())
            .unwrap_or_else(|_| panic!("{SEED_VARIABLE} is {seed:?}, which is no number")),
        Err(_) => DEFAULT_SEED,
    }
}

/// How often a test repeats itself: a share in `cargo xtask test`, and the whole in `cargo xtask torture`, which names a
/// seed.
pub fn share(share: u64, whole: u64) -> u64 {
    if is_whole() { whole } else { share }
}

/// Whether a case is run on this one of the two databases: in `cargo xtask test` each is run on one of them, by turns, and in
/// `cargo xtask torture` on both.
pub fn has_turn(case: usize, is_sqlite: bool) -> bool {
    is_whole() || case.is_multiple_of(2) == is_sqlite
}

/// Whether this is a pass of `cargo xtask torture`.
pub fn is_whole() -> bool {
    std::env::var_os(SEED_VARIABLE).is_some()
}

/// Prints the seed when the test that holds it fails.
pub struct Seed(pub u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("to run it again: {SEED_VARIABLE}={}", self.0);
        }
    }
}

/// A figure that a long test reached on a database, like `figure("kill -9 cycles", "sqlite", 100)`.
pub fn figure(name: &str, database: &str, number: u64) {
    eprintln!("{name} on {database}: {number}");
    if let Ok(path) = std::env::var(FIGURES_VARIABLE) {
        let line = format!("{name}\t{database}\t{number}\n");
        let file = OpenOptions::new().create(true).append(true).open(&path);
        file.and_then(|mut file| file.write_all(line.as_bytes()))
            .unwrap_or_else(|error| panic!("{FIGURES_VARIABLE} ({path}): {error}"));
    }
}

/// Small, fast and good enough to choose test cases by: `SplitMix64` (Steele, Lea, Flood 2014).
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From nothing to one less than `below`.
    pub fn below(&mut self, below: u64) -> u64 {
        self.next() % below
    }

    /// One of these.
    pub fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        let choices_len = choices.len() as u64;
        let index = usize::try_from(self.below(choices_len)).unwrap_or(0);
        &choices[index]
    }
}

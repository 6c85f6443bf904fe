//! The rows of the table of goals, in the order in which they are measured.

mod backlog;
mod hot_account;
mod idle;
mod large;
mod latency;
mod million;
mod processes;
mod reads;
mod references;
mod slow;
mod tiny;

use crate::bench::Bench;
use crate::spread::Round;
use anyhow::{Result, bail};

/// One row.
pub struct Row {
    pub name: &'static str,
    /// What is measured, in a line.
    pub about: &'static str,
    /// The figures that have a goal.
    pub goals: &'static [Goal],
    pub when: When,
    pub run: fn(&Bench) -> Result<Vec<Round>>,
}

/// When a row is measured without being named.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum When {
    Always,
    /// Not in a quick run.
    InFull,
    /// Only when asked for, because its data takes minutes to make.
    Asked,
}

/// A figure and where it should be.
#[derive(Clone, Copy)]
pub struct Goal {
    pub figure: &'static str,
    is_minimum: bool,
    bound: f64,
}

impl Goal {
    const fn at_least(bound: f64, figure: &'static str) -> Self {
        Self {
            figure,
            is_minimum: true,
            bound,
        }
    }

    const fn at_most(bound: f64, figure: &'static str) -> Self {
        Self {
            figure,
            is_minimum: false,
            bound,
        }
    }

    /// As the table shows it.
    pub fn shown(&self) -> String {
        let sign = if self.is_minimum { '≥' } else { '≤' };
        format!("{sign} {}", self.bound)
    }

    /// Whether a value is where it should be.
    pub fn is_met(&self, value: f64) -> bool {
        if self.is_minimum {
            value >= self.bound
        } else {
            value <= self.bound
        }
    }
}

/// Every row.
pub static ALL: [Row; 20] = [
    Row {
        name: "idle",
        about: "A hub on SQLite that does nothing",
        goals: &[
            Goal::at_most(20.0, idle::RESIDENT),
            Goal::at_most(0.2, idle::START),
            Goal::at_most(40.0, idle::BINARY),
        ],
        when: When::Always,
        run: idle::run,
    },
    Row {
        name: "models",
        about: "GET /api/v1/models, 32 callers, against a bare JSON answer",
        goals: &[Goal::at_least(0.6, reads::OF_BARE)],
        when: When::Always,
        run: reads::models,
    },
    Row {
        name: "credits",
        about: "GET /api/v1/credits, 32 callers, against a bare JSON answer and one database read",
        goals: &[Goal::at_least(0.6, reads::OF_PARTS)],
        when: When::Always,
        run: reads::credits,
    },
    Row {
        name: "generation",
        about: "GET /api/v1/generations/{id}, 32 callers, against a bare JSON answer and one database read",
        goals: &[Goal::at_least(0.6, reads::OF_PARTS)],
        when: When::Always,
        run: reads::generation,
    },
    Row {
        name: "tiny-postgres",
        about: "Paid generations of 1 kB, 32 callers with an account each, against the parts",
        goals: &[Goal::at_least(0.6, tiny::OF_PARTS)],
        when: When::Always,
        run: tiny::postgres,
    },
    Row {
        name: "tiny-sqlite",
        about: "The same on SQLite",
        goals: &[Goal::at_least(0.6, tiny::OF_PARTS)],
        when: When::Always,
        run: tiny::sqlite,
    },
    Row {
        name: "latency-postgres",
        about: "The time that the hub adds to one caller's paid generation",
        goals: &[Goal::at_most(2.0, latency::OF_PARTS)],
        when: When::Always,
        run: latency::postgres,
    },
    Row {
        name: "latency-sqlite",
        about: "The same on SQLite",
        goals: &[],
        when: When::Always,
        run: latency::sqlite,
    },
    Row {
        name: "slow-upstream-postgres",
        about: "A provider that takes 200 ms, 256 callers; the ideal is 1,280 generations per second",
        goals: &[Goal::at_least(93.0, slow::OF_IDEAL)],
        when: When::Always,
        run: slow::postgres,
    },
    Row {
        name: "slow-upstream-sqlite",
        about: "The same on SQLite",
        goals: &[Goal::at_least(93.0, slow::OF_IDEAL)],
        when: When::Always,
        run: slow::sqlite,
    },
    Row {
        name: "large-postgres",
        about: "Paid generations of 12 MB, 16 callers, against \"store\"",
        goals: &[
            Goal::at_most(0.5, large::OF_STORE),
            Goal::at_most(16.0, crate::measure::PEAK),
        ],
        when: When::Always,
        run: large::postgres,
    },
    Row {
        name: "large-sqlite",
        about: "The same on SQLite",
        goals: &[
            Goal::at_most(0.5, large::OF_STORE),
            Goal::at_most(16.0, crate::measure::PEAK),
        ],
        when: When::Always,
        run: large::sqlite,
    },
    Row {
        name: "hot-account",
        about: "Paid generations of 1 kB, 32 callers with one account, against pgbench on one account",
        goals: &[Goal::at_least(0.7, hot_account::OF_PGBENCH)],
        when: When::Always,
        run: hot_account::run,
    },
    Row {
        name: "references",
        about: "One request with 16 reference images of 50 MB",
        goals: &[Goal::at_most(16.0, crate::measure::PEAK)],
        when: When::Always,
        run: references::one,
    },
    Row {
        name: "references-8",
        about: "Eight such requests at once",
        goals: &[Goal::at_most(16.0, crate::measure::PEAK)],
        when: When::InFull,
        run: references::eight,
    },
    Row {
        name: "large-n4",
        about: "Paid generations of four images of 12 MB, 16 callers",
        goals: &[Goal::at_most(16.0, crate::measure::PEAK)],
        when: When::Always,
        run: large::four,
    },
    Row {
        name: "backlog",
        about: "1,000 callers waiting and 10,000 generations queued at a provider that does not answer",
        goals: &[
            Goal::at_most(5.0, backlog::CPU),
            Goal::at_most(150.0, backlog::RESIDENT),
        ],
        when: When::InFull,
        run: backlog::run,
    },
    Row {
        name: "processes",
        about: "Paid generations of 1 kB, 32 callers, on 1, 2 and 4 processes with one Postgres",
        goals: &[
            Goal::at_least(1.0, processes::THROUGHPUT),
            Goal::at_most(1.0, processes::LATENCY),
        ],
        when: When::Always,
        run: processes::run,
    },
    Row {
        name: "million",
        about: "Each call on a Postgres database with a million generations, against an empty one",
        goals: &million::GOALS,
        when: When::Asked,
        run: million::postgres,
    },
    Row {
        name: "million-sqlite",
        about: "The same on SQLite",
        goals: &million::GOALS,
        when: When::Asked,
        run: million::sqlite,
    },
];

/// The rows of these names; without names, all that are measured unasked.
pub fn choose(names: &[String], is_quick: bool, is_million: bool) -> Result<Vec<&'static Row>> {
    if let Some(unknown) = names
        .iter()
        .find(|name| ALL.iter().all(|row| row.name != **name))
    {
        let known: Vec<&str> = ALL.iter().map(|row| row.name).collect();
        bail!("{unknown} is not a row; the rows are {}", known.join(", "));
    }
    let is_chosen = |row: &&Row| {
        let is_asked = row.when == When::Asked && is_million;
        if !names.is_empty() {
            return is_asked || names.iter().any(|name| name == row.name);
        }
        match row.when {
            When::Always => true,
            When::InFull => !is_quick,
            When::Asked => is_asked,
        }
    };
    Ok(ALL.iter().filter(is_chosen).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(names: &[&str], is_quick: bool, is_million: bool) -> Vec<&'static str> {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let rows = choose(&names, is_quick, is_million).unwrap();
        rows.iter().map(|row| row.name).collect()
    }

    #[test]
    fn rows_are_chosen_by_name() {
        assert_eq!(
            chosen(&["tiny-sqlite", "idle"], true, false),
            ["idle", "tiny-sqlite"]
        );
        assert_eq!(chosen(&["references-8"], true, false), ["references-8"]);
        assert_eq!(
            chosen(&["idle"], true, true),
            ["idle", "million", "million-sqlite"]
        );
        let error = choose(&["tiny".to_owned()], false, false).err().unwrap();
        assert!(error.to_string().contains("tiny-postgres"), "{error}");
    }

    #[test]
    fn a_quick_run_leaves_out_what_takes_long() {
        let (quick, full) = (chosen(&[], true, false), chosen(&[], false, false));
        assert!(full.contains(&"references-8") && !quick.contains(&"references-8"));
        assert!(!full.contains(&"million"));
        assert!(chosen(&[], false, true).contains(&"million"));
    }

    #[test]
    fn a_goal_is_a_bound() {
        let least = Goal::at_least(0.6, "x");
        assert_eq!(least.shown(), "≥ 0.6");
        assert!(least.is_met(0.6) && !least.is_met(0.59));
        let most = Goal::at_most(2.0, "x");
        assert_eq!(most.shown(), "≤ 2");
        assert!(most.is_met(2.0) && !most.is_met(2.01));
    }
}

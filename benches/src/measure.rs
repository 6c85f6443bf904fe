//! What a request costs: CPU, statements, log, syncs and memory.

use crate::hub::Hub;
use crate::load::Job;
use crate::postgres::Counters;
use crate::process::Process;
use crate::procfs;
use crate::spread::Round;
use crate::syncs::SyncCount;
use anyhow::Result;

/// CPU of the hub per request, in milliseconds.
pub const HUB_CPU: &str = "hub CPU ms";
/// CPU of Postgres per request, in milliseconds.
pub const POSTGRES_CPU: &str = "Postgres CPU ms";
/// Transactions of the hub's database per request.
pub const TRANSACTIONS: &str = "transactions";
/// Statements per request, `BEGIN` and `COMMIT` among them.
pub const STATEMENTS: &str = "statements";
/// Write-ahead log per request, in KiB.
pub const WAL: &str = "WAL KiB";
/// File syncs of the hub per request.
pub const SYNCS: &str = "file syncs";
/// Peak of the hub's resident memory over what it had when warm, in MiB.
pub const PEAK: &str = "peak growth MiB";

/// The figures of a request, in the order of the report's columns.
pub const PER_REQUEST: [&str; 7] = [
    HUB_CPU,
    POSTGRES_CPU,
    TRANSACTIONS,
    STATEMENTS,
    WAL,
    SYNCS,
    PEAK,
];

const MIB: f64 = 1024.0 * 1024.0;

/// What a hub and its database have used so far.
pub struct Usage {
    hub_cpu_ms: f64,
    postgres_cpu_ms: f64,
    /// `None` on SQLite.
    counters: Option<Counters>,
    peak_bytes: f64,
}

impl Usage {
    /// Reads it before a load. Counters are read by `psql`, whose CPU in the server must not be the load's.
    pub fn before(hub: &Hub) -> Result<Self> {
        let counters = hub.books.counters()?;
        Self::of(hub, counters)
    }

    /// Reads it after a load.
    pub fn after(hub: &Hub) -> Result<Self> {
        let usage = Self::of(hub, None)?;
        Ok(Self {
            counters: hub.books.counters()?,
            ..usage
        })
    }

    fn of(hub: &Hub, counters: Option<Counters>) -> Result<Self> {
        let pid = hub.process.pid();
        let postgres = hub.books.database.as_ref();
        Ok(Self {
            hub_cpu_ms: procfs::cpu_ms(pid)?,
            postgres_cpu_ms: postgres.map_or(Ok(0.0), |(server, _)| server.cpu_ms())?,
            counters,
            peak_bytes: procfs::peak_bytes(pid)?,
        })
    }

    /// What each request used since `before`.
    #[allow(clippy::cast_precision_loss)] // counts of a load of seconds
    pub fn round(&self, before: &Self, requests: f64, warm_bytes: f64) -> Round {
        let mut round = Round::default();
        round.add(HUB_CPU, (self.hub_cpu_ms - before.hub_cpu_ms) / requests);
        if let (Some(after), Some(before_load)) = (self.counters, before.counters) {
            let counters = after.since(before_load);
            let cpu_ms = self.postgres_cpu_ms - before.postgres_cpu_ms;
            round.add(POSTGRES_CPU, cpu_ms / requests);
            if let Some(statements) = counters.statements {
                round.add(STATEMENTS, statements as f64 / requests);
            }
            round.add(WAL, counters.wal_bytes as f64 / 1024.0 / requests);
        }
        round.add(PEAK, (self.peak_bytes - warm_bytes).max(0.0) / MIB);
        round
    }
}

/// How many requests a load came to, and how often the server synced a file meanwhile. `None` when nobody can count it.
#[allow(clippy::cast_precision_loss)] // counts of a load of seconds
pub fn syncs(server: &Process, job: &Job) -> Result<Option<(f64, f64)>> {
    let Some(count) = SyncCount::begin(server.pid())? else {
        return Ok(None);
    };
    let outcome = job.run()?;
    Ok(Some((outcome.requests, count.end()? as f64)))
}

/// Resident memory of a server, in bytes.
pub fn resident_bytes(server: &Process) -> Result<f64> {
    procfs::resident_bytes(server.pid())
}

/// Peaks count from now on.
pub fn forget_peak(server: &Process) -> Result<()> {
    procfs::forget_peak(server.pid())
}

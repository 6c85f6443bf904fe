//! What is in the books, read in one statement past the product, and held against the model.

use std::collections::BTreeMap;
use std::fmt::Debug;

use gih_database::Kind;
use gih_domain::generation::Status;
use gih_domain::id::{AccountId, GenerationId, LotId, WorkerId};
use gih_domain::mode::Mode;
use uuid::Uuid;

use crate::torture::bench::{Bench, Names, literal, mode, number};
use crate::torture::model::{Model, PURSES, Time};
use crate::world::NOW;

#[derive(Debug, PartialEq, Eq)]
struct LotView {
    purse: Option<usize>,
    granted: i64,
    left: i64,
    /// What its ledger entries add up to.
    entries: i64,
    expires: Option<Time>,
    created: Time,
    refund_of: Option<(usize, usize)>,
}

#[derive(Debug, PartialEq, Eq)]
struct WorkView {
    purse: Option<usize>,
    status: Status,
    turn: Option<i64>,
    fence: i64,
    holder: Option<usize>,
    is_dispatched: bool,
    captured: Option<i64>,
    charged: i64,
    refunded: i64,
    images: i64,
}

/// Every lot and every generation of the two accounts is what it must be, and there are no others. Learns the names of
/// new lots that refunds made.
pub fn compare(bench: &mut Bench, names: &mut Names, model: &Model) -> Result<(), String> {
    let kind = bench.database.kind();
    let accounts: Vec<String> = names
        .accounts
        .iter()
        .map(|id| literal(kind, id.0))
        .collect();
    let accounts = accounts.join(", ");
    let text = bench.raw.text(&match kind {
        Kind::Sqlite => statement(kind, &accounts),
        Kind::Postgres => format!("EXECUTE picture ({accounts})"),
    })?;
    let (mut lots, mut works) = (BTreeMap::new(), BTreeMap::new());
    for line in text.lines() {
        let fields: Vec<&str> = line.split('|').collect();
        let id = uuid(fields[1])?;
        if fields[0] == "L" {
            lots.insert(id, fields);
        } else {
            works.insert(id, fields);
        }
    }
    // Names sort by their making, so a lot comes before its refunds.
    for (&id, fields) in &lots {
        learn(names, model, LotId(id), fields)?;
    }
    expect("lots", model.lots.len(), lots.len())?;
    expect("generations", model.works.len(), works.len())?;
    for (index, lot) in model.lots.iter().enumerate() {
        let fields = names.lots.get(index).and_then(|id| lots.get(&id.0));
        let expected = LotView {
            purse: Some(lot.purse),
            granted: lot.granted,
            left: lot.left,
            entries: lot.left,
            expires: lot.expires,
            created: lot.created,
            refund_of: lot.refund_of,
        };
        let found = fields.map(|fields| lot_view(names, fields)).transpose()?;
        expect(&format!("lot {index}"), Some(expected), found)?;
    }
    for (index, work) in model.works.iter().enumerate() {
        let images = work.end.as_ref().map(|end| i64::from(end.images));
        let expected = WorkView {
            purse: Some(work.purse),
            status: work.status,
            turn: work.turn,
            fence: work.fence,
            holder: work.holder,
            is_dispatched: work.dispatched,
            captured: images.map(|images| images * work.price),
            charged: work.charged(),
            refunded: work.refunded,
            images: images.unwrap_or(0),
        };
        let fields = names.works.get(index).and_then(|id| works.get(&id.0));
        let found = fields.map(|fields| work_view(names, fields)).transpose()?;
        expect(&format!("generation {index}"), Some(expected), found)?;
    }
    Ok(())
}

/// That what was found is what was expected.
#[allow(clippy::needless_pass_by_value)] // so that callers need not borrow what they make
pub fn expect<T: PartialEq + Debug>(what: &str, expected: T, found: T) -> Result<(), String> {
    if expected == found {
        return Ok(());
    }
    Err(format!("{what}: expected {expected:?}, found {found:?}"))
}

fn learn(names: &mut Names, model: &Model, id: LotId, fields: &[&str]) -> Result<(), String> {
    if names.lots.contains(&id) {
        return Ok(());
    }
    let refund_of = refund_of(names, fields)?;
    let next = names.lots.len();
    let is_next = (model.lots.iter().enumerate())
        .find(|(index, lot)| *index >= next && refund_of.is_some() && lot.refund_of == refund_of);
    match is_next {
        // Several may come at once, named in the order in which they were made.
        Some((index, _)) if index == next => {
            names.lots.push(id);
            Ok(())
        }
        _ => Err(format!("{id} should not be there: {fields:?}")),
    }
}

fn refund_of(names: &Names, fields: &[&str]) -> Result<Option<(usize, usize)>, String> {
    if fields[6] == "-" {
        return Ok(None);
    }
    let work = number(&names.works, &GenerationId(uuid(fields[6])?));
    let source = number(&names.lots, &LotId(uuid(fields[7])?));
    Ok(Some((work, source)))
}

fn purse(names: &Names, account: &str, word: &str) -> Result<Option<usize>, String> {
    let account = number(&names.accounts, &AccountId(uuid(account)?));
    let is = |purse: &usize| PURSES[*purse].0 == account && Mode::as_str(mode(*purse)) == word;
    Ok((0..PURSES.len()).find(is))
}

fn lot_view(names: &Names, fields: &[&str]) -> Result<LotView, String> {
    Ok(LotView {
        purse: purse(names, fields[8], fields[9])?,
        granted: int(fields[2])?,
        left: int(fields[3])?,
        entries: int(fields[10])?,
        expires: maybe(fields[4])?.map(|time| time - NOW.as_micros()),
        created: int(fields[5])? - NOW.as_micros(),
        refund_of: refund_of(names, fields)?,
    })
}

fn work_view(names: &Names, fields: &[&str]) -> Result<WorkView, String> {
    let holder = match fields[5] {
        "-" => None,
        id => Some(number(&names.workers, &WorkerId(uuid(id)?))),
    };
    Ok(WorkView {
        purse: purse(names, fields[11], fields[12])?,
        status: fields[2]
            .parse()
            .map_err(|_| format!("status {}", fields[2]))?,
        turn: maybe(fields[3])?,
        fence: int(fields[4])?,
        holder,
        is_dispatched: int(fields[6])? == 1,
        captured: maybe(fields[7])?,
        charged: -int(fields[8])?,
        refunded: int(fields[9])?,
        images: int(fields[10])?,
    })
}

fn uuid(text: &str) -> Result<Uuid, String> {
    Uuid::try_parse(text).map_err(|error| format!("{text}: {error}"))
}

fn int(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| format!("{text:?} is no number"))
}

fn maybe(text: &str) -> Result<Option<i64>, String> {
    if text == "-" {
        Ok(None)
    } else {
        int(text).map(Some)
    }
}

/// Postgres plans for longer than it runs this, so it plans once a connection.
pub fn prepare(kind: Kind) -> Option<String> {
    (kind == Kind::Postgres).then(|| {
        format!(
            "PREPARE picture (uuid, uuid) AS {}",
            statement(kind, "$1, $2")
        )
    })
}

/// How a column is written as text.
type Write = fn(&str) -> String;

/// A line a lot and a line a generation, in one text.
fn statement(kind: Kind, accounts: &str) -> String {
    // How each database writes an id, a time and the whole.
    let (id, time, all): (Write, Write, &str) = match kind {
        Kind::Sqlite => (
            |column| format!("hex({column})"),
            str::to_owned,
            "group_concat(line, char(10))",
        ),
        Kind::Postgres => (
            |column| format!("{column}::text"),
            |column| format!("(extract(epoch FROM {column}) * 1000000)::bigint"),
            "string_agg(line, chr(10))",
        ),
    };
    let or_none = |value: String| format!("coalesce(CAST({value} AS text), '-')");
    let nullable_id = |column: &str| {
        format!(
            "CASE WHEN {column} IS NULL THEN '-' ELSE {} END",
            id(column)
        )
    };
    let sum = |filter: &str| {
        format!(
            "(SELECT CAST(coalesce(sum(e.amount), 0) AS text) FROM ledger_entries e WHERE {filter})"
        )
    };
    let lots = [
        "'L'".to_owned(),
        id("l.id"),
        "l.granted".to_owned(),
        "l.remaining".to_owned(),
        or_none(time("l.expires_at")),
        time("l.created_at"),
        nullable_id("l.generation_id"),
        nullable_id("l.refund_of_lot_id"),
        id("l.account_id"),
        "l.mode".to_owned(),
        sum("e.lot_id = l.id"),
    ];
    let works = [
        "'G'".to_owned(),
        id("g.id"),
        "g.status".to_owned(),
        or_none("g.turn".to_owned()),
        "g.fence".to_owned(),
        nullable_id("g.worker_id"),
        "CASE WHEN g.dispatched_at IS NULL THEN 0 ELSE 1 END".to_owned(),
        or_none("g.captured_credits".to_owned()),
        sum("e.generation_id = g.id AND e.cause = 'charge'"),
        sum("e.generation_id = g.id AND e.cause = 'refund'"),
        "(SELECT count(*) FROM images i WHERE i.generation_id = g.id)".to_owned(),
        id("g.account_id"),
        "g.mode".to_owned(),
    ];
    let line = |fields: &[String]| {
        let fields: Vec<String> = fields.iter().map(|field| format!("({field})")).collect();
        fields.join(" || '|' || ")
    };
    format!(
        "SELECT {all} AS text FROM (SELECT {} AS line FROM credit_lots l WHERE l.account_id IN ({accounts})
        UNION ALL SELECT {} FROM generations g WHERE g.account_id IN ({accounts})) AS lines",
        line(&lots),
        line(&works),
    )
}

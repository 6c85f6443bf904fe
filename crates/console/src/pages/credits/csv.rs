//! The ledger as CSV (RFC 4180), written while it is read: a page of entries at a time, however many there are.

use std::fmt::Write as _;

use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt as _};
use gih_domain::id::EntryId;
use gih_domain::ledger::{Entry, EntryFilter, EntryPage};
use gih_domain::ports::DatabaseError;
use gih_domain::statement::MOST_ENTRIES;

use crate::error::PageError;

/// How many entries are in memory at a time.
pub(super) const ENTRIES_AT_A_TIME: u32 = MOST_ENTRIES;

const HEADER: &str = "time,entry,cause,amount,lot,lot_source,lot_note,generation\r\n";

/// The file, from pages of entries as `read` gets them, the first of them by `filter`. It is read before anything is
/// answered, so that a database that is away is an error and not an empty file; when it goes away later, the answer
/// breaks off, which clients notice.
pub(super) async fn write<R, P>(
    filter: EntryFilter,
    read: R,
) -> Result<impl Stream<Item = Result<Bytes, PageError>> + use<R, P>, PageError>
where
    R: Fn(EntryFilter) -> P,
    P: Future<Output = Result<EntryPage, DatabaseError>>,
{
    let first = read(filter).await?;
    let beginning = format!("{HEADER}{}", lines(&first));
    let rest = stream::try_unfold((read, cursor(&first)), move |(read, after)| async move {
        if after.is_none() {
            return Ok(None);
        }
        let page = read(EntryFilter { after, ..filter }).await?;
        Ok(Some((Bytes::from(lines(&page)), (read, cursor(&page)))))
    });
    Ok(stream::iter([Ok(Bytes::from(beginning))]).chain(rest))
}

/// Where the page after this one begins, when there is one.
fn cursor(page: &EntryPage) -> Option<EntryId> {
    page.entries
        .last()
        .filter(|_| page.has_more)
        .map(|last| last.id)
}

fn lines(page: &EntryPage) -> String {
    let mut text = String::new();
    for entry in &page.entries {
        line(&mut text, entry);
    }
    text
}

fn line(text: &mut String, entry: &Entry) {
    let cells = [
        entry.created_at.to_string(),
        entry.id.to_string(),
        entry.cause.to_string(),
        entry.amount.to_string(),
        entry.lot.to_string(),
        entry.lot_source.as_str().to_owned(),
        entry.lot_note.clone().unwrap_or_default(),
        entry
            .generation
            .map(|id| id.to_string())
            .unwrap_or_default(),
    ];
    let cells = cells.map(|value| cell(&value));
    // Writing to a text cannot fail.
    let _ = write!(text, "{}\r\n", cells.join(","));
}

/// A value as a cell. What a spreadsheet would compute (OWASP, "CSV Injection") gets an apostrophe before it, which keeps
/// it a text; plain numbers are left alone.
fn cell(value: &str) -> String {
    let is_formula =
        value.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    let apostrophe = if is_formula && !is_number(value) {
        "'"
    } else {
        ""
    };
    let needs_quotes = value.contains(['"', ',', '\r', '\n']);
    if needs_quotes {
        format!("\"{apostrophe}{}\"", value.replace('"', "\"\""))
    } else {
        format!("{apostrophe}{value}")
    }
}

/// Whether it is digits with at most a sign before them.
fn is_number(value: &str) -> bool {
    let digits = value.strip_prefix(['-', '+']).unwrap_or(value);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::credits::tests::entry;
    use futures_util::TryStreamExt as _;
    use gih_domain::ledger::Cause;
    use std::cell::RefCell;

    #[actix_web::test]
    async fn the_file_is_written_page_by_page() {
        let asked = RefCell::new(Vec::new());
        let filter = EntryFilter {
            cause: Some(Cause::Charge),
            limit: 2,
            ..EntryFilter::default()
        };
        let read = |filter: EntryFilter| {
            asked.borrow_mut().push(filter);
            let page = match filter.after {
                None => EntryPage {
                    entries: vec![entry(5, Cause::Charge, -8), entry(4, Cause::Charge, -16)],
                    has_more: true,
                },
                Some(_) => EntryPage {
                    entries: vec![entry(3, Cause::Charge, -8)],
                    has_more: false,
                },
            };
            async move { Ok(page) }
        };
        let file = write(filter, read).await.unwrap();
        let pieces: Vec<Bytes> = file.try_collect().await.unwrap();
        assert_eq!(pieces.len(), 2);
        let file = String::from_utf8(pieces.concat()).unwrap();
        let lines: Vec<&str> = file.split_terminator("\r\n").collect();
        assert_eq!(lines.len(), 4);
        assert_eq!(lines[0], HEADER.trim_end());
        assert_eq!(
            lines[3],
            "2026-04-30T08:00:00.000Z,ent_00000000000000000000000000000003,charge,-8,\
             lot_00000000000000000000000000000002,grant,\"'=invoice, 7\",gen_00000000000000000000000000000001"
        );
        let asked = asked.into_inner();
        assert_eq!(asked.len(), 2);
        assert_eq!(
            asked[1],
            EntryFilter {
                after: Some(entry(4, Cause::Charge, 0).id),
                ..filter
            }
        );
    }

    #[actix_web::test]
    async fn what_cannot_be_read_is_an_error_from_the_start() {
        let away = |_| async { Err(DatabaseError::Unavailable("gone".to_owned())) };
        let refused = write(EntryFilter::default(), away).await.err();
        assert!(matches!(refused, Some(PageError::Busy(_))));
    }

    #[test]
    fn cells_are_quoted_and_compute_nothing() {
        for (value, written) in [
            ("", ""),
            ("invoice 7", "invoice 7"),
            ("a \"b\", c", "\"a \"\"b\"\", c\""),
            ("two\r\nlines", "\"two\r\nlines\""),
            ("-8", "-8"),
            ("+1000", "+1000"),
            ("=1+1", "'=1+1"),
            ("-1+1", "'-1+1"),
            ("-", "'-"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "\"'\r=1\""),
            (
                "=HYPERLINK(\"http://x\",\"y\")",
                "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"",
            ),
            ("＝1", "'＝1"),
        ] {
            assert_eq!(cell(value), written, "{value:?}");
        }
    }
}

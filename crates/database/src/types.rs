//! SQL types that mean different things on the two databases, and how the domain's types travel as them.
//!
//! Because the SQL types are ours, the domain's own types are read directly and bound as [`Sql`]. A text that the domain does not know comes back as a deserialization error, never as a panic.

use std::fmt::Debug;
use std::io::Write;

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow, Queryable};
use diesel::expression::{AsExpression, TypedExpressionType};
use diesel::internal::derives::as_expression::Bound;
use diesel::pg::Pg;
use diesel::query_builder::QueryId;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{BigInt, Binary, Jsonb, SqlType, Text, Uuid as PgUuid};
use diesel::sqlite::Sqlite;
use gih_domain::account::AccountType;
use gih_domain::admin::Act;
use gih_domain::api_key::Origin;
use gih_domain::blob::ImageFormat;
use gih_domain::generation::{FailureCode, Status};
use gih_domain::id::{
    AccountId, ActId, AuditId, EntryId, GenerationId, ImageId, KeyId, LotId, WorkerId,
};
use gih_domain::ledger::Cause;
use gih_domain::mode::Mode;
use gih_domain::object_name::ObjectName;
use gih_domain::ports::LotSource;
use gih_domain::size::{AspectRatio, RenderingQuality, Size, Tier};
use gih_domain::time::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

/// A point in time: `timestamptz`, or whole microseconds since 1970.
#[derive(Clone, Copy, Debug, Default, SqlType, QueryId)]
#[diesel(postgres_type(oid = 1184, array_oid = 1185))]
#[diesel(sqlite_type(name = "Long"))]
pub struct Ts;

/// A name of a thing: `uuid`, or its 16 bytes.
#[derive(Clone, Copy, Debug, Default, SqlType, QueryId)]
#[diesel(postgres_type(oid = 2950, array_oid = 2951))]
#[diesel(sqlite_type(name = "Binary"))]
pub struct Id;

/// A document: `jsonb`, or JSON as text.
#[derive(Clone, Copy, Debug, Default, SqlType, QueryId)]
#[diesel(postgres_type(oid = 3802, array_oid = 3807))]
#[diesel(sqlite_type(name = "Text"))]
pub struct Doc;

/// A word of the domain (a mode, a status, a size): text on both.
#[derive(Clone, Copy, Debug, Default, SqlType, QueryId)]
#[diesel(postgres_type(oid = 25, array_oid = 1009))]
#[diesel(sqlite_type(name = "Text"))]
pub struct Word;

/// Where Postgres counts time from, 2000-01-01T00:00:00Z, in microseconds since 1970.
const POSTGRES_EPOCH_MICROS: i64 = 946_684_800_000_000;

/// A value of the domain, bound to a statement: `accounts::id.eq(Sql(id))`, `find(Sql(id))`, `Sql(Some(time))`.
///
/// Rust lets only this crate's own types take part in Diesel's expressions. Reading needs no wrapper, nor does
/// `sql_query(…).bind::<Id, _>(id)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sql<T>(pub T);

impl<T> From<T> for Sql<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T, ST> AsExpression<ST> for Sql<T>
where
    ST: SqlType + TypedExpressionType,
{
    type Expression = Bound<ST, T>;

    fn as_expression(self) -> Self::Expression {
        Bound::new(self.0)
    }
}

impl<T, ST, DB> ToSql<ST, DB> for Sql<T>
where
    T: ToSql<ST, DB>,
    DB: Backend,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.0.to_sql(out)
    }
}

/// How the domain's types are read: what Diesel's derives would write if the types were this crate's.
macro_rules! travels_as {
    ($sql_type:ty: $($type:ty),+ $(,)?) => {$(
        impl<DB: Backend> Queryable<$sql_type, DB> for $type
        where
            $type: FromSql<$sql_type, DB>,
        {
            type Row = Self;

            fn build(row: Self) -> deserialize::Result<Self> {
                Ok(row)
            }
        }
    )+};
}

travels_as!(Ts: Timestamp);

impl ToSql<Ts, Pg> for Timestamp {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        // Saturating: a time beyond what 64 bits hold from 2000 on is refused by Postgres, not wrapped here.
        let micros = self.as_micros().saturating_sub(POSTGRES_EPOCH_MICROS);
        ToSql::<BigInt, Pg>::to_sql(&micros, &mut out.reborrow())
    }
}

impl FromSql<Ts, Pg> for Timestamp {
    fn from_sql(value: <Pg as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        let micros = <i64 as FromSql<BigInt, Pg>>::from_sql(value)?;
        Ok(Self::from_micros(
            micros.saturating_add(POSTGRES_EPOCH_MICROS),
        ))
    }
}

impl ToSql<Ts, Sqlite> for Timestamp {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.as_micros());
        Ok(IsNull::No)
    }
}

impl FromSql<Ts, Sqlite> for Timestamp {
    fn from_sql(value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        <i64 as FromSql<BigInt, Sqlite>>::from_sql(value).map(Self::from_micros)
    }
}

macro_rules! ids {
    ($($type:ident),+ $(,)?) => {$(
        travels_as!(Id: $type);

        impl ToSql<Id, Pg> for $type {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
                ToSql::<PgUuid, Pg>::to_sql(&self.0, out)
            }
        }

        impl FromSql<Id, Pg> for $type {
            fn from_sql(value: <Pg as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
                <Uuid as FromSql<PgUuid, Pg>>::from_sql(value).map(Self)
            }
        }

        impl ToSql<Id, Sqlite> for $type {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
                out.set_value(self.0.as_bytes().as_slice());
                Ok(IsNull::No)
            }
        }

        impl FromSql<Id, Sqlite> for $type {
            fn from_sql(value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
                let bytes = <Vec<u8> as FromSql<Binary, Sqlite>>::from_sql(value)?;
                Ok(Self(Uuid::from_slice(&bytes)?))
            }
        }
    )+};
}

ids!(
    AccountId,
    ActId,
    AuditId,
    EntryId,
    GenerationId,
    ImageId,
    KeyId,
    LotId,
    WorkerId
);

macro_rules! words {
    ($($type:ident: $write:expr, $read:expr;)+) => {$(
        travels_as!(Word: $type);

        impl ToSql<Word, Pg> for $type {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
                let write: fn(&$type) -> String = $write;
                out.write_all(write(self).as_bytes())?;
                Ok(IsNull::No)
            }
        }

        impl ToSql<Word, Sqlite> for $type {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
                let write: fn(&$type) -> String = $write;
                out.set_value(write(self));
                Ok(IsNull::No)
            }
        }

        impl<DB: Backend> FromSql<Word, DB> for $type
        where
            String: FromSql<Text, DB>,
        {
            fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
                let read: fn(String) -> deserialize::Result<$type> = $read;
                read(<String as FromSql<Text, DB>>::from_sql(value)?)
            }
        }
    )+};
}

words! {
    Act: |word| word.as_str().to_owned(), |text| Ok(text.parse()?);
    AccountType: |word| word.as_str().to_owned(), |text| Ok(text.parse()?);
    AspectRatio: ToString::to_string, |text| Ok(text.parse()?);
    Cause: |word| word.as_str().to_owned(), |text| Ok(text.parse()?);
    FailureCode: |word| word.as_str().to_owned(), |text| Ok(text.parse()?);
    ImageFormat: |format| write_format(*format), |text| read_format(&text);
    LotSource: |word| word.as_str().to_owned(), |text| read_source(&text);
    Mode: |word| word.as_str().to_owned(), |text| Ok(text.parse()?);
    ObjectName: |name| name.as_str().to_owned(), |text| Ok(ObjectName::stored(text));
    Origin: |word| word.as_str().to_owned(), |text| read_origin(&text);
    RenderingQuality: |word| word.as_str().to_owned(), |text| Ok(text.parse()?);
    Size: ToString::to_string, |text| Ok(text.parse()?);
    Status: |word| word.as_str().to_owned(), |text| Ok(text.parse()?);
    Tier: ToString::to_string, |text| Ok(text.parse()?);
}

/// The media type without its `image/`: `png`, `jpeg`, `webp`.
fn write_format(format: ImageFormat) -> String {
    format.media_type().trim_start_matches("image/").to_owned()
}

fn read_format(text: &str) -> deserialize::Result<ImageFormat> {
    [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Webp]
        .into_iter()
        .find(|format| write_format(*format) == text)
        .ok_or_else(|| format!("{text:?} is no image format").into())
}

fn read_source(text: &str) -> deserialize::Result<LotSource> {
    [LotSource::Signup, LotSource::Grant, LotSource::Refund]
        .into_iter()
        .find(|source| source.as_str() == text)
        .ok_or_else(|| format!("{text:?} is no source of a lot").into())
}

fn read_origin(text: &str) -> deserialize::Result<Origin> {
    [Origin::Owner, Origin::Console]
        .into_iter()
        .find(|origin| origin.as_str() == text)
        .ok_or_else(|| format!("{text:?} is no origin of a key").into())
}

/// Anything that is stored as one document.
#[derive(Clone, Debug, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Doc)]
pub struct Json<T: Debug>(pub T);

impl<T: Debug + Serialize> ToSql<Doc, Pg> for Json<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let value = serde_json::to_value(&self.0)?;
        ToSql::<Jsonb, Pg>::to_sql(&value, &mut out.reborrow())
    }
}

impl<T: Debug + DeserializeOwned> FromSql<Doc, Pg> for Json<T> {
    fn from_sql(value: <Pg as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        let value = <serde_json::Value as FromSql<Jsonb, Pg>>::from_sql(value)?;
        Ok(Self(serde_json::from_value(value)?))
    }
}

impl<T: Debug + Serialize> ToSql<Doc, Sqlite> for Json<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(serde_json::to_string(&self.0)?);
        Ok(IsNull::No)
    }
}

impl<T: Debug + DeserializeOwned> FromSql<Doc, Sqlite> for Json<T> {
    fn from_sql(value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        let text = <String as FromSql<Text, Sqlite>>::from_sql(value)?;
        Ok(Self(serde_json::from_str(&text)?))
    }
}

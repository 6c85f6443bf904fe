//! Rows of generations and images, and the domain's values they stand for.

use std::collections::HashMap;
use std::fmt::Debug;
use std::ops::Deref;

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::prelude::*;
use diesel::sql_types::{Integer, Text};
use gih_domain::balance::Balance;
use gih_domain::blob::{ImageFacts, ImageFormat};
use gih_domain::credits::Credits;
use gih_domain::generation::{
    End, Ending, Failure, FailureCode, Generation, Lease, Reference, SavedImage, State, Status,
};
use gih_domain::id::{AccountId, GenerationId, ImageId, KeyId, WorkerId};
use gih_domain::mode::Mode;
use gih_domain::object_name::ObjectName;
use gih_domain::ports::LISTED_PROMPT_CHARS;
use gih_domain::size::{AspectRatio, RenderingQuality, Size, Tier};
use gih_domain::time::Timestamp;

use crate::db::Db;
use crate::error::Error;
use crate::schema::{generations, images};
use crate::types::{Json, Sql};

/// A value as it was read, or what is wrong with it: kept until the row is known by its id, so that an error can name it.
#[derive(Clone, Debug, FromSqlRow)]
pub(super) struct Read<T: Debug>(Result<T, String>);

impl<T, S, DB> FromSql<S, DB> for Read<T>
where
    T: FromSql<S, DB> + Debug,
    DB: Backend,
{
    fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(T::from_sql(value).map_err(|error| error.to_string())))
    }
}

#[declare_sql_function]
extern "SQL" {
    /// So many characters of a text, from this one on; the first is 1.
    fn substr(text: Text, from: Integer, count: Integer) -> Text;
}

/// How much of a prompt a list reads.
const LISTED_CHARS: i32 = LISTED_PROMPT_CHARS as i32;

/// A row of `generations`.
#[derive(Clone, Debug, Queryable, Selectable, QueryableByName)]
#[diesel(table_name = generations)]
pub(super) struct GenerationRow {
    #[diesel(embed)]
    columns: Columns,
    prompt: String,
}

/// A row of `generations` in a list, where a long prompt is cut: a page of them would be megabytes.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = generations)]
pub(super) struct ListedRow {
    #[diesel(embed)]
    columns: Columns,
    #[diesel(
        select_expression = substr(generations::prompt, 1, LISTED_CHARS),
        select_expression_type = substr<generations::prompt, i32, i32>,
    )]
    prompt: String,
}

impl From<ListedRow> for GenerationRow {
    fn from(ListedRow { columns, prompt }: ListedRow) -> Self {
        Self { columns, prompt }
    }
}

impl Deref for GenerationRow {
    type Target = Columns;

    fn deref(&self) -> &Columns {
        &self.columns
    }
}

/// A row of `generations` without its prompt.
#[derive(Clone, Debug, Queryable, Selectable, QueryableByName)]
#[diesel(table_name = generations)]
pub(super) struct Columns {
    pub(super) id: GenerationId,
    pub(super) account_id: AccountId,
    pub(super) api_key_id: KeyId,
    mode: Read<Mode>,
    model: String,
    provider: String,
    provider_model: String,
    n: i32,
    size: Option<Read<Size>>,
    aspect_ratio: Option<Read<AspectRatio>>,
    tier: Read<Tier>,
    rendering_quality: Read<RenderingQuality>,
    price_credits: i64,
    reference_images: Read<Json<Vec<Reference>>>,
    waits: bool,
    status: Read<Status>,
    created_at: Timestamp,
    pub(super) turn: Option<i64>,
    pub(super) worker_id: Option<WorkerId>,
    pub(super) fence: i64,
    pub(super) started_at: Option<Timestamp>,
    dispatched_at: Option<Timestamp>,
    pub(super) deadline_at: Option<Timestamp>,
    completed_at: Option<Timestamp>,
    error_code: Option<Read<FailureCode>>,
    error_message: Option<String>,
    balance_after: Option<Read<Json<Balance>>>,
}

/// A row of `images`.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = images)]
pub(super) struct ImageRow {
    id: ImageId,
    generation_id: GenerationId,
    object_name: ObjectName,
    format: Read<ImageFormat>,
    width: i32,
    height: i32,
    byte_length: i64,
    sha256: Vec<u8>,
    created_at: Timestamp,
}

/// How large an image is, in the types of its columns.
pub(super) struct Extent {
    pub(super) width: i32,
    pub(super) height: i32,
    pub(super) byte_length: i64,
}

impl Extent {
    /// An error for what is beyond the columns: no real image is.
    pub(super) fn of(image: &SavedImage) -> Result<Self, Error> {
        let about = &image.about;
        let too_large = |_| Error::Unexpected(format!("{} is too large to be recorded", image.id));
        Ok(Self {
            width: about.size.width().try_into().map_err(too_large)?,
            height: about.size.height().try_into().map_err(too_large)?,
            byte_length: about.byte_length.try_into().map_err(too_large)?,
        })
    }
}

impl Columns {
    /// Whether it waits for a worker.
    pub(super) fn is_queued(&self) -> bool {
        matches!(self.status.0, Ok(Status::Queued))
    }

    /// Whether this lease is the last that it was given to.
    pub(super) fn is_held_by(&self, lease: &Lease) -> bool {
        self.worker_id == Some(lease.worker) && self.fence == lease.fence
    }

    /// Whether it has ended, and so may have images.
    pub(super) fn has_ended(&self) -> bool {
        self.completed_at.is_some()
    }

    fn read(self, prompt: String, images: Vec<ImageRow>) -> Result<Generation, String> {
        let status = self.status.0?;
        let state = match status {
            Status::Queued => State::Queued,
            Status::Running => State::Running {
                dispatched: self.dispatched_at.is_some(),
            },
            Status::Succeeded | Status::Failed | Status::Canceled => {
                let failure = read(self.error_code)?.zip(self.error_message);
                let failure = failure.map(|(code, message)| Failure { code, message });
                State::Ended(End {
                    ending: ending(status, failure, images)?,
                    completed_at: self.completed_at.ok_or("it has no completed_at")?,
                    balance: read(self.balance_after)?
                        .ok_or("it has no balance_after")?
                        .0,
                })
            }
        };
        Ok(Generation {
            id: self.id,
            account: self.account_id,
            key: self.api_key_id,
            mode: self.mode.0?,
            model: self.model,
            provider: self.provider,
            provider_model: self.provider_model,
            prompt,
            n: u8::try_from(self.n).map_err(|_| format!("n is {}", self.n))?,
            size: read(self.size)?,
            aspect_ratio: read(self.aspect_ratio)?,
            tier: self.tier.0?,
            rendering_quality: self.rendering_quality.0?,
            price: Credits::new(self.price_credits).map_err(|error| error.to_string())?,
            references: self.reference_images.0?.0,
            waits: self.waits,
            created_at: self.created_at,
            state,
        })
    }
}

impl GenerationRow {
    /// The generation, given its images in order.
    pub(super) fn generation(self, images: Vec<ImageRow>) -> Result<Generation, Error> {
        let id = self.id;
        self.columns
            .read(self.prompt, images)
            .map_err(|problem| Error::Unexpected(format!("the row of {id} is corrupt: {problem}")))
    }
}

fn read<T: Debug>(value: Option<Read<T>>) -> Result<Option<T>, String> {
    value.map(|value| value.0).transpose()
}

fn ending(
    status: Status,
    failure: Option<Failure>,
    images: Vec<ImageRow>,
) -> Result<Ending, String> {
    if status == Status::Succeeded {
        let images: Result<_, String> = images.into_iter().map(ImageRow::image).collect();
        return images.map(Ending::Succeeded);
    }
    let failure = failure.ok_or("it did not succeed and has no error")?;
    Ok(if status == Status::Canceled {
        Ending::Canceled(failure)
    } else {
        Ending::Failed(failure)
    })
}

impl ImageRow {
    /// The image, or what is wrong with the row.
    pub(super) fn image(self) -> Result<SavedImage, String> {
        let edges = u32::try_from(self.width)
            .ok()
            .zip(u32::try_from(self.height).ok());
        let size = edges.and_then(|(width, height)| Size::new(width, height));
        Ok(SavedImage {
            id: self.id,
            object_name: self.object_name,
            about: ImageFacts {
                format: self.format.0?,
                size: size.ok_or_else(|| format!("{} has no size", self.id))?,
                byte_length: u64::try_from(self.byte_length)
                    .map_err(|_| format!("{} has a negative length", self.id))?,
                sha256: (self.sha256.try_into())
                    .map_err(|_| format!("the digest of {} is not of 32 bytes", self.id))?,
            },
            created_at: self.created_at,
        })
    }
}

/// The generations of these rows, in the same order, with the images of all of them read in one query (in none when
/// none has ended).
pub(super) fn generations(db: &mut Db, rows: Vec<GenerationRow>) -> Result<Vec<Generation>, Error> {
    let ended: Vec<GenerationId> = (rows.iter().filter(|row| row.has_ended()))
        .map(|row| row.id)
        .collect();
    let mut images_of: HashMap<GenerationId, Vec<ImageRow>> = HashMap::new();
    if !ended.is_empty() {
        let found: Vec<ImageRow> = both!(db, c => images::table
            .filter(images::generation_id.eq_any(ended.iter().copied().map(Sql)))
            .order((images::generation_id, images::position))
            .select(ImageRow::as_select())
            .load(c))?;
        for image in found {
            images_of
                .entry(image.generation_id)
                .or_default()
                .push(image);
        }
    }
    rows.into_iter()
        .map(|row| {
            let images = images_of.remove(&row.id).unwrap_or_default();
            row.generation(images)
        })
        .collect()
}

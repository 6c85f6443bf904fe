//! What the books say of images, a page at a time.

use diesel::prelude::*;
use gih_domain::id::{GenerationId, ImageId};
use gih_domain::object_name::ObjectName;
use gih_domain::ports::BookedImage;

use crate::db::Db;
use crate::error::Error;
use crate::schema::images;
use crate::types::Sql;

/// In the order of their ids, which is that of their making.
pub(super) fn images(
    db: &mut Db,
    after: Option<ImageId>,
    at_most: u32,
) -> Result<Vec<BookedImage>, Error> {
    type Columns = (ImageId, GenerationId, ObjectName, i64);
    let after = after.unwrap_or(ImageId(uuid::Uuid::nil()));
    let rows: Vec<Columns> = both!(db, c => images::table
        .filter(images::id.gt(Sql(after)))
        .order(images::id)
        .limit(i64::from(at_most))
        .select((images::id, images::generation_id, images::object_name, images::byte_length))
        .load(c))?;
    let image = |(id, generation, object_name, byte_length): Columns| BookedImage {
        id,
        generation,
        object_name,
        // Below nothing it is as wrong as it is large.
        byte_length: u64::try_from(byte_length).unwrap_or(u64::MAX),
    };
    Ok(rows.into_iter().map(image).collect())
}

//! The models on sale.

use std::collections::BTreeMap;

use async_trait::async_trait;
use diesel::dsl::max;
use diesel::prelude::*;
use gih_domain::admin::NewAct;
use gih_domain::catalog::Model;
use gih_domain::credits::Credits;
use gih_domain::ports::{Catalog, DatabaseError};
use gih_domain::size::{AspectRatio, Tier};
use gih_domain::size_rule::SizeRule;

use crate::acts;
use crate::db::Db;
use crate::error::Error;
use crate::pool::Database;
use crate::schema::models;
use crate::types::Json;

/// Everything but the place in the list, which a model gets when it is added and keeps.
#[derive(Clone, Debug, Insertable, AsChangeset, Queryable, Selectable)]
#[diesel(table_name = models)]
struct ModelRow {
    id: String,
    name: String,
    provider: String,
    provider_model: String,
    aspect_ratios: Json<Vec<AspectRatio>>,
    credits_per_image: Json<BTreeMap<Tier, Credits>>,
    size_rule: Json<SizeRule>,
    reference_image_limit: i32,
    enabled: bool,
}

impl ModelRow {
    fn of(model: &Model) -> Result<Self, Error> {
        let limit = i32::try_from(model.reference_image_limit);
        Ok(Self {
            id: model.id.clone(),
            name: model.name.clone(),
            provider: model.provider.clone(),
            provider_model: model.provider_model.clone(),
            aspect_ratios: Json(model.aspect_ratios.clone()),
            credits_per_image: Json(model.credits_per_image.clone()),
            size_rule: Json(model.size_rule.clone()),
            reference_image_limit: limit.map_err(|error| Error::Unexpected(error.to_string()))?,
            enabled: model.enabled,
        })
    }

    fn model(self) -> Result<Model, Error> {
        let limit = u32::try_from(self.reference_image_limit);
        Ok(Model {
            id: self.id,
            name: self.name,
            provider: self.provider,
            provider_model: self.provider_model,
            aspect_ratios: self.aspect_ratios.0,
            credits_per_image: self.credits_per_image.0,
            size_rule: self.size_rule.0,
            reference_image_limit: limit.map_err(|error| Error::Unexpected(error.to_string()))?,
            enabled: self.enabled,
        })
    }
}

#[async_trait]
impl Catalog for Database {
    async fn models(&self) -> Result<Vec<Model>, DatabaseError> {
        Ok(self.read(list).await?)
    }

    async fn find(&self, id: &str) -> Result<Option<Model>, DatabaseError> {
        let id = id.to_owned();
        Ok(self.read(move |db| find(db, &id)).await?)
    }

    async fn put<'a>(&self, model: &Model, act: Option<&'a NewAct>) -> Result<(), DatabaseError> {
        let row = ModelRow::of(model)?;
        let act = act.cloned();
        let put = move |db: &mut Db| {
            put(db, &row)?;
            acts::record(db, act.as_ref())
        };
        Ok(self.write(put).await?)
    }

    async fn seed(&self, models: &[Model], reset: bool) -> Result<usize, DatabaseError> {
        let rows: Vec<ModelRow> = models
            .iter()
            .map(ModelRow::of)
            .collect::<Result<_, Error>>()?;
        Ok(self.write(move |db| seed(db, &rows, reset)).await?)
    }
}

fn list(db: &mut Db) -> Result<Vec<Model>, Error> {
    let rows: Vec<ModelRow> = both!(db, c => models::table
        .order((models::position, models::id))
        .select(ModelRow::as_select())
        .load(c))?;
    rows.into_iter().map(ModelRow::model).collect()
}

fn find(db: &mut Db, id: &str) -> Result<Option<Model>, Error> {
    let row: Option<ModelRow> = both!(db, c => models::table
        .find(id)
        .select(ModelRow::as_select())
        .first(c)
        .optional())?;
    row.map(ModelRow::model).transpose()
}

fn seed(db: &mut Db, rows: &[ModelRow], reset: bool) -> Result<usize, Error> {
    let mut written = 0;
    for row in rows {
        if reset {
            put(db, row)?;
            written += 1;
        } else {
            written += add(db, row)?;
        }
    }
    Ok(written)
}

fn put(db: &mut Db, row: &ModelRow) -> Result<(), Error> {
    let place = next_position(db)?;
    both!(db, c => diesel::insert_into(models::table)
        .values((row, models::position.eq(place)))
        .on_conflict(models::id)
        .do_update()
        .set(row)
        .execute(c))?;
    Ok(())
}

/// How many were added: none when there is a model with this id.
fn add(db: &mut Db, row: &ModelRow) -> Result<usize, Error> {
    let place = next_position(db)?;
    Ok(both!(db, c => diesel::insert_into(models::table)
        .values((row, models::position.eq(place)))
        .on_conflict(models::id)
        .do_nothing()
        .execute(c))?)
}

/// The end of the list. Two that are added at once may share a place, and are then in the order of their ids.
fn next_position(db: &mut Db) -> Result<i32, Error> {
    let last: Option<i32> =
        both!(db, c => models::table.select(max(models::position)).get_result(c))?;
    Ok(last.map_or(0, |last| last.saturating_add(1)))
}

//! `GET /api/v1/models`.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use gih_domain::catalog::Model;
use gih_domain::size::{RenderingQuality, Tier};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{ApiError, ErrorBody};
use crate::state::ApiState;

/// The models on sale.
#[derive(Serialize, ToSchema)]
pub(crate) struct ModelListBody {
    /// Always `list`.
    #[schema(example = "list")]
    object: &'static str,
    /// In the catalog's order.
    data: Vec<ModelBody>,
}

/// A model.
#[derive(Serialize, ToSchema)]
pub(crate) struct ModelBody {
    /// What requests name it by.
    #[schema(example = "gpt-image-2")]
    id: String,
    /// Always `model`.
    #[schema(example = "model")]
    object: &'static str,
    /// What people call it.
    name: String,
    /// Who draws for it.
    provider: String,
    /// What the provider calls it.
    provider_model: String,
    /// What `aspect_ratio` may be.
    aspect_ratios: Vec<String>,
    /// The tiers that `quality` may name.
    qualities: Vec<&'static str>,
    /// The rendering qualities that `quality` may name.
    rendering_qualities: Vec<&'static str>,
    /// What a request that says nothing gets.
    default_options: DefaultOptionsBody,
    /// The most reference images of one request.
    reference_image_limit: u32,
    /// The price of one image, by tier.
    credits_per_image: BTreeMap<&'static str, i64>,
}

/// What a request that says nothing gets.
#[derive(Serialize, ToSchema)]
struct DefaultOptionsBody {
    aspect_ratio: &'static str,
    quality: &'static str,
}

impl From<Model> for ModelBody {
    fn from(model: Model) -> Self {
        let ratios = model.aspect_ratios.iter().map(ToString::to_string);
        Self {
            object: "model",
            aspect_ratios: std::iter::once("auto".to_owned()).chain(ratios).collect(),
            qualities: model.tiers().map(Tier::as_str).collect(),
            rendering_qualities: RenderingQuality::ALL.map(RenderingQuality::as_str).into(),
            default_options: DefaultOptionsBody {
                aspect_ratio: "auto",
                quality: Tier::OneK.as_str(),
            },
            reference_image_limit: model.reference_image_limit,
            credits_per_image: model
                .credits_per_image
                .iter()
                .map(|(tier, price)| (tier.as_str(), price.get()))
                .collect(),
            id: model.id,
            name: model.name,
            provider: model.provider,
            provider_model: model.provider_model,
        }
    }
}

/// Lists the models on sale, with ratios, tiers, prices and limits. Open to everybody.
#[utoipa::path(get, path = "/api/v1/models", tag = "models", security(()),
    responses((status = 200, description = "Done.", body = ModelListBody), (status = 503, description = "Not now; nothing was charged, or it was refunded.", body = ErrorBody)))]
pub(crate) async fn list(state: web::Data<ApiState>) -> Result<HttpResponse, ApiError> {
    let models = state.retrieve.models().await?;
    let data = models.into_iter().map(ModelBody::from).collect();
    Ok(HttpResponse::Ok().json(ModelListBody {
        object: "list",
        data,
    }))
}

//! What the playground's script is given: all that can be chosen, what it costs, how it is asked and how long it takes.

use std::collections::BTreeMap;

use gih_domain::catalog::Model;
use gih_domain::size::RenderingQuality;
use serde::Serialize;

use super::choice::{self, Choice, Shape, Table};
use super::code::{EXAMPLE_PROMPT, Language};
use super::view::Parts;

/// What the script is given.
#[derive(Serialize)]
struct Data<'a> {
    mode: &'static str,
    balance: i64,
    models: BTreeMap<&'a str, ModelData>,
    /// Model, tier, rendering quality, number of images, seconds.
    usual: Vec<(&'a str, &'static str, &'static str, u8, f64)>,
    code: Vec<Language>,
    example: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<&'a str>,
}

#[derive(Serialize)]
struct ModelData {
    limit: u32,
    prices: BTreeMap<&'static str, i64>,
    shapes: Table,
    /// What to know of an open shape: by tier, without and with a rendering quality.
    auto: BTreeMap<&'static str, [String; 2]>,
}

/// The script's data, so written that no text in it ends the element it stands in.
pub(super) fn json(parts: &Parts<'_>, shapes: &[Shape], code: Vec<Language>) -> String {
    let usual = parts
        .usual_times
        .iter()
        .filter(|usual| usual.mode == parts.mode);
    let data = Data {
        mode: parts.mode.as_str(),
        balance: parts.balance.get(),
        models: parts
            .models
            .iter()
            .map(|model| (model.id.as_str(), ModelData::new(model, shapes)))
            .collect(),
        usual: usual
            .map(|usual| {
                (
                    usual.model.as_str(),
                    usual.tier.as_str(),
                    usual.rendering_quality.as_str(),
                    usual.n,
                    (usual.took.as_secs_f64() * 10.0).round() / 10.0,
                )
            })
            .collect(),
        code,
        example: EXAMPLE_PROMPT,
        reference: parts.reference.as_deref(),
    };
    // Maps with text keys and plain values can always be written.
    serde_json::to_string(&data)
        .unwrap_or_default()
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
}

impl ModelData {
    fn new(model: &Model, shapes: &[Shape]) -> Self {
        let own: Vec<Shape> = shapes
            .iter()
            .copied()
            .filter(|shape| shape.is_drawn_by(model))
            .collect();
        let remarks = |tier| {
            [RenderingQuality::Auto, RenderingQuality::High].map(|rendering_quality| {
                let choice = Choice {
                    tier,
                    rendering_quality,
                    ..Choice::default()
                };
                choice.remark(model)
            })
        };
        Self {
            limit: model.reference_image_limit,
            prices: model
                .credits_per_image
                .iter()
                .map(|(tier, price)| (tier.as_str(), price.get()))
                .collect(),
            shapes: choice::table(model, &own),
            auto: model
                .tiers()
                .map(|tier| (tier.as_str(), remarks(tier)))
                .collect(),
        }
    }
}

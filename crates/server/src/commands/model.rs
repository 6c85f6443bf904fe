//! `gih model`.

use std::collections::BTreeMap;

use gih_domain::catalog::Model;
use gih_domain::operate::{ModelChange, Operate};
use serde_json::{Value, json};

use crate::cli::ModelSetArgs;
use crate::output::Output;

/// Lists the catalog.
pub async fn list(operate: &Operate, output: Output) -> anyhow::Result<()> {
    let models = operate.models().await?;
    let text: Vec<String> = models.iter().map(text).collect();
    output.print(
        &models.iter().map(value).collect::<Vec<_>>(),
        text.join("\n"),
    )
}

/// Changes a model.
pub async fn set(operate: &Operate, args: ModelSetArgs, output: Output) -> anyhow::Result<()> {
    let change = ModelChange {
        prices: args.price.into_iter().collect(),
        enabled: args.enabled,
        name: args.name,
        provider: args.provider,
        provider_model: args.provider_model,
        reference_image_limit: args.reference_image_limit,
    };
    let model = operate.change_model(&args.id, change).await?;
    output.print(&value(&model), text(&model))
}

fn value(model: &Model) -> Value {
    let prices: BTreeMap<&str, i64> = model
        .credits_per_image
        .iter()
        .map(|(tier, price)| (tier.as_str(), price.get()))
        .collect();
    json!({
        "id": model.id, "name": model.name, "provider": model.provider, "provider_model": model.provider_model,
        "credits_per_image": prices, "reference_image_limit": model.reference_image_limit, "enabled": model.enabled,
    })
}

fn text(model: &Model) -> String {
    let prices: Vec<String> = model
        .credits_per_image
        .iter()
        .map(|(tier, price)| format!("{tier}={price}"))
        .collect();
    let state = if model.enabled { "enabled" } else { "disabled" };
    format!(
        "{}  {}  {} ({})  {}",
        model.id,
        state,
        model.provider,
        model.provider_model,
        prices.join(" ")
    )
}

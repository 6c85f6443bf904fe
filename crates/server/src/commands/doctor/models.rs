//! The catalog: whether what is on sale has a price and somebody who draws it.

use gih_database::Database;
use gih_domain::catalog::Model;
use gih_domain::ports::Catalog as _;
use gih_domain::size::{AspectRatio, Tier};

use super::{Check, in_time};
use crate::hub;

pub const NAME: &str = "models";

/// Looks through the catalog.
pub async fn check(database: &Database) -> Check {
    let mend = "`gih seed --reset` writes the shipped models as they ship";
    match in_time(database.models()).await {
        Some(Ok(models)) => judge(&models),
        Some(Err(error)) => Check::failed(NAME, error.to_string(), mend),
        None => Check::failed(NAME, "no answer in time", mend),
    }
}

fn judge(models: &[Model]) -> Check {
    if models.is_empty() {
        return Check::failed(NAME, "the catalog is empty", "run `gih seed`");
    }
    let on_sale: Vec<&Model> = models.iter().filter(|model| model.enabled).collect();
    if on_sale.is_empty() {
        let mend = format!("`gih model set {} --enabled true`", models[0].id);
        return Check::warning(NAME, "no model is enabled: nothing is on sale", mend);
    }
    let mistakes: Vec<(String, String)> = on_sale.iter().copied().filter_map(mistake).collect();
    if !mistakes.is_empty() {
        let (messages, mends): (Vec<_>, Vec<_>) = mistakes.into_iter().unzip();
        return Check::failed(NAME, messages.join("; "), mends.join("; "));
    }
    let free: Vec<String> = on_sale.iter().copied().filter_map(given_away).collect();
    if !free.is_empty() {
        let message = format!("given away for nothing: {}", free.join(", "));
        return Check::warning(NAME, message, "`gih model set ID --price TIER=CREDITS`");
    }
    let names: Vec<&str> = on_sale.iter().map(|model| model.id.as_str()).collect();
    Check::fine(NAME, format!("on sale and priced: {}", names.join(", ")))
}

/// What is wrong with a model on sale, and the mend.
fn mistake(model: &Model) -> Option<(String, String)> {
    let id = &model.id;
    let is_drawn = |tier: &Tier| {
        model
            .size_rule
            .size_for(AspectRatio::SQUARE, *tier)
            .is_some()
    };
    let is_unpriced = |tier: &Tier| !model.credits_per_image.contains_key(tier);
    let mut unpriced = Tier::ALL.into_iter().filter(is_drawn).filter(is_unpriced);
    if let Some(first) = unpriced.next() {
        let tiers: Vec<&str> = [first]
            .into_iter()
            .chain(unpriced)
            .map(Tier::as_str)
            .collect();
        let prices: Vec<String> = tiers
            .iter()
            .map(|tier| format!("--price {tier}=CREDITS"))
            .collect();
        return Some((
            format!("{id} has no price for {}", tiers.join(", ")),
            format!("`gih model set {id} {}`", prices.join(" ")),
        ));
    }
    if model.provider != hub::OPENAI {
        return Some((
            format!(
                "nobody draws {id}: the provider {:?} is unknown",
                model.provider
            ),
            format!(
                "`gih model set {id} --provider {}`, or `--enabled false`",
                hub::OPENAI
            ),
        ));
    }
    model.check().err().map(|error| {
        let mend = format!("mend it with `gih model set {id}`, or `gih seed --reset`");
        (error.to_string(), mend)
    })
}

/// The tiers of a model that cost nothing.
fn given_away(model: &Model) -> Option<String> {
    let prices = model.credits_per_image.iter();
    let free: Vec<&str> = prices
        .filter(|(_, price)| price.is_zero())
        .map(|(tier, _)| tier.as_str())
        .collect();
    (!free.is_empty()).then(|| format!("{} at {}", model.id, free.join(", ")))
}

#[cfg(test)]
mod tests {
    use gih_domain::catalog::shipped_models;
    use gih_domain::credits::Credits;

    use super::super::Status;
    use super::*;

    fn judged(change: impl FnOnce(&mut Model)) -> Check {
        let mut models = shipped_models();
        change(&mut models[0]);
        judge(&models)
    }

    #[test]
    fn what_is_on_sale_needs_prices_and_a_provider() {
        assert_eq!(judged(|_| {}).status, Status::Ok);
        assert_eq!(judge(&[]).status, Status::Failed);
        let unpriced = judged(|model| {
            model.credits_per_image.remove(&Tier::TwoK);
            model.credits_per_image.remove(&Tier::FourK);
        });
        assert_eq!(unpriced.status, Status::Failed);
        let mend = "`gih model set gpt-image-2 --price 2K=CREDITS --price 4K=CREDITS`";
        assert_eq!(unpriced.mend.as_deref(), Some(mend));
        let strange = judged(|model| "nobody".clone_into(&mut model.provider));
        assert_eq!(strange.status, Status::Failed);
        assert_eq!(judged(|model| model.name.clear()).status, Status::Failed);
        let free = judged(|model| {
            model
                .credits_per_image
                .insert(Tier::OneK, Credits::from_u32(0));
        });
        assert_eq!(free.status, Status::Warning);
        let nothing = judged(|model| {
            model.enabled = false;
            model.credits_per_image.clear();
        });
        assert_eq!(nothing.status, Status::Warning);
    }
}

//! What is on sale, as the documentation shows it.

use std::collections::BTreeMap;

use gih_domain::catalog::Model;
use gih_domain::credits::Credits;
use gih_domain::size::{AspectRatio, RenderingQuality, Size, Tier};

use crate::language::Language;

/// A model; figures as the reader's language writes them.
pub(super) struct ModelView {
    pub id: String,
    pub name: String,
    pub provider: String,
    pub ratios: Vec<String>,
    pub renderings: [&'static str; 4],
    /// How many reference images it takes, as HTML.
    pub references: String,
    pub tiers: Vec<TierView>,
    /// The rule for sizes of one's own, as HTML.
    pub rule: String,
    pub sizes: Vec<SizeRow>,
}

/// A tier and its price.
pub(super) struct TierView {
    pub name: &'static str,
    pub price: String,
    /// How many pixels belong to it, as HTML.
    pub pixels: String,
}

/// The sizes of one ratio, in the order of the tiers.
pub(super) struct SizeRow {
    pub ratio: String,
    pub sizes: Vec<String>,
}

impl ModelView {
    /// The model in this language.
    pub fn new(model: &Model, t: &'static Language) -> Self {
        let ratios = model.aspect_ratios.iter().map(ToString::to_string);
        Self {
            id: model.id.clone(),
            name: model.name.clone(),
            provider: model.provider.clone(),
            ratios: std::iter::once("auto".to_owned()).chain(ratios).collect(),
            renderings: RenderingQuality::ALL.map(RenderingQuality::as_str),
            references: count(
                "models.references_at_most",
                model.reference_image_limit.into(),
                t,
            ),
            tiers: tiers(model, t),
            rule: rule(model, t),
            sizes: sizes(model),
        }
    }
}

/// The text under this key with a figure in it.
fn count(key: &str, count: u64, t: &'static Language) -> String {
    t.fill(key, &[("count", &t.number(count))])
}

fn tiers(model: &Model, t: &'static Language) -> Vec<TierView> {
    let bounds = &model.size_rule.tier_max_pixels;
    let pixels = |tier: Tier| match (bounds.get(&tier), bounds.range(..tier).next_back()) {
        (Some(most), _) => count("models.up_to", *most, t),
        (None, Some((_, below))) => count("models.above", *below, t),
        (None, None) => String::new(),
    };
    let view = |(&tier, price): (&Tier, &Credits)| TierView {
        name: tier.as_str(),
        price: t.number(u64::try_from(price.get()).unwrap_or_default()),
        pixels: pixels(tier),
    };
    model.credits_per_image.iter().map(view).collect()
}

fn rule(model: &Model, t: &'static Language) -> String {
    let rule = &model.size_rule;
    let words = [
        ("multiple", t.number(rule.edge_multiple.into())),
        ("edge", t.number(rule.max_edge.into())),
        ("ratio", t.number(rule.max_ratio.into())),
        ("min", t.number(rule.min_pixels)),
        ("max", t.number(rule.max_pixels)),
    ];
    let words: Vec<(&str, &str)> = words
        .iter()
        .map(|(word, value)| (*word, value.as_str()))
        .collect();
    t.fill("models.rule", &words)
}

/// From the squarest shape to the widest.
fn sizes(model: &Model) -> Vec<SizeRow> {
    let mut shapes: Vec<(&AspectRatio, &BTreeMap<Tier, Size>)> =
        model.size_rule.sizes.iter().collect();
    // Width by height in ten-thousandths: exact enough to tell any two shapes of a catalog apart.
    shapes.sort_by_key(|(_, of_tiers)| {
        let largest = of_tiers.values().next_back();
        largest.map(|size| u64::from(size.width()) * 10_000 / u64::from(size.height()))
    });
    let row = |(ratio, of_tiers): (&AspectRatio, &BTreeMap<Tier, Size>)| {
        let size = |tier| {
            of_tiers
                .get(&tier)
                .map_or_else(String::new, ToString::to_string)
        };
        SizeRow {
            ratio: ratio.to_string(),
            sizes: model.tiers().map(size).collect(),
        }
    };
    shapes.into_iter().map(row).collect()
}

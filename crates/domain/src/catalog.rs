//! The models that the hub sells.

use std::collections::BTreeMap;

use crate::credits::Credits;
use crate::size::{AspectRatio, Size, Tier};
use crate::size_rule::SizeRule;

/// The most reference images that any model may take: a bound on what a request can make the hub receive.
pub const MAX_REFERENCE_IMAGES: u32 = 64;

/// A model: one row of the catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// What callers name it by.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Who draws for it in live mode: the name of a provider.
    pub provider: String,
    /// What the provider calls it.
    pub provider_model: String,
    /// The ratios a caller may name besides `auto`, in the order they are listed.
    pub aspect_ratios: Vec<AspectRatio>,
    /// The price of one image in each tier that is sold.
    pub credits_per_image: BTreeMap<Tier, Credits>,
    /// Which sizes it can draw.
    pub size_rule: SizeRule,
    /// The most reference images that one request may bring.
    pub reference_image_limit: u32,
    /// Whether it is listed and sold.
    pub enabled: bool,
}

/// A model's row does not make sense; the text says what is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("model {model:?}: {problem}")]
pub struct InvalidModel {
    /// The model's id.
    pub model: String,
    /// What is wrong with it.
    pub problem: String,
}

impl Model {
    /// The tiers it is sold in, smallest first.
    pub fn tiers(&self) -> impl Iterator<Item = Tier> {
        self.credits_per_image.keys().copied()
    }

    /// Checks what a row must hold for every request that it admits to be resolvable and priced.
    pub fn check(&self) -> Result<(), InvalidModel> {
        let fail = |problem: String| {
            Err(InvalidModel {
                model: self.id.clone(),
                problem,
            })
        };
        let named = [
            ("id", &self.id),
            ("name", &self.name),
            ("provider", &self.provider),
            ("provider_model", &self.provider_model),
        ];
        if let Some((field, _)) = named.iter().find(|(_, value)| value.trim().is_empty()) {
            return fail(format!("{field} is empty"));
        }
        let is_broken = |value: &String| value.chars().any(char::is_control);
        if let Some((field, _)) = named.iter().find(|(_, value)| is_broken(value)) {
            return fail(format!(
                "{field} has control characters, such as line breaks"
            ));
        }
        if self.reference_image_limit > MAX_REFERENCE_IMAGES {
            return fail(format!(
                "reference_image_limit is above {MAX_REFERENCE_IMAGES}"
            ));
        }
        if !self.credits_per_image.contains_key(&Tier::OneK) {
            // A request that names no tier is a 1K request.
            return fail("credits_per_image has no price for 1K".to_owned());
        }
        let is_too_dear = |(_, price): &(&Tier, &Credits)| !price.is_price();
        if let Some((tier, price)) = self.credits_per_image.iter().find(is_too_dear) {
            let most = Credits::MAX_PRICE;
            return fail(format!(
                "the price for {tier} is {price} credits; it must be at most {most}"
            ));
        }
        for ratio in self
            .aspect_ratios
            .iter()
            .copied()
            .chain([AspectRatio::SQUARE])
        {
            for tier in self.tiers() {
                let Some(size) = self.size_rule.size_for(ratio, tier) else {
                    return fail(format!("size_rule has no size for {ratio} at {tier}"));
                };
                if let Err(refused) = self.size_rule.check(size) {
                    return fail(format!("{size} for {ratio} at {tier}: {refused}"));
                }
            }
        }
        Ok(())
    }
}

/// The models that ship with the hub.
pub fn shipped_models() -> Vec<Model> {
    let prices = [(Tier::OneK, 8), (Tier::TwoK, 10), (Tier::FourK, 12)];
    vec![Model {
        id: "gpt-image-2".to_owned(),
        name: "GPT IMAGE 2".to_owned(),
        provider: "openai".to_owned(),
        provider_model: "gpt-image-2".to_owned(),
        aspect_ratios: GPT_IMAGE_2_RATIOS.map(ratio).into(),
        credits_per_image: prices
            .map(|(tier, price)| (tier, Credits::from_u32(price)))
            .into(),
        size_rule: gpt_image_2_sizes(),
        reference_image_limit: 16,
        enabled: true,
    }]
}

const GPT_IMAGE_2_RATIOS: [(u32, u32); 15] = [
    (1, 1),
    (4, 3),
    (3, 4),
    (3, 2),
    (2, 3),
    (16, 9),
    (9, 16),
    (5, 4),
    (4, 5),
    (21, 9),
    (9, 21),
    (2, 1),
    (1, 2),
    (3, 1),
    (1, 3),
];

/// The limits are the provider's (multiples of 16, edge 3840, 3:1, 655,360 to 8,294,400 pixels); the sizes are the
/// largest of each tier that have the ratio and keep to them, the tier bounds 1.5 and 4 binary megapixels.
fn gpt_image_2_sizes() -> SizeRule {
    let sizes = [
        ((1, 1), [(1024, 1024), (1920, 1920), (2880, 2880)]),
        ((5, 4), [(1280, 1024), (2080, 1664), (3200, 2560)]),
        ((4, 3), [(1344, 1008), (2176, 1632), (3264, 2448)]),
        ((3, 2), [(1536, 1024), (2304, 1536), (3504, 2336)]),
        ((16, 9), [(1536, 864), (2560, 1440), (3840, 2160)]),
        ((2, 1), [(1536, 768), (2688, 1344), (3840, 1920)]),
        ((21, 9), [(1568, 672), (2912, 1248), (3808, 1632)]),
        ((3, 1), [(1776, 592), (3312, 1104), (3840, 1280)]),
    ];
    SizeRule {
        edge_multiple: 16,
        max_edge: 3840,
        max_ratio: 3,
        min_pixels: 655_360,
        max_pixels: 8_294_400,
        tier_max_pixels: [(Tier::OneK, 1_572_864), (Tier::TwoK, 4_194_304)].into(),
        sizes: sizes
            .map(|(shape, edges)| {
                let edges =
                    edges.map(|(width, height)| Size::new(width, height).expect("no edge is zero"));
                (ratio(shape), Tier::ALL.into_iter().zip(edges).collect())
            })
            .into(),
    }
}

fn ratio((width, height): (u32, u32)) -> AspectRatio {
    AspectRatio::new(width, height).expect("no side is zero")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_models_make_sense() {
        for model in shipped_models() {
            model.check().unwrap();
        }
    }

    #[test]
    fn a_row_that_makes_no_sense_is_named() {
        let mut model = shipped_models().remove(0);
        model.credits_per_image.remove(&Tier::OneK);
        assert!(
            model
                .check()
                .unwrap_err()
                .to_string()
                .contains("no price for 1K")
        );
        let mut model = shipped_models().remove(0);
        let dear = Credits::new(Credits::MAX_PRICE + 1).unwrap();
        model.credits_per_image.insert(Tier::TwoK, dear);
        let refused = model.check().unwrap_err().to_string();
        assert!(refused.contains("price for 2K is 1000000001"), "{refused}");
        let mut model = shipped_models().remove(0);
        model.aspect_ratios.push("7:5".parse().unwrap());
        assert!(
            model
                .check()
                .unwrap_err()
                .to_string()
                .contains("no size for 7:5 at 1K")
        );
        let mut model = shipped_models().remove(0);
        model.size_rule.max_edge = 3808;
        assert!(
            model
                .check()
                .unwrap_err()
                .to_string()
                .contains("longest edge")
        );
    }

    #[test]
    fn the_size_rule_is_the_providers() {
        let rule = gpt_image_2_sizes();
        let check = |text: &str| {
            rule.check(text.parse().unwrap())
                .map_err(|refused| refused.to_string())
        };
        assert_eq!(check("3840x2160"), Ok(()));
        assert_eq!(check("816x816"), Ok(()));
        assert!(check("800x800").unwrap_err().contains("655360 to 8294400"));
        assert!(check("1792x936").unwrap_err().contains("multiples of 16"));
        assert!(check("3856x1600").unwrap_err().contains("3840"));
        assert!(check("3840x1264").unwrap_err().contains("3 times"));
        let tier = |text: &str| rule.tier_of(text.parse().unwrap());
        assert_eq!(tier("1536x1024"), Tier::OneK);
        assert_eq!(tier("1552x1024"), Tier::TwoK);
        assert_eq!(tier("2048x2048"), Tier::TwoK);
        assert_eq!(tier("2064x2048"), Tier::FourK);
    }
}

//! What somebody chose, and the API's request for it: the one place where the two meet.
//!
//! People choose a shape, a tier and a rendering quality. The API has one field `quality` for the last two, so that both
//! together are asked for as the exact size of shape and tier with the rendering quality. The page's script gets what
//! [`table`] makes of this; the shown code, the price and what is sent are one call.

use std::collections::BTreeMap;

use gih_domain::catalog::Model;
use gih_domain::credits::Credits;
use gih_domain::generation::Generation;
use gih_domain::request::{Draft, InvalidRequest, MAX_IMAGES_V1, quoted};
use gih_domain::size::{AspectRatio, RenderingQuality, Size, Tier};
use serde::Serialize;

/// What stands for the rendering quality in a [`table`], where one call serves three of them.
const ANY_RENDERING: &str = "*";

/// The shape of the images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Left open.
    Auto,
    /// One of the model's ratios.
    Ratio(AspectRatio),
    /// To the pixel: of a generation that is run again. It has its tier.
    Exact(Size),
}

impl Shape {
    /// Reads `auto`, `WIDTH:HEIGHT` or `WIDTHxHEIGHT`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "auto" => Some(Self::Auto),
            _ if text.contains(':') => text.parse().ok().map(Self::Ratio),
            _ => text.parse().ok().map(Self::Exact),
        }
    }

    /// Whether the model draws it.
    pub fn is_drawn_by(self, model: &Model) -> bool {
        match self {
            Self::Auto => true,
            Self::Ratio(ratio) => model.aspect_ratios.contains(&ratio),
            Self::Exact(size) => model.size_rule.check(size).is_ok(),
        }
    }
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Ratio(ratio) => ratio.fmt(f),
            Self::Exact(size) => size.fmt(f),
        }
    }
}

/// What somebody chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    /// The shape.
    pub shape: Shape,
    /// The resolution; of an exact size what it is priced at, whatever stands here.
    pub tier: Tier,
    /// The effort.
    pub rendering_quality: RenderingQuality,
    /// How many images.
    pub n: u8,
}

impl Default for Choice {
    fn default() -> Self {
        Self {
            shape: Shape::Auto,
            tier: Tier::OneK,
            rendering_quality: RenderingQuality::Auto,
            n: 1,
        }
    }
}

/// The API's fields for a choice; what is left out has its default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Call {
    /// `WIDTH:HEIGHT`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aspect_ratio: Option<String>,
    /// `WIDTHxHEIGHT`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
    /// A tier or a rendering quality.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality: Option<String>,
}

impl Choice {
    /// What was chosen for a generation, to choose it again.
    pub fn of_generation(generation: &Generation, model: &Model) -> Self {
        let drawn = |ratio| model.size_rule.size_for(ratio, generation.tier);
        let shape = match (generation.aspect_ratio, generation.size) {
            (None, _) => Shape::Auto,
            (Some(ratio), Some(size)) if drawn(ratio) != Some(size) => Shape::Exact(size),
            (Some(ratio), _) => Shape::Ratio(ratio),
        };
        Self {
            shape,
            tier: generation.tier,
            rendering_quality: generation.rendering_quality,
            n: generation.n,
        }
    }

    /// What was chosen in a form that is shown again: what cannot be read has its default.
    pub fn of_form(draft: &Draft) -> Self {
        let text = |field: &Option<String>| field.clone().unwrap_or_default();
        Self {
            shape: Shape::parse(&text(&draft.aspect_ratio)).unwrap_or(Shape::Auto),
            tier: text(&draft.size).parse().unwrap_or(Tier::OneK),
            rendering_quality: text(&draft.quality).parse().unwrap_or_default(),
            n: draft.n.and_then(|n| u8::try_from(n).ok()).unwrap_or(1),
        }
    }

    /// The nearest that can be chosen of this model.
    pub fn sold_by(self, model: &Model) -> Self {
        let is_sold = model.tiers().any(|tier| tier == self.tier);
        let is_drawn = self.shape.is_drawn_by(model);
        Self {
            shape: if is_drawn { self.shape } else { Shape::Auto },
            tier: if is_sold { self.tier } else { Tier::OneK },
            n: self.n.clamp(1, MAX_IMAGES_V1),
            ..self
        }
    }

    /// The tier that it is priced at.
    pub fn priced_tier(&self, model: &Model) -> Tier {
        match self.shape {
            Shape::Exact(size) => model.size_rule.tier_of(size),
            Shape::Auto | Shape::Ratio(_) => self.tier,
        }
    }

    /// What all its images cost; `None` when the model is not sold at its tier.
    pub fn total(&self, model: &Model) -> Option<Credits> {
        let price = model.credits_per_image.get(&self.priced_tier(model))?;
        Some(price.times(u32::from(self.n)))
    }

    /// The size that will be drawn; `None` when the provider chooses it. A shape that is left open above 1K is that of the
    /// first reference image, and without one this.
    pub fn drawn(&self, model: &Model) -> Option<Size> {
        match self.shape {
            Shape::Exact(size) => Some(size),
            Shape::Auto if self.tier == Tier::OneK => None,
            Shape::Auto => model.size_rule.size_for(AspectRatio::SQUARE, self.tier),
            Shape::Ratio(ratio) => model.size_rule.size_for(ratio, self.tier),
        }
    }

    /// The API's request for it.
    pub fn call(&self, model: &Model) -> Result<Call, InvalidRequest> {
        let effort = self.rendering_quality;
        let rendering = (effort != RenderingQuality::Auto).then(|| effort.as_str().to_owned());
        let ratio = match self.shape {
            Shape::Exact(size) => {
                return Ok(Call {
                    size: Some(size.to_string()),
                    quality: rendering,
                    ..Call::default()
                });
            }
            Shape::Auto => None,
            Shape::Ratio(ratio) => Some(ratio.to_string()),
        };
        if rendering.is_none() || self.tier == Tier::OneK {
            let tier = (self.tier != Tier::OneK).then(|| self.tier.as_str().to_owned());
            return Ok(Call {
                aspect_ratio: ratio,
                size: None,
                quality: rendering.or(tier),
            });
        }
        // A tier and an effort: the size says the tier. It has to be priced at it, or another price would be paid.
        let size = self.drawn(model).filter(|&size| {
            model.size_rule.tier_of(size) == self.tier && model.size_rule.check(size).is_ok()
        });
        let size = size.ok_or_else(|| {
            let message = format!(
                "{} cannot be asked for {} at {} with a rendering quality; leave the rendering quality at auto",
                model.id, self.shape, self.tier
            );
            InvalidRequest::new("quality", message)
        })?;
        Ok(Call {
            size: Some(size.to_string()),
            quality: rendering,
            ..Call::default()
        })
    }

    /// What to know about its size, for people.
    pub fn remark(&self, model: &Model) -> String {
        let pixels = self
            .drawn(model)
            .map(|size| format!("{} × {} pixels", size.width(), size.height()));
        match (self.shape, pixels) {
            (Shape::Auto, None) => "The model picks shape and size.".to_owned(),
            (Shape::Auto, Some(square)) if self.rendering_quality == RenderingQuality::Auto => {
                format!("The shape of your first reference image; without one {square}.")
            }
            (Shape::Auto, Some(square)) => format!(
                "Square, {square}: {} with a rendering quality is asked for as an exact size, so pick a shape if you want another.",
                self.tier
            ),
            (_, Some(pixels)) => format!("{pixels}."),
            (_, None) => String::new(),
        }
    }
}

/// The API's request for a form of the playground, whose fields are the API's with one difference: `size` holds the tier,
/// `quality` the rendering quality alone, and `aspect_ratio` any [`Shape`]. A form whose `size` is no tier is taken to be
/// the API's already.
pub(crate) fn of_form(mut draft: Draft, model: &Model) -> Result<Draft, InvalidRequest> {
    // Browsers send the ends of lines as two characters.
    draft.prompt = draft.prompt.map(|prompt| prompt.replace("\r\n", "\n"));
    let Some(tier) = draft.size.as_deref().and_then(|tier| tier.parse().ok()) else {
        return Ok(draft);
    };
    let shape = draft.aspect_ratio.as_deref().unwrap_or("auto");
    let shape = Shape::parse(shape).ok_or_else(|| {
        let message = format!(
            "aspect_ratio is {}; choose one of the shapes",
            quoted(shape)
        );
        InvalidRequest::new("aspect_ratio", message)
    })?;
    let quality = draft.quality.as_deref().unwrap_or("auto");
    let rendering_quality = quality
        .parse()
        .map_err(|error| InvalidRequest::new("quality", format!("{error}")))?;
    let choice = Choice {
        shape,
        tier,
        rendering_quality,
        n: 1,
    };
    let call = choice.call(model)?;
    Ok(Draft {
        aspect_ratio: call.aspect_ratio,
        size: call.size,
        quality: call.quality,
        ..draft
    })
}

/// What one shape at one tier is asked as: the size in pixels, the call, and the call with a rendering quality (written
/// `*`) where there is one.
#[derive(Serialize)]
pub(crate) struct Entry(Option<String>, Call, Option<Call>);

/// All that a model can be asked for: by shape, then by tier.
pub(crate) type Table = BTreeMap<String, BTreeMap<&'static str, Entry>>;

/// The table of `shapes`.
pub(crate) fn table(model: &Model, shapes: &[Shape]) -> Table {
    let entry = |shape: Shape, tier: Tier| {
        let choice = Choice {
            shape,
            tier,
            ..Choice::default()
        };
        let rendered = Choice {
            rendering_quality: RenderingQuality::High,
            ..choice
        };
        let size = choice.drawn(model).map(|size| size.to_string());
        let rendered = rendered.call(model).ok().map(|call| Call {
            quality: Some(ANY_RENDERING.to_owned()),
            ..call
        });
        Some(Entry(size, choice.call(model).ok()?, rendered))
    };
    let tiers = |shape: Shape| {
        let own = match shape {
            Shape::Exact(size) => Some(model.size_rule.tier_of(size)),
            Shape::Auto | Shape::Ratio(_) => None,
        };
        model
            .tiers()
            .filter(move |&tier| own.is_none_or(|own| own == tier))
            .filter_map(|tier| Some((tier.as_str(), entry(shape, tier)?)))
            .collect()
    };
    shapes
        .iter()
        .map(|&shape| (shape.to_string(), tiers(shape)))
        .collect()
}

#[cfg(test)]
#[path = "choice_tests.rs"]
mod tests;

//! What a caller asks for: a draft as it came, and the request it becomes when nothing is wrong with it.

use crate::blob::Blob;
use crate::catalog::Model;
use crate::credits::Credits;
use crate::idempotency::{Fingerprint, FingerprintBuilder};
use crate::size::{AspectRatio, RenderingQuality, Size, Tier};

/// The most characters of a prompt, as the provider has it.
pub const MAX_PROMPT_CHARS: usize = 32_000;
/// The most images of one request that v1 admits.
pub const MAX_IMAGES_V1: u8 = 4;
/// The most images of one request that the hub can hold.
pub const MAX_IMAGES: u8 = 10;

/// The field at fault and a message that says what came and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct InvalidRequest {
    /// The field's name in the request.
    pub param: &'static str,
    /// For the caller.
    pub message: String,
}

impl InvalidRequest {
    /// A refusal of the field `param`.
    pub fn new(param: &'static str, message: impl Into<String>) -> Self {
        Self {
            param,
            message: message.into(),
        }
    }
}

/// The text that is drawn: trimmed, 1 to [`MAX_PROMPT_CHARS`] characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt(String);

impl Prompt {
    /// Reads a prompt. Characters are Unicode scalar values; NUL is refused because Postgres' `text` cannot hold it.
    pub fn parse(text: &str) -> Result<Self, InvalidRequest> {
        let prompt = text.trim();
        let chars = prompt.chars().count();
        if chars == 0 {
            return Err(InvalidRequest::new(
                "prompt",
                "prompt is empty; it must have 1 to 32,000 characters after trimming",
            ));
        }
        if chars > MAX_PROMPT_CHARS {
            let message =
                format!("prompt has {chars} characters after trimming; it may have at most 32,000");
            return Err(InvalidRequest::new("prompt", message));
        }
        if prompt.contains('\0') {
            return Err(InvalidRequest::new(
                "prompt",
                "prompt contains a NUL character, which is not allowed",
            ));
        }
        Ok(Self(prompt.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How many images: 1 to the most that the face admits, never above [`MAX_IMAGES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageCount(u8);

impl ImageCount {
    /// Reads a count, at most `max`.
    pub fn parse(n: i64, max: u8) -> Result<Self, InvalidRequest> {
        let max = max.min(MAX_IMAGES);
        match u8::try_from(n) {
            Ok(count) if (1..=max).contains(&count) => Ok(Self(count)),
            _ => Err(InvalidRequest::new(
                "n",
                format!("n is {n}; it must be an integer from 1 to {max}"),
            )),
        }
    }

    /// The number.
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// A request as it came; `None` where the caller left a field out. Nothing is checked yet.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// The model's id.
    pub model: Option<String>,
    /// What to draw.
    pub prompt: Option<String>,
    /// `auto` or one of the model's ratios.
    pub aspect_ratio: Option<String>,
    /// `auto` or `WIDTHxHEIGHT`.
    pub size: Option<String>,
    /// A tier or a rendering quality.
    pub quality: Option<String>,
    /// How many images.
    pub n: Option<i64>,
    /// Whether the caller polls instead of waiting.
    pub is_async: bool,
    /// Reference images, in order.
    pub references: Vec<Blob>,
}

impl Draft {
    /// What makes this the same request as another: its fields with their defaults filled in, and its files.
    pub fn fingerprint(&self) -> Fingerprint {
        let text = |value: &Option<String>, default: &str| {
            value.as_deref().unwrap_or(default).as_bytes().to_vec()
        };
        let fields = FingerprintBuilder::default()
            .part("model", &text(&self.model, ""))
            .part(
                "prompt",
                self.prompt.as_deref().unwrap_or("").trim().as_bytes(),
            )
            .part("aspect_ratio", &text(&self.aspect_ratio, "auto"))
            .part("size", &text(&self.size, "auto"))
            .part("quality", &text(&self.quality, Tier::OneK.as_str()))
            .part("n", &self.n.unwrap_or(1).to_be_bytes())
            .part("async", &[u8::from(self.is_async)]);
        let parts = self.references.iter().map(|blob| blob.about.sha256);
        parts
            .fold(fields, |fields, sha256| {
                fields.part("reference_image", &sha256)
            })
            .finish()
    }
}

/// A request that nothing is wrong with: resolved against its model and priced.
#[derive(Clone, Debug)]
pub struct Request {
    /// The model's id.
    pub model: String,
    /// Who draws in live mode.
    pub provider: String,
    /// What the provider calls the model.
    pub provider_model: String,
    /// What to draw.
    pub prompt: Prompt,
    /// How many images.
    pub n: ImageCount,
    /// The size asked of the provider; `None` is `auto`.
    pub size: Option<Size>,
    /// The ratio in answers; `None` is `auto`: the caller left it open.
    pub aspect_ratio: Option<AspectRatio>,
    /// What is paid for.
    pub tier: Tier,
    /// The effort asked of the provider.
    pub rendering_quality: RenderingQuality,
    /// The price of one image.
    pub price: Credits,
    /// Reference images, in order.
    pub references: Vec<Blob>,
}

enum Quality {
    Tier(Tier),
    Rendering(RenderingQuality),
    Unsaid,
}

impl Request {
    /// Checks a draft against the model it names; `max_images` is what the face admits.
    pub fn resolve(draft: Draft, model: &Model, max_images: u8) -> Result<Self, InvalidRequest> {
        let prompt = draft
            .prompt
            .ok_or_else(|| InvalidRequest::new("prompt", "prompt is required"))?;
        let prompt = Prompt::parse(&prompt)?;
        let asked_ratio = parse_ratio(draft.aspect_ratio.as_deref(), model)?;
        let asked_size = parse_size(draft.size.as_deref(), model)?;
        let quality = parse_quality(draft.quality.as_deref(), model)?;
        let n = ImageCount::parse(draft.n.unwrap_or(1), max_images)?;
        check_reference_count(draft.references.len(), model)?;

        let rendering_quality = match quality {
            Quality::Rendering(rendering_quality) => rendering_quality,
            Quality::Tier(_) | Quality::Unsaid => RenderingQuality::Auto,
        };
        let (size, aspect_ratio, tier) = if let Some(size) = asked_size {
            let (ratio, tier) = resolve_exact(size, asked_ratio, &quality, model)?;
            (Some(size), ratio, tier)
        } else {
            let tier = if let Quality::Tier(tier) = quality {
                tier
            } else {
                Tier::OneK
            };
            (
                resolve_size(asked_ratio, tier, &draft.references, model),
                asked_ratio,
                tier,
            )
        };
        // A price that nobody may set is in no catalog but one that was written by hand.
        let price = model.credits_per_image.get(&tier);
        let Some(&price) = price.filter(|price| price.is_price()) else {
            let message = format!(
                "{} is not sold at {tier}; it is sold at {}",
                model.id,
                tiers(model)
            );
            return Err(InvalidRequest::new(
                if asked_size.is_some() {
                    "size"
                } else {
                    "quality"
                },
                message,
            ));
        };
        Ok(Self {
            model: model.id.clone(),
            provider: model.provider.clone(),
            provider_model: model.provider_model.clone(),
            prompt,
            n,
            size,
            aspect_ratio,
            tier,
            rendering_quality,
            price,
            references: draft.references,
        })
    }

    /// What is held for all its images.
    pub fn total(&self) -> Credits {
        self.price.times(u32::from(self.n.get()))
    }
}

/// Refuses one reference image more than the model takes.
pub fn check_reference_count(count: usize, model: &Model) -> Result<(), InvalidRequest> {
    if count <= model.reference_image_limit as usize {
        return Ok(());
    }
    let limit = model.reference_image_limit;
    let message = format!(
        "reference_image was sent {count} times; {} takes at most {limit}",
        model.id
    );
    Err(InvalidRequest::new("reference_image", message))
}

fn parse_ratio(text: Option<&str>, model: &Model) -> Result<Option<AspectRatio>, InvalidRequest> {
    let Some(text) = text.filter(|&text| text != "auto") else {
        return Ok(None);
    };
    let listed = model
        .aspect_ratios
        .iter()
        .copied()
        .find(|ratio| ratio.to_string() == text);
    listed.map(Some).ok_or_else(|| {
        let allowed: Vec<String> = model
            .aspect_ratios
            .iter()
            .map(ToString::to_string)
            .collect();
        let message = format!(
            "aspect_ratio is {}; {} takes auto, {}",
            quoted(text),
            model.id,
            allowed.join(", ")
        );
        InvalidRequest::new("aspect_ratio", message)
    })
}

fn parse_size(text: Option<&str>, model: &Model) -> Result<Option<Size>, InvalidRequest> {
    let Some(text) = text.filter(|&text| text != "auto") else {
        return Ok(None);
    };
    let refuse = |why: String| {
        InvalidRequest::new(
            "size",
            format!(
                "size is {}; it must be auto or WIDTHxHEIGHT in pixels: {why}",
                quoted(text)
            ),
        )
    };
    let size: Size = text
        .parse()
        .map_err(|_| refuse("two plain numbers with an x between, like 1536x1024".to_owned()))?;
    model
        .size_rule
        .check(size)
        .map_err(|refused| refuse(refused.to_string()))?;
    Ok(Some(size))
}

fn parse_quality(text: Option<&str>, model: &Model) -> Result<Quality, InvalidRequest> {
    let Some(text) = text else {
        return Ok(Quality::Unsaid);
    };
    if let Some(tier) = model.tiers().find(|tier| tier.as_str() == text) {
        return Ok(Quality::Tier(tier));
    }
    text.parse().map(Quality::Rendering).map_err(|_| {
        let message = format!(
            "quality is {}; it must be a tier ({}) or a rendering quality (auto, low, medium, high)",
            quoted(text),
            tiers(model)
        );
        InvalidRequest::new("quality", message)
    })
}

fn tiers(model: &Model) -> String {
    let tiers: Vec<&str> = model.tiers().map(Tier::as_str).collect();
    tiers.join(", ")
}

/// A size that was asked for to the pixel: its tier, its nearest ratio, and whether what else was said agrees.
fn resolve_exact(
    size: Size,
    asked_ratio: Option<AspectRatio>,
    quality: &Quality,
    model: &Model,
) -> Result<(Option<AspectRatio>, Tier), InvalidRequest> {
    let nearest = AspectRatio::nearest(&model.aspect_ratios, size);
    let tier = model.size_rule.tier_of(size);
    if let (Some(asked), Some(nearest)) = (asked_ratio, nearest)
        && asked != nearest
    {
        let message = format!(
            "aspect_ratio {asked} disagrees with size {size}, which is {nearest}; leave one of them out"
        );
        return Err(InvalidRequest::new("aspect_ratio", message));
    }
    if let Quality::Tier(asked) = quality
        && *asked != tier
    {
        let message = format!(
            "quality {asked} disagrees with size {size}, which is {tier}; leave one of them out"
        );
        return Err(InvalidRequest::new("quality", message));
    }
    Ok((nearest, tier))
}

/// The size for a ratio at a tier. An open ratio is left to the provider at 1K; above, where the provider's own choice
/// would not have the tier's size, it is the nearest to the first reference image, else square.
fn resolve_size(
    asked: Option<AspectRatio>,
    tier: Tier,
    references: &[Blob],
    model: &Model,
) -> Option<Size> {
    let ratio = match asked {
        Some(ratio) => ratio,
        None if tier == Tier::OneK => return None,
        None => references
            .first()
            .and_then(|blob| AspectRatio::nearest(&model.aspect_ratios, blob.about.size))
            .unwrap_or(AspectRatio::SQUARE),
    };
    model.size_rule.size_for(ratio, tier)
}

/// What came, for a message: quoted, and cut where nobody would read on.
pub fn quoted(text: &str) -> String {
    const SHOWN_CHARS: usize = 60;
    if text.chars().count() <= SHOWN_CHARS {
        return format!("{text:?}");
    }
    let shown: String = text.chars().take(SHOWN_CHARS).collect();
    format!("{shown:?}…")
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;

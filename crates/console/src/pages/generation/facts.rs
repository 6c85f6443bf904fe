//! What was asked, what came of it, and what it cost, ready to be shown.

use gih_domain::blob::ImageFormat;
use gih_domain::generation::{FailureCode, Generation, State};
use gih_domain::size::Size;

use crate::format::thousands;
use crate::words::{beginning, counted};

/// How much of the prompt describes an image to those who do not see it.
const ALT_CHARS: usize = 140;

/// An image.
pub(super) struct Picture {
    pub id: String,
    pub width: u32,
    pub height: u32,
    pub alt: String,
    /// Which of how many, for the names of its links.
    pub name: String,
    /// Its dimensions, format and weight.
    pub about: String,
}

/// The images of a generation.
pub(super) fn pictures(generation: &Generation) -> Vec<Picture> {
    let images = generation.end().map_or(&[][..], |end| end.ending.images());
    let described = beginning(&generation.prompt, ALT_CHARS);
    let named = |place: usize| match images.len() {
        1 => "the image".to_owned(),
        count => format!("image {place} of {count}"),
    };
    images
        .iter()
        .zip(1..)
        .map(|(image, place)| Picture {
            id: image.id.to_string(),
            width: image.about.size.width(),
            height: image.about.size.height(),
            alt: match images.len() {
                1 => described.clone(),
                count => format!("Image {place} of {count}: {described}"),
            },
            name: named(place),
            about: format!(
                "{} · {} · {}",
                dimensions(image.about.size),
                format_name(image.about.format),
                weight(image.about.byte_length)
            ),
        })
        .collect()
}

fn dimensions(size: Size) -> String {
    format!("{} × {}", size.width(), size.height())
}

const fn format_name(format: ImageFormat) -> &'static str {
    match format {
        ImageFormat::Png => "PNG",
        ImageFormat::Jpeg => "JPEG",
        ImageFormat::Webp => "WebP",
    }
}

/// A number of bytes: `812 KB`, `1.4 MB`.
fn weight(bytes: u64) -> String {
    const KILO: u64 = 1_000;
    const MEGA: u64 = 1_000_000;
    match bytes {
        0..KILO => format!("{bytes} bytes"),
        KILO..MEGA => format!("{} KB", bytes / KILO),
        _ => format!("{}.{} MB", bytes / MEGA, bytes % MEGA / (MEGA / 10)),
    }
}

/// A line about the request.
pub(super) struct Fact {
    pub name: &'static str,
    pub value: String,
}

/// What was asked besides the prompt.
pub(super) fn of_request(generation: &Generation, key: Option<&str>) -> Vec<Fact> {
    let or_auto = |value: Option<String>| value.unwrap_or_else(|| "auto".to_owned());
    let fact = |name, value| Fact { name, value };
    vec![
        fact("Model", generation.model.clone()),
        fact("Size", or_auto(generation.size.map(dimensions))),
        fact(
            "Ratio",
            or_auto(generation.aspect_ratio.map(|ratio| ratio.to_string())),
        ),
        fact("Tier", generation.tier.as_str().to_owned()),
        fact(
            "Rendering quality",
            generation.rendering_quality.as_str().to_owned(),
        ),
        fact("Images asked for", generation.n.to_string()),
        fact("Reference images", generation.references.len().to_string()),
        fact(
            "Asked with",
            key.map_or_else(|| "Console".to_owned(), str::to_owned),
        ),
    ]
}

/// What its owner does not need to know and an admin may.
pub(super) fn for_admins(generation: &Generation) -> Vec<Fact> {
    let fact = |name, value| Fact { name, value };
    let caller = if generation.waits {
        "waits for the end"
    } else {
        "takes a 202 and asks again"
    };
    let (provider, model) = (&generation.provider, &generation.provider_model);
    let mut facts = vec![
        fact("Provider in live mode", format!("{provider}: {model}")),
        fact("Caller", caller.to_owned()),
        fact("Key", generation.key.to_string()),
    ];
    if let State::Running { dispatched } = generation.state {
        let sent = if dispatched {
            "yes: it is never sent again"
        } else {
            "not yet"
        };
        facts.push(fact("Sent", sent.to_owned()));
    }
    facts
}

/// Why it did not succeed.
pub(super) struct Problem {
    pub message: String,
    pub code: &'static str,
    /// What to do about it.
    pub advice: &'static str,
}

impl Problem {
    pub fn of(generation: &Generation) -> Option<Self> {
        let failure = generation.end()?.ending.failure()?;
        Some(Self {
            message: failure.message.clone(),
            code: failure.code.as_str(),
            advice: match failure.code {
                FailureCode::ContentRejected => {
                    "Change the prompt or the reference images before you run it again."
                }
                FailureCode::GenerationFailed | FailureCode::ServiceUnavailable => {
                    "Run it again in a moment."
                }
                FailureCode::GenerationCanceled => "Run it again if you still want it.",
            },
        })
    }
}

/// What it cost.
pub(super) struct Cost {
    pub price: String,
    pub n: u8,
    pub held: String,
    /// Once it has ended.
    pub captured: Option<String>,
    pub refunded: Option<String>,
    /// What became of images that were asked for and are not there.
    pub missing: Option<String>,
}

impl Cost {
    pub fn of(generation: &Generation) -> Self {
        let held = generation.credits_requested();
        let captured = generation.credits_charged();
        let end = generation.end();
        let saved = end.map_or(0, |end| end.ending.images().len());
        let missing = usize::from(generation.n).saturating_sub(saved);
        let is_partial = saved > 0 && missing > 0;
        Self {
            price: counted(u64::try_from(generation.price.get()).unwrap_or(0), "credit"),
            n: generation.n,
            held: thousands(held.get()),
            captured: end.map(|_| thousands(captured.get())),
            refunded: end.map(|_| thousands(held.minus(captured).get())),
            missing: is_partial.then(|| {
                let count = counted(missing as u64, "image");
                let was = if missing == 1 { "was" } else { "were" };
                format!(
                    "{count} of {} {was} not delivered and refunded.",
                    generation.n
                )
            }),
        }
    }
}

//! A generation in the gallery.

use gih_domain::generation::{Generation, Status};

use crate::format::{minute, thousands};
use crate::words::{beginning, counted, label};

/// How much of a prompt is shown.
const PROMPT_CHARS: usize = 90;
/// How much of it describes an image to those who do not see it.
const ALT_CHARS: usize = 140;

/// A generation, ready to be shown.
pub(crate) struct Cell {
    pub id: String,
    /// The word, which is the tag's class as well.
    pub status: &'static str,
    pub label: &'static str,
    pub is_ended: bool,
    /// Where the first image is shown small.
    pub thumbnail: Option<String>,
    /// What there is to see, in words.
    pub alt: String,
    /// How many images there are, when there are several.
    pub count: Option<String>,
    pub prompt: String,
    pub credits: String,
    pub created: String,
    /// The same, for machines.
    pub created_at: String,
}

impl Cell {
    pub fn new(generation: &Generation) -> Self {
        let status = generation.status();
        let images = generation.end().map_or(&[][..], |end| end.ending.images());
        let described = beginning(&generation.prompt, ALT_CHARS);
        let count = counted(images.len() as u64, "image");
        let alt = match images.len() {
            0 => format!("{}: {described}", label(status)),
            1 => format!("Image: {described}"),
            _ => format!("First of {count}: {described}"),
        };
        Self {
            id: generation.id.to_string(),
            status: status.as_str(),
            label: label(status),
            is_ended: generation.end().is_some(),
            thumbnail: images
                .first()
                .map(|image| format!("/thumbnails/{}", image.id)),
            alt,
            count: (images.len() > 1).then_some(count),
            prompt: beginning(&generation.prompt, PROMPT_CHARS),
            credits: credits(generation),
            created: minute(generation.created_at),
            created_at: generation.created_at.to_string(),
        }
    }
}

fn credits(generation: &Generation) -> String {
    let held = generation.credits_requested();
    let charged = generation.credits_charged();
    match generation.status() {
        Status::Queued | Status::Running => format!("{} held", thousands(held.get())),
        Status::Failed | Status::Canceled => "Refunded".to_owned(),
        Status::Succeeded if charged < held => {
            format!("{} of {}", thousands(charged.get()), thousands(held.get()))
        }
        Status::Succeeded => counted(u64::try_from(charged.get()).unwrap_or(0), "credit"),
    }
}

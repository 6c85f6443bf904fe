//! Where a generation is, as JSON for the scripts of the console.

use std::time::Duration;

use gih_domain::generation::Generation;
use gih_domain::time::Timestamp;
use serde::Serialize;

/// Where a generation is. No contract: the console's own scripts read it, and change with it.
#[derive(Serialize)]
pub(crate) struct Whereabouts {
    /// `gen_…`.
    id: String,
    /// `queued`, `running`, `succeeded`, `failed` or `canceled`.
    status: &'static str,
    /// Whether it stays so.
    is_ended: bool,
    /// Since its acceptance; until its end, once it has ended.
    elapsed_seconds: f64,
    /// How long such a generation usually takes; `null` when nobody knows yet.
    usual_seconds: Option<f64>,
    /// What is held, and charged once it has ended.
    credits: i64,
    /// The addresses of its images, for who is signed in.
    image_urls: Vec<String>,
    /// The images, more closely.
    images: Vec<Image>,
    /// Why it did not succeed.
    error: Option<Error>,
}

#[derive(Serialize)]
struct Image {
    /// `img_…`.
    id: String,
    url: String,
    thumbnail_url: String,
    download_url: String,
    width: u32,
    height: u32,
}

#[derive(Serialize)]
struct Error {
    code: &'static str,
    message: String,
}

impl Whereabouts {
    /// As it is at `at`.
    pub fn new(generation: &Generation, usual: Option<Duration>, at: Timestamp) -> Self {
        let end = generation.end();
        let images: Vec<Image> = end
            .map_or(&[][..], |end| end.ending.images())
            .iter()
            .map(|image| Image {
                id: image.id.to_string(),
                url: format!("/images/{}", image.id),
                thumbnail_url: format!("/thumbnails/{}", image.id),
                download_url: format!("/images/{}?download=1", image.id),
                width: image.about.size.width(),
                height: image.about.size.height(),
            })
            .collect();
        let until = end.map_or(at, |end| end.completed_at);
        let credits = match end {
            Some(_) => generation.credits_charged(),
            None => generation.credits_requested(),
        };
        let failure = end.and_then(|end| end.ending.failure());
        Self {
            id: generation.id.to_string(),
            status: generation.status().as_str(),
            is_ended: end.is_some(),
            elapsed_seconds: until.since(generation.created_at).as_secs_f64(),
            usual_seconds: usual.map(|usual| usual.as_secs_f64()),
            credits: credits.get(),
            image_urls: images.iter().map(|image| image.url.clone()).collect(),
            images,
            error: failure.map(|failure| Error {
                code: failure.code.as_str(),
                message: failure.message.clone(),
            }),
        }
    }
}

//! The addresses in answers.

use gih_domain::generation::SavedImage;
use gih_domain::id::GenerationId;

/// Where the outside finds things. Neither base ends with a slash.
#[derive(Clone, Debug)]
pub struct Links {
    /// The base of the API.
    pub public_url: String,
    /// The base of image addresses.
    pub media_url: String,
    /// Whether the hub itself serves the image files, at `/media`.
    pub serves_media: bool,
}

impl Links {
    /// Where a generation can be polled.
    pub fn poll_url(&self, id: GenerationId) -> String {
        format!("{}/api/v1/generations/{id}", self.public_url)
    }

    /// Where an image can be opened.
    pub fn image_url(&self, image: &SavedImage) -> String {
        format!("{}/{}", self.media_url, image.object_name)
    }
}

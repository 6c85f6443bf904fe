//! Names of objects in the image store.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::blob::ImageFormat;
use crate::id::GenerationId;

/// The name of an object in the image store: `/`-separated, made by the hub, never by a caller.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ObjectName(String);

impl ObjectName {
    /// The folder of saved images: all that a media address can reach.
    pub const GENERATIONS: &'static str = "generations";
    /// The folder of reference images: no public address reaches it.
    pub const REFERENCES: &'static str = "references";
    /// The folder of thumbnails of saved images: no public address reaches it.
    pub const THUMBNAILS: &'static str = "thumbnails";

    /// Where image `position` of a generation is saved. `random` makes the name unguessable: an id alone has too few
    /// random bits, and neighbours' ids are near each other.
    pub fn of_image(generation: GenerationId, position: u8, random: u128, extension: &str) -> Self {
        Self(format!(
            "{}/{generation}/{position}-{random:032x}.{extension}",
            Self::GENERATIONS
        ))
    }

    /// Where reference `position` of a generation is kept until the generation has ended.
    pub fn of_reference(generation: GenerationId, position: usize) -> Self {
        Self(format!("{}/{generation}/{position}", Self::REFERENCES))
    }

    /// Where the thumbnail of a saved image is kept: the image's own name in another folder, and always a JPEG.
    pub fn of_thumbnail(image: &Self) -> Self {
        let path = image.as_str();
        let path = path.strip_prefix(Self::GENERATIONS).unwrap_or(path);
        let stem = path.strip_suffix(image.extension()).unwrap_or(path);
        let stem = stem.trim_start_matches('/').trim_end_matches('.');
        let extension = ImageFormat::Jpeg.extension();
        Self(format!("{}/{stem}.{extension}", Self::THUMBNAILS))
    }

    /// A name as stored.
    pub fn stored(name: String) -> Self {
        Self(name)
    }

    /// Reads the name of a saved image off a media address; `None` for everything else, references and thumbnails
    /// included.
    pub fn parse_image(path: &str) -> Option<Self> {
        let (generation, file) = path
            .strip_prefix(Self::GENERATIONS)?
            .strip_prefix('/')?
            .split_once('/')?;
        let (stem, extension) = file.split_once('.')?;
        let (position, random) = stem.split_once('-')?;
        generation.parse::<GenerationId>().ok()?;
        ImageFormat::from_extension(extension)?;
        let is_digits =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let is_hex = |text: &str| {
            text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        };
        (is_digits(position) && position.len() <= 3 && is_hex(random))
            .then(|| Self(path.to_owned()))
    }

    /// The generation that this is a saved image or a reference image of; `None` for a name that the hub did not make.
    pub fn generation(&self) -> Option<GenerationId> {
        let (folder, rest) = self.0.split_once('/')?;
        let (generation, file) = rest.split_once('/')?;
        let is_ours = match folder {
            Self::GENERATIONS => Self::parse_image(&self.0).is_some(),
            Self::REFERENCES => {
                (1..=3).contains(&file.len()) && file.bytes().all(|byte| byte.is_ascii_digit())
            }
            _ => false,
        };
        is_ours.then(|| generation.parse().ok()).flatten()
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The ending, without the dot; empty when there is none.
    pub fn extension(&self) -> &str {
        self.0
            .rsplit_once('.')
            .map_or("", |(_, extension)| extension)
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn only_saved_images_have_media_addresses() {
        let generation = GenerationId(Uuid::from_u128(7));
        let image = ObjectName::of_image(generation, 0, 42, "png");
        assert_eq!(ObjectName::parse_image(image.as_str()), Some(image.clone()));
        assert_eq!(image.extension(), "png");
        let reference = ObjectName::of_reference(generation, 0);
        let thumbnail = ObjectName::of_thumbnail(&image);
        for path in [
            reference.as_str(),
            thumbnail.as_str(),
            "",
            "generations",
            "generations/",
            "generations/../references/x",
            "generations//0-0.png",
            "generations/gen_00000000000000000000000000000007/0-0000000000000000000000000000002a.svg",
            "generations/gen_00000000000000000000000000000007/-0000000000000000000000000000002a.png",
            "generations/gen_00000000000000000000000000000007/0-0000000000000000000000000000002A.png",
            "/generations/gen_00000000000000000000000000000007/0-0000000000000000000000000000002a.png",
        ] {
            assert_eq!(ObjectName::parse_image(path), None, "{path}");
        }
    }

    #[test]
    fn a_thumbnail_has_its_images_name_in_a_folder_of_its_own() {
        let generation = GenerationId(Uuid::from_u128(7));
        for extension in ["png", "jpg", "webp"] {
            let image = ObjectName::of_image(generation, 3, 42, extension);
            assert_eq!(
                ObjectName::of_thumbnail(&image).as_str(),
                format!("thumbnails/{generation}/3-0000000000000000000000000000002a.jpg")
            );
        }
    }

    #[test]
    fn only_what_the_hub_named_belongs_to_a_generation() {
        let generation = GenerationId(Uuid::from_u128(7));
        for name in [
            ObjectName::of_image(generation, 3, 42, "webp"),
            ObjectName::of_reference(generation, 0),
            ObjectName::of_reference(generation, 15),
        ] {
            assert_eq!(name.generation(), Some(generation), "{name}");
        }
        let id = generation.to_string();
        for name in [
            String::new(),
            "references".to_owned(),
            format!("references/{id}"),
            format!("references/{id}/"),
            format!("references/{id}/1000"),
            format!("references/{id}/0.png"),
            format!("references/{id}/0/1"),
            "references/holiday/0".to_owned(),
            format!("generations/{id}/0"),
            format!("generations/{id}/0-2a.png"),
            format!("generations/{id}/notes.txt"),
            format!("backup/{id}/0"),
        ] {
            assert_eq!(
                ObjectName::stored(name.clone()).generation(),
                None,
                "{name}"
            );
        }
    }
}

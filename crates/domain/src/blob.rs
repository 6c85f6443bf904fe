//! Image bytes at rest.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_core::stream::BoxStream;
use serde::{Deserialize, Serialize};

use crate::size::Size;

/// One pass over some bytes, in pieces of bounded size (at most 1 MiB each).
pub type ByteStream = BoxStream<'static, std::io::Result<Bytes>>;

/// A format that the hub takes and gives. Found in the bytes, never believed from a name or a declared type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImageFormat {
    /// Portable Network Graphics.
    Png,
    /// JPEG (JFIF or Exif).
    Jpeg,
    /// WebP.
    Webp,
}

impl ImageFormat {
    /// The media type, as in `Content-Type`.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
        }
    }

    /// The ending of object names, without the dot.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::Webp => "webp",
        }
    }

    /// The format with this ending.
    pub fn from_extension(extension: &str) -> Option<Self> {
        [Self::Png, Self::Jpeg, Self::Webp]
            .into_iter()
            .find(|format| format.extension() == extension)
    }
}

impl fmt::Display for ImageFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::Webp => "WebP",
        })
    }
}

/// Bytes that can be read again from the start: what a retry needs and a stream cannot give.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Source: Send + Sync {
    /// Begins a new pass. Errors when the bytes cannot be reached now.
    async fn open(&self) -> std::io::Result<ByteStream>;
}

/// A whole, checked image. Cheap to clone; what it holds on local disk goes with the last clone.
#[derive(Clone)]
pub struct Blob {
    /// What the image is.
    pub about: ImageFacts,
    /// Where its bytes are.
    pub source: Arc<dyn Source>,
}

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Blob").field(&self.about).finish()
    }
}

/// What is known of an image from its bytes.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageFacts {
    /// Its format.
    pub format: ImageFormat,
    /// Its dimensions in pixels, as displayed: an EXIF orientation that turns the picture on its side swaps them.
    pub size: Size,
    /// How many bytes it has.
    pub byte_length: u64,
    /// The SHA-256 of its bytes.
    #[serde(with = "hex")]
    pub sha256: [u8; 32],
}

impl fmt::Debug for ImageFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}, {} bytes",
            self.format, self.size, self.byte_length
        )
    }
}

/// Digests as hexadecimal text in stored JSON.
mod hex {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(
        bytes: &[u8; 32],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let mut text = String::with_capacity(64);
        for byte in bytes {
            text.extend(
                [byte >> 4, byte & 15]
                    .map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)])),
            );
        }
        serializer.serialize_str(&text)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<[u8; 32], D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits: Vec<u8> = text
            .chars()
            .filter_map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
            .collect();
        if text.len() != 64 || digits.len() != 64 {
            return Err(D::Error::custom("a SHA-256 is 64 hexadecimal digits"));
        }
        Ok(std::array::from_fn(|i| {
            digits[2 * i] << 4 | digits[2 * i + 1]
        }))
    }
}

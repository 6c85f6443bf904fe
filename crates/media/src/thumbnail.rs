//! Small pictures of large ones, by the decoders of the crate `image`.
//!
//! The only place where pixels that others made are decoded. What a file claims to be is looked at before anything is
//! allocated for it: a few hundred bytes can claim to be gigabytes.

use std::io::{self, Cursor};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::TryStreamExt;
use futures_util::stream::{self, StreamExt};
use gih_domain::blob::{Blob, ByteStream, ImageFacts, ImageFormat, Source};
use gih_domain::ports::{ShrinkError, Thumbnailer};
use gih_domain::size::Size;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageReader, Limits, RgbaImage};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use crate::blocking;

/// The longest side of a thumbnail, in pixels.
const EDGE: u32 = 320;
/// Of JPEG, from 1 to 100: little to be seen of it at this size, in some 20 KB.
const QUALITY: u8 = 80;
/// The longest file that is read: as long as an image from the provider may be.
const MAX_BYTES: u64 = 64 * 1024 * 1024;
/// The longest side of what is decoded, in pixels: WebP has none longer.
const MAX_EDGE: u32 = 16_384;
/// The most pixels that are decoded: twice a 4K image's.
const MAX_PIXELS: u64 = 4096 * 4096;
/// What they come to at 16 bits for each of four channels, and a decoder's own needs.
const MAX_DECODED_BYTES: u64 = 8 * MAX_PIXELS + 16 * 1024 * 1024;

/// Makes thumbnails, one at a time.
pub struct JpegThumbnailer {
    turn: Arc<Semaphore>,
}

impl Default for JpegThumbnailer {
    fn default() -> Self {
        Self::new()
    }
}

impl JpegThumbnailer {
    /// Nothing is being made yet.
    pub fn new() -> Self {
        let turn = Arc::new(Semaphore::new(1));
        Self { turn }
    }
}

#[async_trait]
impl Thumbnailer for JpegThumbnailer {
    async fn shrink(&self, image: &Blob) -> Result<Blob, ShrinkError> {
        let turn = self.turn.clone().acquire_owned().await;
        let turn = turn.map_err(io::Error::other)?;
        let bytes = read(image).await?;
        let format = image.about.format;
        blocking::run(move || {
            // Until the work ends, which it does even when the caller gives up.
            let _turn = turn;
            let jpeg = shrink(&bytes, format)?;
            Ok(blob(jpeg))
        })
        .await
    }
}

/// The file in memory, as decoders want it.
async fn read(image: &Blob) -> Result<Vec<u8>, ShrinkError> {
    let length = image.about.byte_length;
    if length > MAX_BYTES {
        return Err(undecodable(format!("it has {length} bytes")));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    let mut pieces = image.source.open().await?;
    while let Some(piece) = pieces.try_next().await? {
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

struct Jpeg {
    bytes: Vec<u8>,
    size: Size,
}

/// Blocks for as long as the decoding takes: tenths of a second for a 4K image.
fn shrink(bytes: &[u8], format: ImageFormat) -> Result<Jpeg, ShrinkError> {
    let (picture, orientation) = decode(bytes, format)?;
    let picture = fit(on_white(picture));
    // A small picture is turned sooner than a large one.
    let mut picture = DynamicImage::from(picture.into_rgb8());
    picture.apply_orientation(orientation);
    let size = Size::new(picture.width(), picture.height())
        .ok_or_else(|| undecodable("it has no width or no height"))?;
    let mut bytes = Vec::new();
    picture
        .write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, QUALITY))
        .map_err(|error| undecodable(error.to_string()))?;
    Ok(Jpeg { bytes, size })
}

fn decode(bytes: &[u8], format: ImageFormat) -> Result<(DynamicImage, Orientation), ShrinkError> {
    let format = match format {
        ImageFormat::Png => image::ImageFormat::Png,
        ImageFormat::Jpeg => image::ImageFormat::Jpeg,
        ImageFormat::Webp => image::ImageFormat::WebP,
    };
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(MAX_EDGE);
    limits.max_image_height = Some(MAX_EDGE);
    limits.max_alloc = Some(MAX_DECODED_BYTES);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let broken = |error: image::ImageError| undecodable(error.to_string());
    let mut decoder = reader.into_decoder().map_err(broken)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MAX_PIXELS
        || decoder.total_bytes() > MAX_DECODED_BYTES
    {
        return Err(undecodable(format!("it has {width}x{height} pixels")));
    }
    // A picture is not refused for its notes.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let picture = DynamicImage::from_decoder(decoder).map_err(broken)?;
    Ok((picture, orientation))
}

/// Without transparency. Before any pixels are mixed: what is transparent may have any colour.
fn on_white(picture: DynamicImage) -> DynamicImage {
    if !picture.color().has_alpha() {
        return picture;
    }
    let mut picture: RgbaImage = picture.into_rgba8();
    for pixel in picture.pixels_mut() {
        let [colours @ .., alpha] = &mut pixel.0;
        let opaque = u16::from(*alpha);
        for colour in colours {
            let mixed = (u16::from(*colour) * opaque + 255 * (255 - opaque) + 127) / 255;
            *colour = u8::try_from(mixed).unwrap_or(u8::MAX);
        }
        *alpha = u8::MAX;
    }
    picture.into()
}

/// Within the square of a thumbnail, in its own proportions.
fn fit(picture: DynamicImage) -> DynamicImage {
    let (width, height) = (picture.width(), picture.height());
    let longest = width.max(height);
    if longest <= EDGE {
        return picture;
    }
    let scaled = |side: u32| {
        let side =
            (u64::from(side) * u64::from(EDGE) + u64::from(longest) / 2) / u64::from(longest);
        u32::try_from(side).unwrap_or(EDGE).clamp(1, EDGE)
    };
    let (width, height) = (scaled(width), scaled(height));
    // By averages to twice the size, which is quick, and from there with care.
    let picture = if longest > 4 * EDGE {
        picture.thumbnail_exact(2 * width, 2 * height)
    } else {
        picture
    };
    picture.resize_exact(width, height, FilterType::CatmullRom)
}

fn undecodable(why: impl Into<String>) -> ShrinkError {
    ShrinkError::Undecodable(why.into())
}

fn blob(jpeg: Jpeg) -> Blob {
    let bytes = Bytes::from(jpeg.bytes);
    Blob {
        about: ImageFacts {
            format: ImageFormat::Jpeg,
            size: jpeg.size,
            byte_length: bytes.len() as u64,
            sha256: Sha256::digest(&bytes).into(),
        },
        source: Arc::new(InMemory(bytes)),
    }
}

struct InMemory(Bytes);

#[async_trait]
impl Source for InMemory {
    async fn open(&self) -> io::Result<ByteStream> {
        Ok(stream::iter([Ok(self.0.clone())]).boxed())
    }
}

#[cfg(test)]
#[path = "thumbnail_tests.rs"]
mod tests;

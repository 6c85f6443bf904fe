//! Draws plain PNG images, fast to encode, and keeps them in base64.

use std::collections::HashMap;
use std::sync::Mutex;

use base64_simd::STANDARD;
use bytes::Bytes;
use png::{BitDepth, ColorType, Compression, Encoder, EncodingError, chunk::ChunkType};

/// One colour per index of an image in its answer, so that a test can tell them apart; then they repeat.
pub const COLOURS: [[u8; 3]; 10] = [
    [0xd6, 0x40, 0x45],
    [0x2e, 0x86, 0xab],
    [0xf6, 0xae, 0x2d],
    [0x33, 0x65, 0x8a],
    [0x86, 0xbb, 0x46],
    [0x6a, 0x4c, 0x93],
    [0x1b, 0x99, 0x8b],
    [0xe8, 0x77, 0x22],
    [0x55, 0x55, 0x55],
    [0xc7, 0x3e, 0x8c],
];
/// How much base64 is kept in all; a plain image of the largest size has some ten thousand bytes.
const MAX_CACHED_BYTES: usize = 32 * 1024 * 1024;
/// Ancillary, private, safe to copy: every decoder passes over such a chunk.
const FILLER: ChunkType = ChunkType(*b"fiLl");
/// What a chunk has besides its data: length, type and checksum.
const CHUNK_FRAME_BYTES: usize = 12;

/// Width, height, colour, and how many bytes at least.
type Key = (u32, u32, usize, usize);

/// Images in base64 by what they are.
#[derive(Default)]
pub(crate) struct Drawings(Mutex<HashMap<Key, Bytes>>);

impl Drawings {
    /// The image at `index` of an answer; with exactly `bytes` bytes, if it can be as small as that.
    pub(crate) fn base64(
        &self,
        (width, height): (u32, u32),
        index: usize,
        bytes: usize,
    ) -> Result<Bytes, EncodingError> {
        let key = (width, height, index % COLOURS.len(), bytes);
        if let Ok(cache) = self.0.lock()
            && let Some(text) = cache.get(&key)
        {
            return Ok(text.clone());
        }
        let text = Bytes::from(STANDARD.encode_to_string(filled(key)?));
        if let Ok(mut cache) = self.0.lock()
            && cache.values().map(Bytes::len).sum::<usize>() + text.len() <= MAX_CACHED_BYTES
        {
            cache.insert(key, text.clone());
        }
        Ok(text)
    }
}

/// A PNG filled up to its wanted length.
fn filled((width, height, colour, bytes): Key) -> Result<Vec<u8>, EncodingError> {
    let plain = png(width, height, colour, None)?;
    match bytes.checked_sub(plain.len() + CHUNK_FRAME_BYTES) {
        None => Ok(plain),
        Some(missing) => png(width, height, colour, Some(missing)),
    }
}

/// One colour all over: an image of one bit a pixel, whose palette has that colour.
pub(crate) fn png(
    width: u32,
    height: u32,
    colour: usize,
    filler_bytes: Option<usize>,
) -> Result<Vec<u8>, EncodingError> {
    let mut png = Vec::new();
    let mut encoder = Encoder::new(&mut png, width, height);
    encoder.set_color(ColorType::Indexed);
    encoder.set_depth(BitDepth::One);
    encoder.set_palette(COLOURS[colour % COLOURS.len()].to_vec());
    encoder.set_compression(Compression::Fast);
    let mut writer = encoder.write_header()?;
    if let Some(bytes) = filler_bytes {
        writer.write_chunk(FILLER, &noise(bytes))?;
    }
    let row_bytes = width.div_ceil(8) as usize;
    writer.write_image_data(&vec![0; row_bytes * height as usize])?;
    writer.finish()?;
    Ok(png)
}

/// Bytes that look random and are the same each time (xorshift64).
fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut noise = Vec::with_capacity(bytes + 8);
    while noise.len() < bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        noise.extend_from_slice(&state.to_le_bytes());
    }
    noise.truncate(bytes);
    noise
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_have_the_size_and_length_asked() {
        let drawings = Drawings::default();
        for bytes in [0, 5_000, 5_001] {
            let text = drawings.base64((1536, 1024), 3, bytes).unwrap();
            let png = STANDARD.decode_to_vec(&text).unwrap();
            assert!(bytes == 0 || png.len() == bytes);
            let mut reader = png::Decoder::new(std::io::Cursor::new(&png))
                .read_info()
                .unwrap();
            let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
            let frame = reader.next_frame(&mut pixels).unwrap();
            assert_eq!((frame.width, frame.height), (1536, 1024));
            assert_eq!(reader.info().palette.as_deref(), Some(&COLOURS[3][..]));
        }
        let texts = [0, 1].map(|index| drawings.base64((1024, 1024), index, 0).unwrap());
        assert_ne!(texts[0], texts[1]);
    }
}

//! Makes PNG files of an exact length.

use anyhow::Result;
use png::{BitDepth, ColorType, Encoder, chunk::ChunkType};

/// A private chunk that every decoder skips.
const FILLER: ChunkType = ChunkType(*b"fiLl");
/// Length, type and checksum around the data of a chunk.
const CHUNK_FRAME_BYTES: usize = 12;
/// What an encoder writes at a time; real ones choose something between 8 and 64 KiB.
const MAX_CHUNK_BYTES: usize = 64 * 1024;
/// The edge of the picture, in pixels. The hub does not compare it with the size asked.
const EDGE: u32 = 1024;

/// A PNG of exactly `bytes` bytes, or the smallest one when that is larger. Its filler cannot be compressed.
pub fn png(bytes: usize) -> Result<Vec<u8>> {
    let plain = filled(0)?.len();
    filled(bytes.saturating_sub(plain))
}

/// A PNG with so many bytes of filler chunks, their frames included.
fn filled(mut filler_bytes: usize) -> Result<Vec<u8>> {
    let mut png = Vec::new();
    let mut encoder = Encoder::new(&mut png, EDGE, EDGE);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::One);
    let mut writer = encoder.write_header()?;
    let mut noise = Noise(0x9e37_79b9_7f4a_7c15);
    while filler_bytes >= CHUNK_FRAME_BYTES {
        let mut data = (filler_bytes - CHUNK_FRAME_BYTES).min(MAX_CHUNK_BYTES);
        // What remains must hold a frame of its own, or nothing.
        let rest = filler_bytes - CHUNK_FRAME_BYTES - data;
        if (1..CHUNK_FRAME_BYTES).contains(&rest) {
            data -= CHUNK_FRAME_BYTES;
        }
        writer.write_chunk(FILLER, &noise.take(data))?;
        filler_bytes -= CHUNK_FRAME_BYTES + data;
    }
    writer.write_image_data(&vec![0; (EDGE / 8 * EDGE) as usize])?;
    writer.finish()?;
    Ok(png)
}

/// Bytes that look random and are the same each time (xorshift64).
struct Noise(u64);

impl Noise {
    fn take(&mut self, bytes: usize) -> Vec<u8> {
        let mut noise = Vec::with_capacity(bytes + 8);
        while noise.len() < bytes {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            noise.extend_from_slice(&self.0.to_le_bytes());
        }
        noise.truncate(bytes);
        noise
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_the_length_asked_and_decodes() {
        for bytes in [1_000, 65_000, 200_000, 200_001, 200_007] {
            let picture = png(bytes).unwrap();
            assert_eq!(picture.len(), bytes);
            let mut reader = png::Decoder::new(std::io::Cursor::new(picture))
                .read_info()
                .unwrap();
            let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
            assert_eq!(reader.next_frame(&mut pixels).unwrap().width, EDGE);
        }
    }

    #[test]
    fn the_smallest_picture_is_below_a_kilobyte() {
        assert!(png(0).unwrap().len() < 1000);
    }
}

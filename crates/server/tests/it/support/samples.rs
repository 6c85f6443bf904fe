//! Whole images, small ones by default: PNG by a real encoder, JPEG and WebP put together part by part.

use std::fmt::Write as _;

use png::chunk::ChunkType;
use png::{BitDepth, ColorType, Compression, Encoder};
use sha2::{Digest as _, Sha256};

/// Ancillary, private, safe to copy: every decoder passes over such a chunk.
const FILLER: ChunkType = ChunkType(*b"fiLl");
/// What a chunk has besides its data: length, type and checksum.
const CHUNK_FRAME_BYTES: usize = 12;

/// A PNG of one grey.
pub fn png(width: u32, height: u32) -> Vec<u8> {
    encode(width, height, 0, None)
}

/// A small PNG whose content is `number`'s own, so that several can be told apart.
pub fn numbered_png(number: u8) -> Vec<u8> {
    encode(16, 16, number, None)
}

/// A whole PNG of exactly so many bytes.
pub fn png_of_bytes(bytes: usize) -> Vec<u8> {
    let plain = png(16, 16).len();
    let png = encode(16, 16, 0, Some(bytes - plain - CHUNK_FRAME_BYTES));
    assert_eq!(png.len(), bytes);
    png
}

/// A PNG whose last bytes are missing.
pub fn truncated_png() -> Vec<u8> {
    let mut png = png(16, 16);
    png.truncate(png.len() - 7);
    png
}

/// A PNG with one changed bit in its pixels: the checksum tells.
pub fn damaged_png() -> Vec<u8> {
    let mut png = png(16, 16);
    let middle = png.len() - 20;
    png[middle] ^= 1;
    png
}

fn encode(width: u32, height: u32, grey: u8, filler_bytes: Option<usize>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, width, height);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::Fast);
    let mut writer = encoder.write_header().unwrap();
    if let Some(length) = filler_bytes {
        writer.write_chunk(FILLER, &vec![0xa5; length]).unwrap();
    }
    let pixels = vec![grey; width as usize * height as usize];
    writer.write_image_data(&pixels).unwrap();
    writer.finish().unwrap();
    bytes
}

/// A JPEG of one scan.
pub fn jpeg(width: u16, height: u16) -> Vec<u8> {
    let segment = |code: u8, data: &[u8]| {
        let length = u16::try_from(data.len() + 2).unwrap().to_be_bytes();
        [&[0xff, code], &length[..], data].concat()
    };
    let (height, width) = (height.to_be_bytes(), width.to_be_bytes());
    let frame = [&[8][..], &height, &width, &[1, 1, 0x11, 0]].concat();
    [
        b"\xff\xd8".to_vec(),
        segment(0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"),
        segment(0xdb, &[1; 65]),
        segment(0xc0, &frame),
        segment(0xc4, &[0; 17]),
        segment(0xda, &[1, 1, 0, 0, 0x3f, 0]),
        b"\x01\x02\xff\x00\x03\xff\xd9".to_vec(),
    ]
    .concat()
}

/// A lossless WebP.
pub fn webp(width: u32, height: u32) -> Vec<u8> {
    let bits = (width - 1) | (height - 1) << 14;
    let data = [&[0x2f][..], &bits.to_le_bytes(), b"data!"].concat();
    let length = u32::try_from(data.len()).unwrap().to_le_bytes();
    let chunk = [&b"VP8L"[..], &length, &data].concat();
    let length = u32::try_from(chunk.len() + 4).unwrap().to_le_bytes();
    [&b"RIFF"[..], &length, b"WEBP", &chunk].concat()
}

/// SHA-256 in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// Width and height of a PNG that decodes.
pub fn dimensions(bytes: &[u8]) -> (u32, u32) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes))
        .read_info()
        .unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut pixels).unwrap();
    (frame.width, frame.height)
}

//! Small whole images for tests: PNG by a real encoder, JPEG and WebP put together part by part.

use gih_domain::blob::ImageFormat;

pub(crate) struct Sample {
    pub(crate) name: &'static str,
    pub(crate) bytes: Vec<u8>,
    pub(crate) format: ImageFormat,
    /// As displayed.
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// An EXIF block that asks for a quarter turn (orientation 6), without prefix.
pub(crate) const QUARTER_TURN: &[u8] =
    b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";

pub(crate) fn all() -> Vec<Sample> {
    use ImageFormat::{Jpeg, Png, Webp};
    let exif = |prefix: &[u8]| [prefix, QUARTER_TURN].concat();
    let lossless = || webp_chunk(*b"VP8L", &lossless_header(40, 20));
    let canvas = webp_chunk(*b"VP8X", &[0x08, 0, 0, 0, 39, 0, 0, 19, 0, 0]);
    [
        ("png", Png, 5, 3, png(5, 3)),
        (
            "png, turned",
            Png,
            20,
            40,
            png_with_exif(40, 20, QUARTER_TURN),
        ),
        (
            "png, broken exif",
            Png,
            40,
            20,
            png_with_exif(40, 20, b"MM\0*\0\0"),
        ),
        ("jpeg", Jpeg, 40, 20, jpeg(40, 20, None)),
        (
            "jpeg, turned",
            Jpeg,
            20,
            40,
            jpeg(40, 20, Some(&exif(b"Exif\0\0"))),
        ),
        (
            "jpeg, xmp",
            Jpeg,
            40,
            20,
            jpeg(40, 20, Some(b"http://ns.adobe.com/xap/1.0/\0<x/>")),
        ),
        (
            "webp, lossy",
            Webp,
            3,
            5,
            riff(&webp_chunk(
                *b"VP8 ",
                b"\x30\x01\x00\x9d\x01\x2a\x03\x00\x05\x00data",
            )),
        ),
        ("webp, lossless", Webp, 40, 20, riff(&lossless())),
        (
            "webp, extended",
            Webp,
            40,
            20,
            riff(&[canvas.clone(), lossless()].concat()),
        ),
        (
            "webp, turned",
            Webp,
            20,
            40,
            riff(&[canvas.clone(), lossless(), webp_chunk(*b"EXIF", &exif(b""))].concat()),
        ),
        (
            "webp, prefixed exif",
            Webp,
            20,
            40,
            riff(
                &[
                    canvas.clone(),
                    lossless(),
                    webp_chunk(*b"EXIF", &exif(b"Exif\0\0")),
                ]
                .concat(),
            ),
        ),
        (
            "webp, animated",
            Webp,
            40,
            20,
            riff(
                &[
                    canvas,
                    webp_chunk(*b"ANIM", &[0; 6]),
                    webp_chunk(*b"ANMF", &[0; 33]),
                ]
                .concat(),
            ),
        ),
    ]
    .map(|(name, format, width, height, bytes)| Sample {
        name,
        bytes,
        format,
        width,
        height,
    })
    .into()
}

/// A PNG as the encoder makes it.
pub(crate) fn png(width: u32, height: u32) -> Vec<u8> {
    let pixels: Vec<u8> = (0..width * height * 3)
        .map(|n| (n * 37 % 251) as u8)
        .collect();
    let mut bytes = Vec::new();
    let mut encoder = ::png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(::png::ColorType::Rgb);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&pixels).unwrap();
    writer.finish().unwrap();
    bytes
}

/// A PNG of random pixels, which no compression makes shorter: about `width * height * 3` bytes.
pub(crate) fn noisy_png(width: u32, height: u32) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let pixels: Vec<u8> = (0..width * height * 3)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[4]
        })
        .collect();
    let mut bytes = Vec::new();
    let mut encoder = ::png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(::png::ColorType::Rgb);
    encoder.set_compression(::png::Compression::NoCompression);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&pixels).unwrap();
    writer.finish().unwrap();
    bytes
}

/// The same with an `eXIf` chunk after the header.
fn png_with_exif(width: u32, height: u32, block: &[u8]) -> Vec<u8> {
    let plain = png(width, height);
    // Signature 8; header chunk 4 + 4 + 13 + 4.
    let (head, rest) = plain.split_at(33);
    [head, &png_chunk(*b"eXIf", block), rest].concat()
}

pub(crate) fn png_chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    let typed = [&kind[..], data].concat();
    let checksum = crc32fast::hash(&typed).to_be_bytes();
    [&length[..], &typed, &checksum].concat()
}

/// A JPEG of one scan, whose entropy-coded bytes hold stuffing and a restart.
pub(crate) fn jpeg(width: u16, height: u16, app1: Option<&[u8]>) -> Vec<u8> {
    let frame = [
        &[8][..],
        &height.to_be_bytes(),
        &width.to_be_bytes(),
        &[1, 1, 0x11, 0],
    ]
    .concat();
    [
        b"\xff\xd8".to_vec(),
        jpeg_segment(0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"),
        app1.map(|data| jpeg_segment(0xe1, data))
            .unwrap_or_default(),
        jpeg_segment(0xdb, &[1; 65]),
        jpeg_segment(0xc0, &frame),
        jpeg_segment(0xc4, &[0; 17]),
        jpeg_segment(0xda, &[1, 1, 0, 0, 0x3f, 0]),
        b"\x01\x02\xff\x00\x03\xff\xd0\x04\x05".to_vec(),
        b"\xff\xd9".to_vec(),
    ]
    .concat()
}

pub(crate) fn jpeg_segment(code: u8, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len() + 2).unwrap().to_be_bytes();
    [&[0xff, code], &length[..], data].concat()
}

pub(crate) fn riff(chunks: &[u8]) -> Vec<u8> {
    let length = u32::try_from(chunks.len() + 4).unwrap().to_le_bytes();
    [b"RIFF", &length[..], b"WEBP", chunks].concat()
}

pub(crate) fn webp_chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap().to_le_bytes();
    let padding = &[0][..data.len() % 2];
    [&kind[..], &length, data, padding].concat()
}

fn lossless_header(width: u32, height: u32) -> Vec<u8> {
    let bits = (width - 1) | (height - 1) << 14;
    [&[0x2f][..], &bits.to_le_bytes(), b"data"].concat()
}

//! Thumbnails of real files: some made here by encoders, some by other programs.

use std::io::Write as _;

use gih_domain::ports::{Spool, SpoolError};
use image::{GenericImageView as _, ImageBuffer, Luma, LumaA, Rgb, RgbImage, Rgba};

use super::*;
use crate::{FileSpool, samples};

/// As drawn by ImageMagick: 500x250, nothing on the left half, green on the right.
const LOSSY_WEBP: &[u8] = include_bytes!("samples/lossy.webp");
/// By ImageMagick: 400x300, in several scans.
const PROGRESSIVE_JPEG: &[u8] = include_bytes!("samples/progressive.jpg");
/// By ImageMagick: 40x20, red as printers know it.
const CMYK_JPEG: &[u8] = include_bytes!("samples/cmyk.jpg");

const RED: Rgb<u8> = Rgb([220, 30, 30]);
const BLUE: Rgb<u8> = Rgb([30, 30, 220]);
const GREEN: Rgb<u8> = Rgb([0, 160, 64]);
const WHITE: Rgb<u8> = Rgb([255, 255, 255]);

/// Through the spool, as the hub does it.
async fn thumbnail(bytes: &[u8]) -> Result<RgbImage, ShrinkError> {
    let folder = tempfile::tempdir().unwrap();
    let spool = FileSpool::open(folder.path().join("spool"), 1 << 30).unwrap();
    let mut file = spool.create(1 << 30).await.unwrap();
    for piece in bytes.chunks(100_000) {
        file.write(Bytes::copy_from_slice(piece)).await.unwrap();
    }
    let original = file.finish().await.unwrap();
    let small = JpegThumbnailer::new().shrink(&original).await?;
    let bytes = read(&small).await.unwrap();
    assert_eq!(small.about.format, ImageFormat::Jpeg);
    assert_eq!(small.about.byte_length, bytes.len() as u64);
    assert_eq!(small.about.sha256, <[u8; 32]>::from(Sha256::digest(&bytes)));
    let decoded = image::load_from_memory_with_format(&bytes, image::ImageFormat::Jpeg).unwrap();
    let (width, height) = decoded.dimensions();
    assert_eq!(small.about.size, Size::new(width, height).unwrap());
    assert!(width.max(height) <= EDGE);
    Ok(decoded.into_rgb8())
}

fn encoded(picture: impl Into<DynamicImage>, format: image::ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn png(picture: impl Into<DynamicImage>) -> Vec<u8> {
    encoded(picture, image::ImageFormat::Png)
}

/// JPEG leaves colours nearly as they were.
#[track_caller]
fn assert_near(picture: &RgbImage, at: (u32, u32), wanted: Rgb<u8>) {
    let found = picture.get_pixel(at.0, at.1);
    let is_near = (found.0.iter().zip(wanted.0)).all(|(found, wanted)| found.abs_diff(wanted) < 24);
    assert!(is_near, "{found:?} at {at:?}, not {wanted:?}");
}

/// Red on the left, blue on the right, and the top quarter green.
fn picture(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| match (x, y) {
        (_, y) if y < height / 4 => GREEN,
        (x, _) if x < width / 2 => RED,
        _ => BLUE,
    })
}

async fn undecodable(bytes: &[u8]) -> String {
    match thumbnail(bytes).await {
        Err(ShrinkError::Undecodable(why)) => why,
        other => panic!("{:?}", other.map(|picture| picture.dimensions())),
    }
}

#[tokio::test]
async fn fits_a_square_in_its_own_proportions() {
    for ((width, height), wanted) in [
        ((1024, 1024), (320, 320)),
        ((1536, 1024), (320, 213)),
        ((1024, 1536), (213, 320)),
        ((3840, 2160), (320, 180)),
        ((321, 100), (320, 100)),
        ((4000, 2), (320, 1)),
        ((1, 2000), (1, 320)),
    ] {
        let small = thumbnail(&png(picture(width, height))).await.unwrap();
        assert_eq!(small.dimensions(), wanted, "{width}x{height}");
    }
    let small = thumbnail(&png(picture(1536, 1024))).await.unwrap();
    assert_near(&small, (80, 150), RED);
    assert_near(&small, (240, 150), BLUE);
    assert_near(&small, (160, 20), GREEN);
}

#[tokio::test]
async fn is_never_larger_than_the_picture() {
    for (width, height) in [(1, 1), (5, 3), (320, 320), (320, 16)] {
        let small = thumbnail(&png(picture(width, height))).await.unwrap();
        assert_eq!(small.dimensions(), (width, height));
    }
}

#[tokio::test]
async fn every_format_is_read() {
    let original = picture(1024, 768);
    for format in [
        image::ImageFormat::Png,
        image::ImageFormat::Jpeg,
        image::ImageFormat::WebP,
    ] {
        let small = thumbnail(&encoded(original.clone(), format)).await.unwrap();
        assert_eq!(small.dimensions(), (320, 240), "{format:?}");
        assert_near(&small, (80, 200), RED);
        assert_near(&small, (240, 200), BLUE);
    }
    let small = thumbnail(LOSSY_WEBP).await.unwrap();
    assert_eq!(small.dimensions(), (320, 160));
    assert_near(&small, (40, 80), WHITE);
    assert_near(&small, (280, 80), GREEN);
    let small = thumbnail(PROGRESSIVE_JPEG).await.unwrap();
    assert_eq!(small.dimensions(), (320, 240));
    let small = thumbnail(CMYK_JPEG).await.unwrap();
    assert_eq!(small.dimensions(), (40, 20));
    let [red, green, blue] = small.get_pixel(20, 10).0;
    assert!(red > 180 && green < 90 && blue < 90, "{red} {green} {blue}");
}

#[tokio::test]
async fn sixteen_bits_gray_and_palettes_are_read() {
    let deep: ImageBuffer<Rgb<u16>, Vec<u16>> =
        ImageBuffer::from_pixel(800, 400, Rgb([0xdc00, 0x1e00, 0x1e00]));
    let small = thumbnail(&png(deep)).await.unwrap();
    assert_near(&small, (100, 100), RED);
    let gray: ImageBuffer<Luma<u16>, Vec<u16>> = ImageBuffer::from_pixel(800, 400, Luma([0x8000]));
    let small = thumbnail(&png(gray)).await.unwrap();
    assert_near(&small, (100, 100), Rgb([128, 128, 128]));
    let mut bytes = Vec::new();
    let mut encoder = ::png::Encoder::new(&mut bytes, 640, 640);
    encoder.set_color(::png::ColorType::Indexed);
    encoder.set_depth(::png::BitDepth::One);
    encoder.set_palette([RED.0, BLUE.0].concat());
    encoder.set_trns(&[255, 0][..]); // the second colour is not to be seen
    let mut writer = encoder.write_header().unwrap();
    writer
        .write_image_data(&vec![0x00; 40 * 640 + 40 * 640])
        .unwrap();
    writer.finish().unwrap();
    let small = thumbnail(&bytes).await.unwrap();
    assert_near(&small, (100, 100), RED);
}

#[tokio::test]
async fn what_is_transparent_is_white() {
    // Transparent black beside opaque red: no dark rim where they meet.
    let cut_out = ImageBuffer::from_fn(1000, 500, |x, _| match x {
        0..500 => Rgba([0, 0, 0, 0]),
        _ => Rgba([RED.0[0], RED.0[1], RED.0[2], 255]),
    });
    let small = thumbnail(&png(cut_out)).await.unwrap();
    assert_near(&small, (80, 80), WHITE);
    assert_near(&small, (240, 80), RED);
    let darkest = small.pixels().map(|pixel| pixel.0[0]).min().unwrap();
    assert!(darkest > 190, "{darkest}");

    let half = ImageBuffer::from_pixel(400, 400, LumaA([0_u8, 128]));
    let small = thumbnail(&png(half)).await.unwrap();
    assert_near(&small, (100, 100), Rgb([127, 127, 127]));
    let deep: ImageBuffer<Rgba<u16>, Vec<u16>> =
        ImageBuffer::from_pixel(400, 400, Rgba([0, 0, 0, 0x4000]));
    let small = thumbnail(&png(deep)).await.unwrap();
    assert_near(&small, (100, 100), Rgb([191, 191, 191]));
}

/// A JPEG whose EXIF block asks for this orientation.
fn turned(picture: &RgbImage, orientation: u8) -> Vec<u8> {
    let mut block = [b"Exif\0\0", samples::QUARTER_TURN].concat();
    // Prefix 6, head of the file 8, number of entries 2, tag 2, type 2, count 4, and the value's low byte.
    block[6 + 8 + 2 + 8 + 1] = orientation;
    let plain = encoded(picture.clone(), image::ImageFormat::Jpeg);
    let (start, rest) = plain.split_at(2);
    [start, &samples::jpeg_segment(0xe1, &block), rest].concat()
}

#[tokio::test]
async fn is_turned_as_its_exif_block_asks() {
    // Of a picture that is green at the top and red at the left, where the green is, and the red, once displayed.
    for (orientation, green, red) in [
        (1, "top", "left"),
        (2, "top", "right"),
        (3, "bottom", "right"),
        (4, "bottom", "left"),
        (5, "left", "top"),
        (6, "right", "top"),
        (7, "right", "bottom"),
        (8, "left", "bottom"),
        (9, "top", "left"),
    ] {
        let small = thumbnail(&turned(&picture(800, 400), orientation))
            .await
            .unwrap();
        let is_on_its_side = (5..=8).contains(&orientation);
        let wanted = if is_on_its_side {
            (160, 320)
        } else {
            (320, 160)
        };
        assert_eq!(small.dimensions(), wanted, "{orientation}");
        let (right, bottom) = (wanted.0 - 1, wanted.1 - 1);
        let (middle, centre) = (right / 2, bottom / 2);
        let side = |name: &str| match name {
            "top" => (middle, bottom / 10),
            "bottom" => (middle, bottom - bottom / 10),
            "left" => (right / 10, centre),
            _ => (right - right / 10, centre),
        };
        assert_near(&small, side(green), GREEN);
        assert_near(&small, side(red), RED);
    }
}

/// A PNG of black, one bit a pixel, whose size is all that is wrong with it.
fn bomb(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = ::png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(::png::ColorType::Grayscale);
    encoder.set_depth(::png::BitDepth::One);
    let mut writer = encoder.write_header().unwrap();
    let mut rows = writer.stream_writer().unwrap();
    let row = vec![0; width.div_ceil(8) as usize];
    for _ in 0..height {
        rows.write_all(&row).unwrap();
    }
    rows.finish().unwrap();
    drop(writer);
    bytes
}

#[tokio::test]
async fn a_large_picture_passes_and_a_bomb_does_not() {
    let large = ImageBuffer::from_pixel(3840, 2160, Rgba([0, 0, 0, 0_u8]));
    let small = thumbnail(&png(large)).await.unwrap();
    assert_near(&small, (100, 100), WHITE);
    let deep: ImageBuffer<Rgba<u16>, Vec<u16>> =
        ImageBuffer::from_pixel(4096, 4096, Rgba([0, 0, 0, 0]));
    assert_eq!(
        thumbnail(&png(deep)).await.unwrap().dimensions(),
        (320, 320)
    );

    let bytes = bomb(16_384, 16_384);
    assert!(bytes.len() < 100_000, "{}", bytes.len());
    let why = undecodable(&bytes).await;
    assert!(why.contains("16384x16384"), "{why}");
    undecodable(&bomb(40_000, 100)).await;
    undecodable(&bomb(100, 40_000)).await;
}

#[tokio::test]
async fn a_bomb_in_the_notes_is_not_unpacked() {
    // A profile of 200 MB that is some 200 KB in the file.
    let mut packed = b"profile\0\0".to_vec();
    packed.extend(deflated_zeros(200_000_000));
    let plain = samples::png(400, 300);
    let (head, rest) = plain.split_at(33);
    let bytes = [head, &samples::png_chunk(*b"iCCP", &packed), rest].concat();
    // Either answer will do, as long as it costs little.
    let begun = std::time::Instant::now();
    if let Ok(small) = thumbnail(&bytes).await {
        assert_eq!(small.dimensions(), (320, 240));
    }
    assert!(begun.elapsed().as_secs() < 20);
}

/// What an encoder makes of so many zeros: taken out of a PNG.
fn deflated_zeros(length: u32) -> Vec<u8> {
    let png = bomb(8 * 10_000 - 8, length / 10_000);
    let mut chunks = &png[8..];
    let mut data = Vec::new();
    while let Some((head, rest)) = chunks.split_first_chunk::<8>() {
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        if &head[4..] == b"IDAT" {
            data.extend_from_slice(&rest[..length]);
        }
        chunks = &rest[length + 4..];
    }
    data
}

#[tokio::test]
async fn broken_files_make_no_thumbnail() {
    // Whole by its chunks, and so by the inspector, but with pixels that end early.
    let plain = png(picture(400, 300));
    let (head, data) = plain.split_at(33);
    let length = u32::from_be_bytes([data[0], data[1], data[2], data[3]]) as usize;
    let cut = samples::png_chunk(*b"IDAT", &data[8..8 + length / 2]);
    let end = samples::png_chunk(*b"IEND", &[]);
    undecodable(&[head, &cut, &end].concat()).await;
    // Without an end, a file gets no further than the spool.
    let folder = tempfile::tempdir().unwrap();
    let spool = FileSpool::open(folder.path().join("spool"), 1 << 30).unwrap();
    let mut file = spool.create(1 << 30).await.unwrap();
    file.write(Bytes::copy_from_slice(&plain[..plain.len() / 2]))
        .await
        .unwrap();
    assert!(matches!(file.finish().await, Err(SpoolError::Damaged(_))));
    // The inspector's own samples have no pixels to speak of: whatever comes of them, it is no panic.
    for sample in samples::all() {
        let outcome = thumbnail(&sample.bytes).await;
        assert!(
            !matches!(outcome, Err(ShrinkError::Unreadable(_))),
            "{}: {outcome:?}",
            sample.name
        );
    }
}

#[tokio::test]
async fn any_damage_is_an_answer_and_no_panic() {
    let samples = [
        png(picture(64, 48)),
        encoded(picture(64, 48), image::ImageFormat::Jpeg),
        encoded(picture(64, 48), image::ImageFormat::WebP),
        LOSSY_WEBP.to_vec(),
        CMYK_JPEG.to_vec(),
    ];
    let formats = [
        ImageFormat::Png,
        ImageFormat::Jpeg,
        ImageFormat::Webp,
        ImageFormat::Webp,
        ImageFormat::Jpeg,
    ];
    for (sample, format) in samples.iter().zip(formats) {
        let step = sample.len().div_ceil(150);
        for at in (0..sample.len()).step_by(step) {
            let _cut = shrink(&sample[..at], format);
            let mut changed = sample.clone();
            changed[at] ^= 0x5a;
            let _changed = shrink(&changed, format);
        }
    }
}

#[tokio::test]
async fn bytes_that_cannot_be_read_are_told_from_bad_ones() {
    struct Gone;
    #[async_trait]
    impl Source for Gone {
        async fn open(&self) -> io::Result<ByteStream> {
            Err(io::ErrorKind::NotFound.into())
        }
    }
    let mut image = blob(shrink(&png(picture(8, 8)), ImageFormat::Png).unwrap());
    image.source = Arc::new(Gone);
    let outcome = JpegThumbnailer::new().shrink(&image).await;
    assert!(matches!(outcome, Err(ShrinkError::Unreadable(_))));
    image.about.byte_length = MAX_BYTES + 1;
    let outcome = JpegThumbnailer::new().shrink(&image).await;
    assert!(matches!(outcome, Err(ShrinkError::Undecodable(_))));
}

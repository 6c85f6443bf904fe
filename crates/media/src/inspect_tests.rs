use gih_domain::blob::ImageFormat;
use gih_domain::size::Size;
use proptest::prelude::*;

use super::{InspectError, Inspector};
use crate::samples;

type Answer = Result<(ImageFormat, Size), InspectError>;

fn inspect(bytes: &[u8]) -> Answer {
    inspect_in_pieces(bytes, bytes.len().max(1))
}

fn inspect_in_pieces(bytes: &[u8], length: usize) -> Answer {
    let mut inspector = Inspector::new();
    for piece in bytes.chunks(length) {
        inspector.push(piece)?;
    }
    inspector.finish()
}

fn is_damaged(bytes: &[u8]) -> bool {
    matches!(inspect(bytes), Err(InspectError::Damaged(_)))
}

#[test]
fn every_sample_is_whole_and_has_its_size() {
    for sample in samples::all() {
        let size = Size::new(sample.width, sample.height).unwrap();
        assert_eq!(
            inspect(&sample.bytes),
            Ok((sample.format, size)),
            "{}",
            sample.name
        );
    }
}

#[test]
fn bytes_after_the_end_are_let_be() {
    for sample in samples::all() {
        let longer = [&sample.bytes[..], b"\0\0more"].concat();
        assert_eq!(inspect(&longer), inspect(&sample.bytes), "{}", sample.name);
    }
}

#[test]
fn cut_anywhere_no_sample_is_whole() {
    for sample in samples::all() {
        for length in 0..sample.bytes.len() {
            let cut = inspect(&sample.bytes[..length]);
            assert!(cut.is_err(), "{} cut to {length}: {cut:?}", sample.name);
        }
    }
}

#[test]
fn other_things_are_no_images() {
    for bytes in [
        &b""[..],
        b"\x89PNG",
        b"GIF89a\x01\0\x01\0\0\0\0\0\0\0",
        b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
        b"RIFF\x24\0\0\0WAVEfmt ",
        b"%PDF-1.7 and so on",
    ] {
        assert_eq!(inspect(bytes), Err(InspectError::NotAnImage), "{bytes:?}");
    }
}

#[test]
fn one_wrong_bit_anywhere_in_a_png_is_found() {
    let png = samples::png(5, 3);
    for position in 0..png.len() {
        for bit in 0..8 {
            let mut broken = png.clone();
            broken[position] ^= 1 << bit;
            assert!(inspect(&broken).is_err(), "byte {position}, bit {bit}");
        }
    }
}

#[test]
fn png_chunks_must_be_in_order_and_complete() {
    let chunk = samples::png_chunk;
    let ihdr = |width: u32, height: u32| {
        chunk(
            *b"IHDR",
            &[
                &width.to_be_bytes()[..],
                &height.to_be_bytes(),
                &[8, 2, 0, 0, 0],
            ]
            .concat(),
        )
    };
    let file = |chunks: &[Vec<u8>]| [b"\x89PNG\r\n\x1a\n".to_vec(), chunks.concat()].concat();
    let (data, end) = (chunk(*b"IDAT", b"x"), chunk(*b"IEND", b""));
    let size = Size::new(2, 1).unwrap();
    assert_eq!(
        inspect(&file(&[ihdr(2, 1), data.clone(), end.clone()])),
        Ok((ImageFormat::Png, size))
    );
    for (why, chunks) in [
        ("no header", vec![data.clone(), end.clone()]),
        (
            "two headers",
            vec![ihdr(2, 1), ihdr(2, 1), data.clone(), end.clone()],
        ),
        ("no data", vec![ihdr(2, 1), end.clone()]),
        ("no width", vec![ihdr(0, 1), data.clone(), end.clone()]),
        ("no height", vec![ihdr(2, 0), data.clone(), end.clone()]),
        ("huge", vec![ihdr(1 << 31, 1), data.clone(), end.clone()]),
        (
            "short header",
            vec![chunk(*b"IHDR", &[0, 0, 0, 1]), data.clone(), end.clone()],
        ),
        ("no chunk", vec![ihdr(2, 1), chunk(*b"ID\0T", b"x"), end]),
    ] {
        assert!(is_damaged(&file(&chunks)), "{why}");
    }
}

#[test]
fn jpeg_segments_must_be_in_order_and_complete() {
    let part = samples::jpeg_segment;
    let frame = |width: u16, height: u16| {
        part(
            0xc0,
            &[
                &[8][..],
                &height.to_be_bytes(),
                &width.to_be_bytes(),
                &[1, 1, 0x11, 0],
            ]
            .concat(),
        )
    };
    let scan = || {
        [
            part(0xda, &[1, 1, 0, 0, 0x3f, 0]),
            b"\x12\xff\x00\xff\xd3\x34".to_vec(),
        ]
        .concat()
    };
    let file =
        |parts: &[Vec<u8>]| [b"\xff\xd8".to_vec(), parts.concat(), b"\xff\xd9".to_vec()].concat();
    let size = Size::new(7, 9).unwrap();
    assert_eq!(
        inspect(&file(&[frame(7, 9), scan(), scan()])),
        Ok((ImageFormat::Jpeg, size)),
        "progressive: several scans"
    );
    assert_eq!(
        inspect(&file(&[frame(7, 9), b"\xff\xff".to_vec(), scan()])),
        Ok((ImageFormat::Jpeg, size)),
        "filling before a marker"
    );
    for (why, parts) in [
        ("no frame", vec![scan()]),
        ("no scan", vec![frame(7, 9)]),
        ("no height", vec![frame(7, 0), scan()]),
        ("no width", vec![frame(0, 9), scan()]),
        ("short frame", vec![part(0xc2, &[8, 0, 1]), scan()]),
        (
            "segment length under two",
            vec![b"\xff\xe0\x00\x01".to_vec(), frame(7, 9), scan()],
        ),
        (
            "bytes between segments",
            vec![frame(7, 9), b"\x00".to_vec(), scan()],
        ),
        (
            "a second start",
            vec![frame(7, 9), b"\xff\xd8".to_vec(), scan()],
        ),
    ] {
        assert!(is_damaged(&file(&parts)), "{why}");
    }
}

#[test]
fn a_thumbnail_is_not_the_image() {
    let inner = samples::jpeg(2, 2, None);
    let outer = samples::jpeg(30, 20, Some(&[&b"Exif\0\0"[..], &inner].concat()));
    assert_eq!(
        inspect(&outer),
        Ok((ImageFormat::Jpeg, Size::new(30, 20).unwrap()))
    );
}

#[test]
fn webp_chunks_must_fit_the_length() {
    let chunk = samples::webp_chunk;
    let lossy = chunk(*b"VP8 ", b"\x30\x01\x00\x9d\x01\x2a\x03\x00\x05\x40");
    assert_eq!(
        inspect(&samples::riff(&[lossy.clone()].concat())),
        Ok((ImageFormat::Webp, Size::new(3, 5).unwrap())),
        "the scaling bits are no part of the height"
    );
    let mut odd = samples::riff(&[lossy.clone(), chunk(*b"XMP ", b"abc")].concat());
    odd.pop();
    odd[4] -= 1;
    assert!(inspect(&odd).is_ok(), "the last padding left out");
    for (why, body) in [
        ("nothing", vec![]),
        (
            "no image first",
            [chunk(*b"XMP ", b"ab"), lossy.clone()].concat(),
        ),
        ("canvas only", chunk(*b"VP8X", &[0; 10])),
        (
            "between frames",
            chunk(*b"VP8 ", b"\x31\x01\x00\x9d\x01\x2a\x03\x00\x05\x00"),
        ),
        (
            "no start code",
            chunk(*b"VP8 ", b"\x30\x01\x00\x9d\x01\x2b\x03\x00\x05\x00"),
        ),
        (
            "no width",
            chunk(*b"VP8 ", b"\x30\x01\x00\x9d\x01\x2a\x00\x00\x05\x00"),
        ),
        ("short", chunk(*b"VP8 ", b"\x30\x01\x00\x9d")),
        (
            "lossless, wrong signature",
            chunk(*b"VP8L", &[0x2e, 0, 0, 0, 0]),
        ),
        ("half a chunk", [lossy.clone(), b"XMP ".to_vec()].concat()),
        (
            "too long a chunk",
            [lossy, b"XMP \xff\xff\0\0ab".to_vec()].concat(),
        ),
    ] {
        assert!(is_damaged(&samples::riff(&body)), "{why}");
    }
}

#[test]
fn nothing_is_whole_after_an_error() {
    let png = samples::png(5, 3);
    let mut broken = png.clone();
    broken[30] ^= 1;
    let mut inspector = Inspector::new();
    let error = inspector.push(&broken).unwrap_err();
    assert_eq!(inspector.push(&png), Err(error.clone()));
    assert_eq!(inspector.finish(), Err(error));
}

proptest! {
    #[test]
    fn where_pieces_end_does_not_matter(which in 0..samples::all().len(), cuts in prop::collection::vec(1..40_usize, 1..50)) {
        let sample = &samples::all()[which];
        let mut inspector = Inspector::new();
        let mut rest = &sample.bytes[..];
        for cut in cuts.iter().cycle() {
            let (piece, tail) = rest.split_at((*cut).min(rest.len()));
            inspector.push(piece).unwrap();
            rest = tail;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(inspector.finish(), inspect(&sample.bytes));
    }

    #[test]
    fn changed_bytes_get_one_answer_however_cut(
        which in 0..samples::all().len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        length in 1..64_usize,
    ) {
        let mut bytes = samples::all()[which].bytes.clone();
        for (position, value) in changes {
            let position = position.index(bytes.len());
            bytes[position] = value;
        }
        prop_assert_eq!(inspect_in_pieces(&bytes, length), inspect(&bytes));
    }

    #[test]
    fn any_bytes_get_an_answer(start in 0..4_usize, bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let magic = [&b""[..], b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\xff\xff\x01\0WEBPVP8 "][start];
        let _ = inspect(&[magic, &bytes].concat());
    }
}

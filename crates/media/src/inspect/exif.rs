//! The orientation in an EXIF block.
//!
//! One tag of the first directory is all that is wanted, so it is read by hand: a general reader follows pointers to
//! nested directories, and a crafted block that points at the same directory thousands of times makes such a reader
//! allocate without measure.

/// What JPEG and some WebP writers put before the block itself.
const PREFIX: &[u8] = b"Exif\0\0";
/// The tag that says how to turn the picture (Exif 2.32, 4.6.5.1).
const ORIENTATION: u16 = 0x0112;
/// The type of its value: one unsigned 16-bit number.
const SHORT: u16 = 3;

/// Whether the picture is displayed as stored or with its edges exchanged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Turn {
    /// Orientations 1 to 4, and none.
    #[default]
    Upright,
    /// Orientations 5 to 8.
    OnItsSide,
}

/// The turn that an EXIF block asks for, with or without the `Exif\0\0` before it. A block that makes no sense asks
/// for nothing: a picture is not refused for its notes.
pub(super) fn turn(block: &[u8]) -> Turn {
    let tiff = block.strip_prefix(PREFIX).unwrap_or(block);
    match orientation(tiff) {
        Some(5..=8) => Turn::OnItsSide,
        _ => Turn::Upright,
    }
}

/// Whether a JPEG APP1 segment is EXIF (others are XMP).
pub(super) fn is_exif(segment: &[u8]) -> bool {
    segment.starts_with(PREFIX)
}

/// The tag's value in the first directory of a TIFF structure.
fn orientation(tiff: &[u8]) -> Option<u16> {
    let big_endian = match tiff.get(..4)? {
        b"MM\0*" => true,
        b"II*\0" => false,
        _ => return None,
    };
    let at16 = |position: usize| {
        let two = tiff.get(position..)?.first_chunk()?;
        Some(if big_endian {
            u16::from_be_bytes(*two)
        } else {
            u16::from_le_bytes(*two)
        })
    };
    let at32 = |position: usize| {
        let four = tiff.get(position..)?.first_chunk()?;
        Some(if big_endian {
            u32::from_be_bytes(*four)
        } else {
            u32::from_le_bytes(*four)
        })
    };
    let directory = usize::try_from(at32(4)?).ok()?;
    let entries = usize::from(at16(directory)?);
    // Each entry has 12 bytes: tag, type, count, value. At most 65,535 of them, and `at16` ends at the block's end.
    (0..entries)
        .map_while(|index| {
            let entry = directory.checked_add(2)?.checked_add(index * 12)?;
            Some((at16(entry)?, entry))
        })
        .find(|(tag, _)| *tag == ORIENTATION)
        .and_then(|(_, entry)| {
            let is_one_short = at16(entry + 2)? == SHORT && at32(entry + 4)? == 1;
            is_one_short.then(|| at16(entry + 8)).flatten()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A block with a directory of `entries` (tag, type, count, value).
    pub(crate) fn block(big_endian: bool, entries: &[(u16, u16, u32, u16)]) -> Vec<u8> {
        let two = |n: u16| {
            if big_endian {
                n.to_be_bytes()
            } else {
                n.to_le_bytes()
            }
        };
        let four = |n: u32| {
            if big_endian {
                n.to_be_bytes()
            } else {
                n.to_le_bytes()
            }
        };
        let mut tiff = if big_endian { b"MM\0*" } else { b"II*\0" }.to_vec();
        tiff.extend(four(8));
        tiff.extend(two(u16::try_from(entries.len()).unwrap()));
        for (tag, kind, count, value) in entries {
            tiff.extend(two(*tag));
            tiff.extend(two(*kind));
            tiff.extend(four(*count));
            tiff.extend(two(*value));
            tiff.extend([0, 0]);
        }
        tiff.extend([0; 4]);
        tiff
    }

    #[test]
    fn reads_both_byte_orders_with_and_without_prefix() {
        for big_endian in [false, true] {
            for (value, turned) in [
                (1, Turn::Upright),
                (4, Turn::Upright),
                (5, Turn::OnItsSide),
                (8, Turn::OnItsSide),
                (9, Turn::Upright),
            ] {
                let plain = block(
                    big_endian,
                    &[(0x010f, SHORT, 1, 7), (ORIENTATION, SHORT, 1, value)],
                );
                assert_eq!(turn(&plain), turned, "{value}");
                assert_eq!(turn(&[PREFIX, &plain].concat()), turned, "{value}");
            }
        }
    }

    #[test]
    fn a_broken_block_asks_for_nothing() {
        let good = block(true, &[(ORIENTATION, SHORT, 1, 6)]);
        for cut in 0..good.len() {
            // The value ends at byte 20; the padding after it and the next directory's offset are not needed.
            let wanted = if cut >= 20 {
                Turn::OnItsSide
            } else {
                Turn::Upright
            };
            assert_eq!(turn(&good[..cut]), wanted, "{cut}");
        }
        assert_eq!(turn(&block(true, &[(ORIENTATION, 4, 1, 6)])), Turn::Upright);
        assert_eq!(
            turn(&block(true, &[(ORIENTATION, SHORT, 2, 6)])),
            Turn::Upright
        );
        // A directory at the end of the address space.
        assert_eq!(turn(b"II*\0\xff\xff\xff\xff"), Turn::Upright);
    }
}

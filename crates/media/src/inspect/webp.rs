//! WebP: a RIFF of known length that holds chunks of type, length and data padded to even (RFC 9649).

use super::exif::{Turn, turn};
use super::gather::{Gather, le16, le32, skip};
use super::{EXIF_LIMIT, Found, InspectError, Walk};

/// `RIFF`, its length, `WEBP`.
const HEADER_LENGTH: usize = 12;
/// A chunk's type and length.
const HEAD_LENGTH: u32 = 8;
/// As much of a `VP8 ` (lossy) chunk as is read: frame tag, start code, width, height.
const LOSSY_LENGTH: u32 = 10;
/// As much of a `VP8L` (lossless) chunk: signature, and 14 bits each of width and height, less one.
const LOSSLESS_LENGTH: u32 = 5;
/// The whole of a `VP8X` (extended) chunk: flags, and 24 bits each of the canvas' width and height, less one.
const EXTENDED_LENGTH: u32 = 10;

pub(super) struct Webp {
    step: Step,
    /// Bytes of the RIFF that have not begun to be walked.
    left: u32,
    canvas: Option<(u32, u32)>,
    has_data: bool,
    turn: Turn,
}

enum Step {
    Header(Gather),
    Head(Gather),
    /// The part of a chunk that is read, and how long the rest is.
    Read([u8; 4], Gather, u32),
    /// The rest of a chunk, its padding counted.
    Skip(u32),
    /// As many bytes as the header gave have passed.
    Ended,
}

impl Webp {
    pub(super) fn new() -> Self {
        Self {
            step: Step::Header(Gather::new(HEADER_LENGTH)),
            left: 0,
            canvas: None,
            has_data: false,
            turn: Turn::Upright,
        }
    }

    /// A chunk begins, or all of them have passed.
    fn next(&self) -> Result<Step, InspectError> {
        match self.left {
            0 if self.has_data => Ok(Step::Ended),
            0 => Err(InspectError::damaged("it has no image data")),
            1..HEAD_LENGTH => Err(InspectError::damaged("its length does not fit its chunks")),
            _ => Ok(Step::Head(Gather::new(HEAD_LENGTH as usize))),
        }
    }

    fn begin(&mut self, head: &[u8]) -> Result<Step, InspectError> {
        let kind = head.first_chunk().copied().unwrap_or_default();
        let length = le32(head.get(4..).unwrap_or_default());
        self.left -= HEAD_LENGTH;
        if length > self.left {
            return Err(InspectError::damaged("its length does not fit its chunks"));
        }
        // Some writers leave out the padding of the last chunk.
        let padded = (u64::from(length) + u64::from(length % 2)).min(self.left.into());
        let padded = u32::try_from(padded).unwrap_or(self.left);
        self.left -= padded;

        let is_first = self.canvas.is_none();
        let read = match &kind {
            b"VP8 " if is_first => LOSSY_LENGTH,
            b"VP8L" if is_first => LOSSLESS_LENGTH,
            b"VP8X" if is_first => EXTENDED_LENGTH,
            _ if is_first => return Err(InspectError::damaged("it does not begin with an image")),
            b"EXIF" if length as usize <= EXIF_LIMIT => length,
            _ => 0,
        };
        if length < read {
            return Err(InspectError::damaged("its image header is too short"));
        }
        Ok(Step::Read(kind, Gather::new(read as usize), padded - read))
    }

    fn read(&mut self, kind: [u8; 4], data: &[u8]) -> Result<(), InspectError> {
        let is_first = self.canvas.is_none();
        match &kind {
            b"EXIF" => self.turn = turn(data),
            b"VP8 " if is_first => self.canvas = Some(lossy(data)?),
            b"VP8L" if is_first => self.canvas = Some(lossless(data)?),
            b"VP8X" => self.canvas = Some(extended(data)),
            _ => {}
        }
        // A frame of an animation holds image chunks of its own.
        self.has_data |= matches!(&kind, b"VP8 " | b"VP8L" | b"ANMF");
        Ok(())
    }
}

fn lossy(data: &[u8]) -> Result<(u32, u32), InspectError> {
    let is_key_frame = data.first().is_some_and(|tag| tag & 1 == 0);
    if !is_key_frame || data.get(3..6) != Some(b"\x9d\x01\x2a") {
        return Err(InspectError::damaged("its image header is wrong"));
    }
    // The two bits above each length are for scaling.
    let edge = |at: usize| u32::from(le16(data.get(at..).unwrap_or_default()) & 0x3fff);
    Ok((edge(6), edge(8)))
}

fn lossless(data: &[u8]) -> Result<(u32, u32), InspectError> {
    let bits = le32(data.get(1..).unwrap_or_default());
    // Signature, and a version of zero in the top three bits.
    if data.first() != Some(&0x2f) || bits >> 29 != 0 {
        return Err(InspectError::damaged("its image header is wrong"));
    }
    Ok(((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1))
}

fn extended(data: &[u8]) -> (u32, u32) {
    let edge = |at: usize| {
        let three = data.get(at..at + 3).unwrap_or_default();
        three
            .iter()
            .rev()
            .fold(0, |sum, byte| sum << 8 | u32::from(*byte))
            + 1
    };
    (edge(4), edge(7))
}

impl Walk for Webp {
    fn push(&mut self, mut input: &[u8]) -> Result<(), InspectError> {
        // A part of no length is passed with no byte left to take, so only steps that wait for more end the loop.
        loop {
            let step = std::mem::replace(&mut self.step, Step::Ended);
            self.step = match step {
                Step::Ended => return Ok(()),
                Step::Header(mut header) => {
                    if !header.fill(&mut input) {
                        self.step = Step::Header(header);
                        return Ok(());
                    }
                    // The length counts `WEBP`.
                    self.left = le32(header.take().get(4..).unwrap_or_default())
                        .checked_sub(4)
                        .ok_or_else(|| {
                            InspectError::damaged("its length does not fit its chunks")
                        })?;
                    self.next()?
                }
                Step::Head(mut head) => {
                    if !head.fill(&mut input) {
                        self.step = Step::Head(head);
                        return Ok(());
                    }
                    self.begin(&head.take())?
                }
                Step::Read(kind, mut data, rest) => {
                    if !data.fill(&mut input) {
                        self.step = Step::Read(kind, data, rest);
                        return Ok(());
                    }
                    self.read(kind, &data.take())?;
                    Step::Skip(rest)
                }
                Step::Skip(mut left) => {
                    skip(&mut input, &mut left);
                    if left > 0 {
                        self.step = Step::Skip(left);
                        return Ok(());
                    }
                    self.next()?
                }
            };
        }
    }

    fn found(&self) -> Option<Found> {
        let stored = self.canvas?;
        matches!(self.step, Step::Ended).then_some(Found {
            stored,
            turn: self.turn,
        })
    }
}

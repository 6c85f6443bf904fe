//! JPEG: markers, most with a segment of a given length, and entropy-coded scans that run until the next marker
//! (ITU-T T.81, annex B), from the start of image to its end.

use super::exif::{Turn, is_exif, turn};
use super::gather::{Gather, be16, skip};
use super::{Found, InspectError, Walk};

/// How every JPEG begins: the start of image and the first byte of the next marker.
pub(super) const START: &[u8] = b"\xff\xd8\xff";

const START_OF_IMAGE: u8 = 0xd8;
const END_OF_IMAGE: u8 = 0xd9;
const START_OF_SCAN: u8 = 0xda;
const APP1: u8 = 0xe1;
/// Of a frame's header only this is read: precision, height, width.
const FRAME_LENGTH: usize = 5;

pub(super) struct Jpeg {
    step: Step,
    frame: Option<(u32, u32)>,
    has_scan: bool,
    turn: Option<Turn>,
}

enum Step {
    /// The two bytes of the start of image.
    Start(Gather),
    /// `FF` is due.
    Marker,
    /// `FF` has passed: a marker's code, or more `FF` as filling.
    Code,
    /// A segment's length, which counts itself.
    Length(u8, Gather),
    /// The part of a segment that is read.
    Read(u8, Gather, u32),
    /// The rest of a segment.
    Skip(u8, u32),
    /// Entropy-coded data.
    Scan,
    /// `FF` in entropy-coded data.
    ScanCode,
    /// The end of image has passed.
    Ended,
}

impl Jpeg {
    pub(super) fn new() -> Self {
        Self {
            step: Step::Start(Gather::new(2)),
            frame: None,
            has_scan: false,
            turn: None,
        }
    }

    /// What follows a marker.
    fn marker(&self, code: u8) -> Result<Step, InspectError> {
        match code {
            END_OF_IMAGE if self.has_scan => Ok(Step::Ended),
            END_OF_IMAGE => Err(InspectError::damaged("it has no image data")),
            START_OF_SCAN if self.frame.is_none() => Err(InspectError::damaged(
                "its image data comes before its dimensions",
            )),
            // Stuffing and a second start make no sense between segments.
            0x00 | START_OF_IMAGE => Err(InspectError::damaged("something that is no JPEG marker")),
            // Restarts and TEM stand alone.
            0x01 | 0xd0..=0xd7 => Ok(Step::Marker),
            _ => Ok(Step::Length(code, Gather::new(2))),
        }
    }

    /// The segment of marker `code` has `length` bytes, those of the length itself not counted.
    fn segment(&self, code: u8, length: u32) -> Result<Step, InspectError> {
        let is_frame = is_frame(code) && self.frame.is_none();
        if is_frame && (length as usize) < FRAME_LENGTH {
            return Err(InspectError::damaged("its frame header is too short"));
        }
        let read = if is_frame {
            FRAME_LENGTH
        } else if code == APP1 && self.turn.is_none() {
            length as usize
        } else {
            0
        };
        Ok(Step::Read(
            code,
            Gather::new(read),
            length - u32::try_from(read).unwrap_or(length),
        ))
    }

    /// The part of a segment that is read.
    fn read(&mut self, code: u8, data: &[u8]) -> Result<(), InspectError> {
        if code == APP1 && is_exif(data) {
            self.turn = Some(turn(data));
        } else if is_frame(code) && self.frame.is_none() {
            let height = be16(data.get(1..).unwrap_or_default());
            let width = be16(data.get(3..).unwrap_or_default());
            // A height of zero promises one after the first scan (DNL): allowed on paper, written by nobody, and read
            // by few decoders.
            if width == 0 || height == 0 {
                return Err(InspectError::damaged("it has no width or no height"));
            }
            self.frame = Some((width.into(), height.into()));
        }
        Ok(())
    }
}

/// Start of frame, in any coding: C0 to CF without DHT, JPG and DAC.
fn is_frame(code: u8) -> bool {
    matches!(code, 0xc0..=0xcf) && !matches!(code, 0xc4 | 0xc8 | 0xcc)
}

impl Walk for Jpeg {
    fn push(&mut self, mut input: &[u8]) -> Result<(), InspectError> {
        while !input.is_empty() {
            let step = std::mem::replace(&mut self.step, Step::Ended);
            self.step =
                match step {
                    Step::Ended => return Ok(()),
                    Step::Start(mut start) => {
                        if start.fill(&mut input) {
                            Step::Marker
                        } else {
                            Step::Start(start)
                        }
                    }
                    Step::Marker => {
                        if next(&mut input) != 0xff {
                            return Err(InspectError::damaged("something that is no JPEG marker"));
                        }
                        Step::Code
                    }
                    Step::Code => match next(&mut input) {
                        0xff => Step::Code,
                        code => self.marker(code)?,
                    },
                    Step::Length(code, mut length) => {
                        if length.fill(&mut input) {
                            let length =
                                u32::from(be16(&length.take())).checked_sub(2).ok_or_else(
                                    || InspectError::damaged("a segment of impossible length"),
                                )?;
                            self.segment(code, length)?
                        } else {
                            Step::Length(code, length)
                        }
                    }
                    Step::Read(code, mut data, rest) => {
                        if data.fill(&mut input) {
                            self.read(code, &data.take())?;
                            Step::Skip(code, rest)
                        } else {
                            Step::Read(code, data, rest)
                        }
                    }
                    Step::Skip(code, mut left) => {
                        skip(&mut input, &mut left);
                        match (left, code) {
                            (0, START_OF_SCAN) => {
                                self.has_scan = true;
                                Step::Scan
                            }
                            (0, _) => Step::Marker,
                            _ => Step::Skip(code, left),
                        }
                    }
                    Step::Scan => {
                        let position = input.iter().position(|byte| *byte == 0xff);
                        input = position.map_or(&[], |at| &input[at + 1..]);
                        position.map_or(Step::Scan, |_| Step::ScanCode)
                    }
                    // A stuffed FF is data, a restart goes on with data, FF after FF is filling.
                    Step::ScanCode => match next(&mut input) {
                        0x00 | 0xd0..=0xd7 => Step::Scan,
                        0xff => Step::ScanCode,
                        code => self.marker(code)?,
                    },
                };
        }
        Ok(())
    }

    fn found(&self) -> Option<Found> {
        let stored = self.frame?;
        matches!(self.step, Step::Ended).then_some(Found {
            stored,
            turn: self.turn.unwrap_or_default(),
        })
    }
}

/// The next byte; the loop above asks only while there is one.
fn next(input: &mut &[u8]) -> u8 {
    input.split_off_first().copied().unwrap_or_default()
}

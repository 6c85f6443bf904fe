//! PNG: a signature, then chunks of length, type, data and CRC-32 (PNG 3rd edition, section 5), from `IHDR` to `IEND`.

use super::exif::{Turn, turn};
use super::gather::{Gather, be32, skip};
use super::{EXIF_LIMIT, Found, InspectError, Walk};

/// The eight bytes every PNG begins with.
pub(super) const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// Lengths and dimensions are at most this (PNG, section 7.1).
const MAX: u32 = 0x7fff_ffff;
/// The data of `IHDR`: width, height and five single bytes.
const IHDR_LENGTH: u32 = 13;

pub(super) struct Png {
    step: Step,
    header: Option<(u32, u32)>,
    has_data: bool,
    turn: Turn,
}

enum Step {
    Signature(Gather),
    /// A chunk's length and type.
    Head(Gather),
    Data(Chunk),
    Checksum(Chunk, Gather),
    /// `IEND` has passed.
    Ended,
}

struct Chunk {
    kind: [u8; 4],
    /// Bytes of data still to come.
    left: u32,
    /// Over type and data so far.
    checksum: crc32fast::Hasher,
    /// The data, of the chunks that are read: `IHDR` and a short enough `eXIf`.
    kept: Option<Vec<u8>>,
}

impl Png {
    pub(super) fn new() -> Self {
        Self {
            step: Step::Signature(Gather::new(SIGNATURE.len())),
            header: None,
            has_data: false,
            turn: Turn::Upright,
        }
    }

    /// A chunk begins.
    fn begin(&self, head: &[u8]) -> Result<Chunk, InspectError> {
        let left = be32(head);
        let kind = head.last_chunk().copied().unwrap_or_default();
        if left > MAX || !kind.iter().all(u8::is_ascii_alphabetic) {
            return Err(InspectError::damaged("something that is no PNG chunk"));
        }
        if (kind == *b"IHDR") == self.header.is_some() || (kind == *b"IHDR" && left != IHDR_LENGTH)
        {
            return Err(InspectError::damaged("its header chunk is not in order"));
        }
        let is_read = kind == *b"IHDR" || (kind == *b"eXIf" && left as usize <= EXIF_LIMIT);
        let mut checksum = crc32fast::Hasher::new();
        checksum.update(&kind);
        Ok(Chunk {
            kind,
            left,
            checksum,
            kept: is_read.then(Vec::new),
        })
    }

    /// A chunk has ended, and its checksum was right.
    fn end(&mut self, chunk: &Chunk) -> Result<Step, InspectError> {
        match (&chunk.kind, &chunk.kept) {
            (b"IHDR", Some(data)) => {
                let stored = (be32(data), be32(data.get(4..).unwrap_or_default()));
                if stored.0 == 0 || stored.1 == 0 || stored.0 > MAX || stored.1 > MAX {
                    return Err(InspectError::damaged("its dimensions are impossible"));
                }
                self.header = Some(stored);
            }
            (b"eXIf", Some(data)) => self.turn = turn(data),
            (b"IDAT", _) => self.has_data = true,
            (b"IEND", _) if self.has_data => return Ok(Step::Ended),
            (b"IEND", _) => return Err(InspectError::damaged("it has no image data")),
            _ => {}
        }
        Ok(Step::Head(Gather::new(8)))
    }
}

impl Walk for Png {
    fn push(&mut self, mut input: &[u8]) -> Result<(), InspectError> {
        // A chunk without data is passed with no byte left to take, so the loop ends on `input` alone only where a step
        // waits for more.
        loop {
            let step = std::mem::replace(&mut self.step, Step::Ended);
            self.step = match step {
                Step::Ended => return Ok(()),
                Step::Signature(mut signature) => {
                    if !signature.fill(&mut input) {
                        self.step = Step::Signature(signature);
                        return Ok(());
                    }
                    Step::Head(Gather::new(8))
                }
                Step::Head(mut head) => {
                    if !head.fill(&mut input) {
                        self.step = Step::Head(head);
                        return Ok(());
                    }
                    Step::Data(self.begin(&head.take())?)
                }
                Step::Data(mut chunk) => {
                    let data = skip(&mut input, &mut chunk.left);
                    chunk.checksum.update(data);
                    if let Some(kept) = &mut chunk.kept {
                        kept.extend_from_slice(data);
                    }
                    if chunk.left > 0 {
                        self.step = Step::Data(chunk);
                        return Ok(());
                    }
                    Step::Checksum(chunk, Gather::new(4))
                }
                Step::Checksum(chunk, mut given) => {
                    if !given.fill(&mut input) {
                        self.step = Step::Checksum(chunk, given);
                        return Ok(());
                    }
                    if chunk.checksum.clone().finalize() != be32(&given.take()) {
                        let kind = chunk.kind.escape_ascii();
                        return Err(InspectError::damaged(format!(
                            "the checksum of its {kind} chunk is wrong"
                        )));
                    }
                    self.end(&chunk)?
                }
            };
        }
    }

    fn found(&self) -> Option<Found> {
        let stored = self.header?;
        matches!(self.step, Step::Ended).then_some(Found {
            stored,
            turn: self.turn,
        })
    }
}

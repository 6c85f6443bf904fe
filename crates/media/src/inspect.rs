//! Whether some bytes are one whole image, and which: found while they pass by, without decoding a pixel.
//!
//! Whole means that the file reaches its own end: a PNG's chunks and their checksums walked to `IEND`, a JPEG's
//! markers walked to the end of image, a WebP's chunks walked to the length its header gives. That is what a transfer
//! cut short breaks. Bytes after that end are let be: phones append second pictures to JPEGs, editors leave padding,
//! and every decoder ignores both.

mod exif;
mod gather;
mod jpeg;
mod png;
mod webp;

use gih_domain::blob::ImageFormat;
use gih_domain::size::Size;

use self::exif::Turn;
use self::gather::Gather;

/// An EXIF block longer than this is passed over (and the picture taken as upright): JPEG cannot hold a longer one, and
/// it bounds what an inspector keeps in memory.
const EXIF_LIMIT: usize = 64 * 1024;

/// The longest beginning that tells a format: `RIFF`, a length, `WEBP`. No whole image of any format is shorter.
const MAGIC_LENGTH: usize = 12;

/// Why bytes are not one whole image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InspectError {
    /// They do not begin as a PNG, JPEG or WebP does.
    #[error("not a PNG, JPEG or WebP image")]
    NotAnImage,
    /// They begin as an image, and break off or contradict themselves.
    #[error("{0}")]
    Damaged(String),
}

impl InspectError {
    fn damaged(why: impl Into<String>) -> Self {
        Self::Damaged(why.into())
    }
}

/// What a format's walker has found once the file's own end is reached.
#[derive(Clone, Copy, Debug)]
struct Found {
    /// Width and height as stored, before any turning.
    stored: (u32, u32),
    turn: Turn,
}

/// One format's walk through the file.
trait Walk {
    /// Takes all of `input`, the next bytes of the file.
    fn push(&mut self, input: &[u8]) -> Result<(), InspectError>;
    /// What was found; `None` when the file's own end has not come yet.
    fn found(&self) -> Option<Found>;
}

/// Looks at an image's bytes as they come, in pieces of any length. Keeps at most one EXIF block (64 KiB) of them.
pub struct Inspector {
    stage: Stage,
}

enum Stage {
    Magic(Gather),
    Png(png::Png),
    Jpeg(jpeg::Jpeg),
    Webp(webp::Webp),
    /// It is over: a walker that has complained must not be asked for its find.
    Refused(InspectError),
}

impl Default for Inspector {
    fn default() -> Self {
        Self::new()
    }
}

impl Inspector {
    /// Before the first byte.
    pub fn new() -> Self {
        Self {
            stage: Stage::Magic(Gather::new(MAGIC_LENGTH)),
        }
    }

    /// The next bytes. After an error the bytes are no whole image whatever follows, and every answer is that error.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), InspectError> {
        let result = self.advance(bytes);
        if let Err(error) = &result {
            self.stage = Stage::Refused(error.clone());
        }
        result
    }

    fn advance(&mut self, mut bytes: &[u8]) -> Result<(), InspectError> {
        if let Stage::Magic(magic) = &mut self.stage {
            if !magic.fill(&mut bytes) {
                return Ok(());
            }
            let magic = magic.take();
            self.stage = recognise(&magic)?;
            self.walk()?.push(&magic)?;
        }
        self.walk()?.push(bytes)
    }

    /// No more bytes: the format and the dimensions as displayed.
    pub fn finish(mut self) -> Result<(ImageFormat, Size), InspectError> {
        let format = match &self.stage {
            Stage::Magic(_) => return Err(InspectError::NotAnImage),
            Stage::Refused(error) => return Err(error.clone()),
            Stage::Png(_) => ImageFormat::Png,
            Stage::Jpeg(_) => ImageFormat::Jpeg,
            Stage::Webp(_) => ImageFormat::Webp,
        };
        let found = self
            .walk()?
            .found()
            .ok_or_else(|| InspectError::damaged("it ends early"))?;
        let (width, height) = found.stored;
        let size = Size::new(width, height)
            .ok_or_else(|| InspectError::damaged("it has no width or no height"))?;
        let size = match found.turn {
            Turn::Upright => size,
            Turn::OnItsSide => size.turned(),
        };
        Ok((format, size))
    }

    fn walk(&mut self) -> Result<&mut dyn Walk, InspectError> {
        match &mut self.stage {
            Stage::Magic(_) => Err(InspectError::NotAnImage),
            Stage::Refused(error) => Err(error.clone()),
            Stage::Png(walk) => Ok(walk),
            Stage::Jpeg(walk) => Ok(walk),
            Stage::Webp(walk) => Ok(walk),
        }
    }
}

fn recognise(magic: &[u8]) -> Result<Stage, InspectError> {
    if magic.starts_with(png::SIGNATURE) {
        Ok(Stage::Png(png::Png::new()))
    } else if magic.starts_with(jpeg::START) {
        Ok(Stage::Jpeg(jpeg::Jpeg::new()))
    } else if magic.starts_with(b"RIFF") && magic.ends_with(b"WEBP") {
        Ok(Stage::Webp(webp::Webp::new()))
    } else {
        Err(InspectError::NotAnImage)
    }
}

#[cfg(test)]
#[path = "inspect_tests.rs"]
mod tests;

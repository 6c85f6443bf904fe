//! From rows of pixels to a PNG, in pieces.

use std::io::{self, Write};

use bytes::Bytes;
use png::{BitDepth, ColorType, Compression, Encoder, Filter};
use tokio::sync::mpsc::Sender;

use crate::drawing::Drawing;

/// How long a piece gets before it goes on its way, and an `IDAT` chunk.
const PIECE_BYTES: usize = 64 * 1024;

/// Encodes `drawing` and sends it off. Blocks: on the processor, and while the receiver is slower. Errors when the
/// receiver has gone.
pub(crate) fn png(drawing: &Drawing, sender: Sender<Bytes>) -> Result<(), png::EncodingError> {
    let mut pieces = Pieces {
        sender,
        gathered: Vec::with_capacity(PIECE_BYTES),
    };
    let size = drawing.size;
    let mut encoder = Encoder::new(&mut pieces, size.width(), size.height());
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::Fastest);
    // Each row of such a picture is nearly the one above.
    encoder.set_filter(Filter::Up);
    let mut writer = encoder.write_header()?;
    let mut image = writer.stream_writer_with_size(PIECE_BYTES)?;
    drawing.rows(|row| image.write_all(row))?;
    image.finish()?;
    writer.finish()?;
    Ok(pieces.flush()?)
}

/// Gathers what the encoder writes into pieces.
struct Pieces {
    sender: Sender<Bytes>,
    gathered: Vec<u8>,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.gathered.extend_from_slice(bytes);
        if self.gathered.len() >= PIECE_BYTES {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.gathered, Vec::with_capacity(PIECE_BYTES));
        self.sender
            .blocking_send(piece.into())
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

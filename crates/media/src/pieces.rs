//! Files on local disk, as streams of pieces.

use std::fs::File;
use std::io::{self, Read};

use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use gih_domain::blob::ByteStream;

use crate::blocking;

/// Pieces are read in this length: long enough that the trips to the blocking pool do not count, short enough that
/// hundreds of readers stay within a few dozen MiB.
const PIECE_BYTES: usize = 128 * 1024;

/// The next `left` bytes of a file, and what must live until they are read.
pub(crate) struct Pieces<K> {
    pub(crate) file: File,
    pub(crate) left: u64,
    pub(crate) _keep: K,
}

impl<K: Send + 'static> Pieces<K> {
    /// Reads the first piece at once, to spare the stream a trip to the blocking pool. Blocks.
    pub(crate) fn begin(self) -> io::Result<ByteStream> {
        let (first, rest) = self.read()?;
        let rest = stream::try_unfold(rest, |pieces| async move {
            if pieces.left == 0 {
                return Ok(None);
            }
            blocking::run(move || pieces.read()).await.map(Some)
        });
        Ok(stream::iter([Ok(first)])
            .filter(|first| std::future::ready(first.as_ref().is_ok_and(|bytes| !bytes.is_empty())))
            .chain(rest)
            .boxed())
    }

    /// The next piece, and the rest. A file that has become shorter is an error, not an early end.
    fn read(mut self) -> io::Result<(Bytes, Self)> {
        let length = usize::try_from(self.left).map_or(PIECE_BYTES, |left| left.min(PIECE_BYTES));
        let mut piece = vec![0; length];
        self.file.read_exact(&mut piece)?;
        self.left -= length as u64;
        Ok((piece.into(), self))
    }
}

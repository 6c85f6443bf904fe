//! Fixed-length pieces out of a stream cut anywhere.

/// Gathers exactly as many bytes as are wanted, across pushes.
#[derive(Debug)]
pub(super) struct Gather {
    bytes: Vec<u8>,
    wanted: usize,
}

impl Gather {
    /// Wants `wanted` bytes; callers keep that within the inspector's window.
    pub(super) fn new(wanted: usize) -> Self {
        Self {
            bytes: Vec::new(),
            wanted,
        }
    }

    /// Takes what is missing off the front of `input`; true once there is nothing missing.
    pub(super) fn fill(&mut self, input: &mut &[u8]) -> bool {
        let missing = self.wanted - self.bytes.len();
        let (taken, rest) = input.split_at(missing.min(input.len()));
        self.bytes.extend_from_slice(taken);
        *input = rest;
        self.bytes.len() == self.wanted
    }

    /// The bytes, leaving an empty gatherer of nothing.
    pub(super) fn take(&mut self) -> Vec<u8> {
        self.wanted = 0;
        std::mem::take(&mut self.bytes)
    }
}

/// A big-endian 32-bit number at the front of `bytes`; zero past their end (callers have gathered enough).
pub(super) fn be32(bytes: &[u8]) -> u32 {
    bytes
        .first_chunk()
        .map_or(0, |four| u32::from_be_bytes(*four))
}

/// A little-endian 32-bit number at the front of `bytes`, likewise.
pub(super) fn le32(bytes: &[u8]) -> u32 {
    bytes
        .first_chunk()
        .map_or(0, |four| u32::from_le_bytes(*four))
}

/// A big-endian 16-bit number at the front of `bytes`, likewise.
pub(super) fn be16(bytes: &[u8]) -> u16 {
    bytes
        .first_chunk()
        .map_or(0, |two| u16::from_be_bytes(*two))
}

/// A little-endian 16-bit number at the front of `bytes`, likewise.
pub(super) fn le16(bytes: &[u8]) -> u16 {
    bytes
        .first_chunk()
        .map_or(0, |two| u16::from_le_bytes(*two))
}

/// Drops up to `left` bytes off the front of `input` and counts them off; the dropped bytes.
pub(super) fn skip<'a>(input: &mut &'a [u8], left: &mut u32) -> &'a [u8] {
    let count = input
        .len()
        .min(usize::try_from(*left).unwrap_or(usize::MAX));
    let (dropped, rest) = input.split_at(count);
    *input = rest;
    // `count` is at most `left`, so it fits.
    *left -= u32::try_from(count).unwrap_or(*left);
    dropped
}

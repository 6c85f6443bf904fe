//! For benchmarks: the two steps that every byte of an image goes through, each alone.

use bytes::Bytes;

use crate::base64::Decoder;
use crate::scanner::{Event, Scanner};

/// Scans an answer that arrives in pieces; how many characters of base64 it held.
pub fn scan(pieces: &[Bytes]) -> Result<usize, String> {
    let mut scanner = Scanner::default();
    let mut characters = 0;
    for piece in pieces {
        let mut input = piece.clone();
        while let Some(event) = scanner.next(&mut input).map_err(|e| e.to_string())? {
            if let Event::ImageText(text) = event {
                characters += text.len();
            }
        }
    }
    scanner.finish().map_err(|e| e.to_string())?;
    Ok(characters)
}

/// Decodes base64 that arrives in pieces; how many bytes it came to.
pub fn decode(pieces: &[Bytes]) -> Result<usize, String> {
    let mut decoder = Decoder::default();
    let mut bytes = 0;
    for piece in pieces {
        bytes += decoder.push(piece).map_err(|e| e.to_string())?.len();
    }
    decoder.finish().map_err(|e| e.to_string())?;
    Ok(bytes)
}

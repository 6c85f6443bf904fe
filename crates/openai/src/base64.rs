use base64_simd::STANDARD;
use bytes::Bytes;

/// Decodes base64 that arrives in pieces of any length. Strict: the standard alphabet, padded, nothing in between.
#[derive(Default)]
pub(crate) struct Decoder {
    /// The first characters of a group of four that has not arrived in full.
    carry: Vec<u8>,
    /// Padding was seen, so nothing may follow.
    ended: bool,
}

/// The text is no base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not valid base64")]
pub(crate) struct BadBase64;

impl Decoder {
    /// The bytes that are complete with this piece; about three quarters of its length.
    pub(crate) fn push(&mut self, mut text: &[u8]) -> Result<Bytes, BadBase64> {
        if text.is_empty() {
            return Ok(Bytes::new());
        }
        let mut decoded = Vec::with_capacity(STANDARD.estimated_decoded_length(text.len() + 4));
        if !self.carry.is_empty() {
            let missing = (4 - self.carry.len()).min(text.len());
            let (head, rest) = text.split_at(missing);
            self.carry.extend_from_slice(head);
            text = rest;
            if self.carry.len() < 4 {
                return Ok(Bytes::new());
            }
            let group = std::mem::take(&mut self.carry);
            self.decode(&group, &mut decoded)?;
        }
        let (groups, rest) = text.split_at(text.len() - text.len() % 4);
        self.decode(groups, &mut decoded)?;
        self.carry.extend_from_slice(rest);
        Ok(decoded.into())
    }

    /// Ends the text: an unfinished group is an error.
    pub(crate) fn finish(self) -> Result<(), BadBase64> {
        if self.carry.is_empty() {
            Ok(())
        } else {
            Err(BadBase64)
        }
    }

    fn decode(&mut self, groups: &[u8], decoded: &mut Vec<u8>) -> Result<(), BadBase64> {
        if groups.is_empty() {
            return Ok(());
        }
        if self.ended {
            return Err(BadBase64);
        }
        STANDARD
            .decode_append(groups, decoded)
            .map_err(|_| BadBase64)?;
        self.ended = groups.ends_with(b"=");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<u8>, BadBase64> {
        let mut decoder = Decoder::default();
        let mut all = Vec::new();
        for piece in pieces {
            all.extend_from_slice(&decoder.push(piece)?);
        }
        decoder.finish().map(|()| all)
    }

    proptest! {
        #[test]
        fn any_split_decodes_to_the_same(bytes: Vec<u8>, piece in 1usize..9) {
            let text = STANDARD.encode_to_string(&bytes);
            prop_assert_eq!(decode(text.as_bytes().chunks(piece)), Ok(bytes));
        }
    }

    #[test]
    fn what_is_no_base64_is_refused_in_any_split() {
        for text in [
            "Q", "QQ", "QQ=", "QQ==QQ==", "QQ==\n", "Q Q=", "Q===", "====", "QR==", "_w==", "ÿ",
        ] {
            for piece in 1..=text.len() {
                let pieces = text.as_bytes().chunks(piece);
                assert_eq!(decode(pieces), Err(BadBase64), "{text} by {piece}");
            }
        }
    }
}

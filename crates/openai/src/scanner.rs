//! Takes the images out of an answer's JSON while it arrives.

use bytes::{Buf, Bytes};

/// How much may remain when the images are taken out. Real answers keep some hundred bytes.
const MAX_SKELETON_BYTES: usize = 1024 * 1024;
/// How deep arrays and objects may nest: `serde_json`, which reads the skeleton, has the same limit.
const MAX_DEPTH: usize = 128;
/// The longest spelling of a key that is worth decoding: every character of `b64_json` escaped, and the quotes.
const MAX_KEY_BYTES: usize = 8 * 6 + 2;

/// Something found in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// The string of a `b64_json` begins.
    ImageBegins,
    /// A piece of that string, without escapes. What is no base64 in it is left for the decoder to refuse.
    ImageText(Bytes),
    /// The string has ended.
    ImageEnds,
    /// An item of `data` has ended that had no such string.
    ItemWithoutImage,
}

/// The text cannot be an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ScanError {
    #[error("too much besides the images")]
    TooLong,
    #[error("nested too deeply")]
    TooDeep,
    #[error("a bad escape in an image's text")]
    BadEscape,
    #[error("it ends in the middle")]
    Unfinished,
}

/// A lexer, not a parser: it knows strings, nesting and keys, which is enough to find the strings at
/// `data[*].b64_json`. All other bytes go to a skeleton of bounded size, with `""` in the place of each image, and
/// whether that is JSON is for a parser to say at the end.
#[derive(Default)]
pub(crate) struct Scanner {
    state: State,
    /// What is open, outermost first.
    open: Vec<Place>,
    /// The next string is a key.
    at_key: bool,
    /// The last key read. When a value begins, that is its key if it is in an object.
    key: Key,
    /// The current item of `data` has had an image.
    item_has_image: bool,
    skeleton: Vec<u8>,
}

#[derive(Clone, Copy, Default)]
enum State {
    #[default]
    Between,
    /// In a string of the skeleton that began at this offset.
    Kept {
        from: usize,
        escaped: bool,
    },
    Image,
    /// Behind a backslash in an image's string.
    Escape,
    /// In the four digits of `\uXXXX`.
    Unicode {
        digits: u8,
        value: u16,
    },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The outermost object.
    Root,
    /// Its `data`.
    Data,
    /// An object in that.
    Item,
    Object,
    Array,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Key {
    Data,
    Image,
    #[default]
    Other,
}

impl Scanner {
    /// The next event in `input`, which loses what was read; `None` when all of it was.
    pub(crate) fn next(&mut self, input: &mut Bytes) -> Result<Option<Event>, ScanError> {
        while let Some(&byte) = input.first() {
            let event = match self.state {
                State::Between => {
                    input.advance(1);
                    self.between(byte)?
                }
                State::Kept { from, escaped } => {
                    self.kept(input, from, escaped)?;
                    None
                }
                State::Image => self.image(input),
                State::Escape => {
                    input.advance(1);
                    self.escape(byte)?
                }
                State::Unicode { digits, value } => {
                    input.advance(1);
                    self.unicode(byte, digits, value)?
                }
            };
            if event.is_some() {
                return Ok(event);
            }
        }
        Ok(None)
    }

    /// The text without its images, once it has ended.
    pub(crate) fn finish(self) -> Result<Vec<u8>, ScanError> {
        match self.state {
            State::Between if self.open.is_empty() => Ok(self.skeleton),
            _ => Err(ScanError::Unfinished),
        }
    }

    fn between(&mut self, byte: u8) -> Result<Option<Event>, ScanError> {
        match byte {
            // Relays send spaces for minutes to keep a connection open: one of them is enough.
            b' ' | b'\t' | b'\r' | b'\n' if self.skeleton.last() == Some(&b' ') => return Ok(None),
            b' ' | b'\t' | b'\r' | b'\n' => self.keep(b" ")?,
            b'"' => return self.string(),
            b'{' | b'[' => {
                self.keep(&[byte])?;
                self.enter(byte)?;
            }
            b'}' | b']' => {
                self.keep(&[byte])?;
                if self.open.pop() == Some(Place::Item) && !self.item_has_image {
                    return Ok(Some(Event::ItemWithoutImage));
                }
            }
            b',' => {
                self.keep(b",")?;
                self.at_key = self.is_in_object();
            }
            _ => self.keep(&[byte])?,
        }
        Ok(None)
    }

    fn string(&mut self) -> Result<Option<Event>, ScanError> {
        let from = self.skeleton.len();
        self.keep(b"\"")?;
        if !self.at_key && self.key == Key::Image && self.open.last() == Some(&Place::Item) {
            self.item_has_image = true;
            self.state = State::Image;
            return Ok(Some(Event::ImageBegins));
        }
        self.state = State::Kept {
            from,
            escaped: false,
        };
        Ok(None)
    }

    fn enter(&mut self, bracket: u8) -> Result<(), ScanError> {
        if self.open.len() == MAX_DEPTH {
            return Err(ScanError::TooDeep);
        }
        let place = match (self.open.last(), bracket) {
            (None, b'{') => Place::Root,
            (Some(Place::Root), b'[') if self.key == Key::Data => Place::Data,
            (Some(Place::Data), b'{') => Place::Item,
            (_, b'{') => Place::Object,
            _ => Place::Array,
        };
        if place == Place::Item {
            self.item_has_image = false;
        }
        self.open.push(place);
        self.at_key = self.is_in_object();
        Ok(())
    }

    fn is_in_object(&self) -> bool {
        matches!(
            self.open.last(),
            Some(Place::Root | Place::Item | Place::Object)
        )
    }

    fn kept(&mut self, input: &mut Bytes, from: usize, escaped: bool) -> Result<(), ScanError> {
        if escaped {
            self.keep(&input.split_to(1))?;
            self.state = State::Kept {
                from,
                escaped: false,
            };
            return Ok(());
        }
        let Some(end) = memchr::memchr2(b'"', b'\\', input) else {
            return self.keep(&std::mem::take(input));
        };
        let piece = input.split_to(end + 1);
        self.keep(&piece)?;
        self.state = if piece.ends_with(b"\\") {
            State::Kept {
                from,
                escaped: true,
            }
        } else {
            if self.at_key {
                self.key = Key::read(&self.skeleton[from..]);
                self.at_key = false;
            }
            State::Between
        };
        Ok(())
    }

    fn image(&mut self, input: &mut Bytes) -> Option<Event> {
        match memchr::memchr2(b'"', b'\\', input) {
            None => Some(Event::ImageText(std::mem::take(input))),
            Some(0) if input.starts_with(b"\\") => {
                input.advance(1);
                self.state = State::Escape;
                None
            }
            Some(0) => {
                input.advance(1);
                // Its opening quote was within the bound, and one byte more does no harm.
                self.skeleton.push(b'"');
                self.state = State::Between;
                Some(Event::ImageEnds)
            }
            Some(end) => Some(Event::ImageText(input.split_to(end))),
        }
    }

    fn escape(&mut self, byte: u8) -> Result<Option<Event>, ScanError> {
        let character = match byte {
            b'u' => {
                self.state = State::Unicode {
                    digits: 0,
                    value: 0,
                };
                return Ok(None);
            }
            b'"' | b'\\' | b'/' => byte,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            _ => return Err(ScanError::BadEscape),
        };
        self.state = State::Image;
        Ok(Some(one(character)))
    }

    fn unicode(&mut self, byte: u8, digits: u8, value: u16) -> Result<Option<Event>, ScanError> {
        let digit = char::from(byte).to_digit(16).ok_or(ScanError::BadEscape)?;
        // A digit has four bits and there are four of them.
        let value = value << 4 | u16::try_from(digit).unwrap_or_default();
        if digits < 3 {
            self.state = State::Unicode {
                digits: digits + 1,
                value,
            };
            return Ok(None);
        }
        self.state = State::Image;
        // Base64 is ASCII, so anything beyond may become any byte that base64 does not have.
        Ok(Some(one(u8::try_from(value).unwrap_or(0))))
    }

    fn keep(&mut self, bytes: &[u8]) -> Result<(), ScanError> {
        if self.skeleton.len() + bytes.len() > MAX_SKELETON_BYTES {
            return Err(ScanError::TooLong);
        }
        self.skeleton.extend_from_slice(bytes);
        Ok(())
    }
}

impl Key {
    /// A key from its spelling in JSON, quotes included.
    fn read(spelling: &[u8]) -> Self {
        match spelling {
            b"\"data\"" => Self::Data,
            b"\"b64_json\"" => Self::Image,
            _ if spelling.len() > MAX_KEY_BYTES || !spelling.contains(&b'\\') => Self::Other,
            _ => match serde_json::from_slice::<String>(spelling).as_deref() {
                Ok("data") => Self::Data,
                Ok("b64_json") => Self::Image,
                _ => Self::Other,
            },
        }
    }
}

fn one(character: u8) -> Event {
    Event::ImageText(Bytes::copy_from_slice(&[character]))
}

#[cfg(test)]
#[path = "scanner_tests.rs"]
mod tests;

use std::time::Duration;

use crate::failure::Failure;

/// What happens to one valid call. Invalid ones are refused before any of this.
#[derive(Clone, Debug)]
pub struct Behaviour {
    pub(crate) outcome: Outcome,
    pub(crate) delay: Duration,
    pub(crate) piece_bytes: Option<usize>,
    pub(crate) pause: Duration,
    pub(crate) cut: Option<(Cut, usize)>,
}

/// How a good answer fails to arrive in full, once a part of it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The connection is reset (RST).
    Reset,
    /// The connection ends, short of the `Content-Length` given.
    BreakOff,
    /// The part is sent as if it were all: whole as HTTP, broken as JSON.
    Truncate,
    /// Nothing more comes, and nothing ends.
    Stall,
}

/// How a call ends.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// A success: as many images as asked, or these items whatever was asked (fewer, more, or bad ones).
    Draw(Option<Vec<Item>>),
    /// An error answer.
    Fail(Failure),
    /// Any answer: nonsense under a good status, a proxy's page, a redirect.
    Raw {
        /// The HTTP status.
        status: u16,
        /// The `Content-Type`.
        content_type: &'static str,
        /// The whole body.
        body: String,
    },
    /// Silence from the start.
    Hang,
}

/// One entry of `data`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// A whole image of the asked size.
    Good,
    /// A whole image of the asked size and of exactly so many bytes (or a few hundred, if that is more).
    Bytes(usize),
    /// Text that is no base64.
    BadBase64,
    /// A PNG without its end.
    Truncated,
    /// Good base64 of something that is no image.
    NoImage,
    /// Only a `url`, as relays send.
    UrlOnly,
    /// These bytes in base64, whatever was asked.
    File(&'static [u8]),
}

impl Behaviour {
    /// As many images as asked.
    pub fn succeed() -> Self {
        Outcome::Draw(None).into()
    }

    /// A success with these items.
    pub fn items(items: impl Into<Vec<Item>>) -> Self {
        Outcome::Draw(Some(items.into())).into()
    }

    /// An error answer.
    pub fn fail(failure: Failure) -> Self {
        Outcome::Fail(failure).into()
    }

    /// An answer of text under a status.
    pub fn raw(status: u16, content_type: &'static str, body: impl Into<String>) -> Self {
        Outcome::Raw {
            status,
            content_type,
            body: body.into(),
        }
        .into()
    }

    /// The same, `delay` later.
    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    /// The same, of whose body only so many percent come (success only).
    #[must_use]
    pub fn cut(self, cut: Cut, percent: usize) -> Self {
        Self {
            cut: Some((cut, percent.min(100))),
            ..self
        }
    }

    /// The same, its body in chunks of so many bytes.
    #[must_use]
    pub fn in_pieces_of(self, bytes: usize) -> Self {
        Self {
            piece_bytes: Some(bytes.max(1)),
            ..self
        }
    }

    /// The same, its body in chunks of so many bytes with a pause before each.
    #[must_use]
    pub fn dripping(self, bytes: usize, pause: Duration) -> Self {
        Self {
            pause,
            ..self.in_pieces_of(bytes)
        }
    }
}

impl Default for Behaviour {
    fn default() -> Self {
        Self::succeed()
    }
}

impl From<Outcome> for Behaviour {
    fn from(outcome: Outcome) -> Self {
        Self {
            outcome,
            delay: Duration::ZERO,
            piece_bytes: None,
            pause: Duration::ZERO,
            cut: None,
        }
    }
}

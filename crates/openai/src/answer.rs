//! Receives an answer while it arrives: one image after the other goes through the decoder into the spool.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use gih_domain::blob::Blob;
use gih_domain::ports::{Images, ProviderError, Spool, SpoolError, SpoolFile};
use reqwest::Response;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::base64::Decoder;
use crate::failure::{self, Said};
use crate::scanner::{Event, Scanner};

/// The largest image taken, decoded. The largest PNG at 3840x2160 that nothing compresses has some 33 MB.
const MAX_IMAGE_BYTES: u64 = 64 * 1024 * 1024;
/// The longest answer taken: the ten images that can be asked for, at their largest, in base64, and some room.
const MAX_ANSWER_BYTES: u64 = 10 * (MAX_IMAGE_BYTES / 3 * 4) + 16 * 1024 * 1024;

/// The images of a successful answer, each as soon as it is whole.
pub(crate) fn images(response: Response, spool: Arc<dyn Spool>) -> Images {
    let receiver = Receiver {
        response,
        piece: Bytes::new(),
        received: 0,
        scanner: Some(Scanner::default()),
        image: None,
        found: false,
        spool,
    };
    stream::unfold(Some(receiver), |receiver| async move {
        let mut receiver = receiver?;
        match receiver.next().await {
            Ok(Some(blob)) => Some((Ok(blob), Some(receiver))),
            Ok(None) => None,
            Err(error @ ProviderError::BadImage { .. }) => Some((Err(error), Some(receiver))),
            Err(error) => Some((Err(error), None)),
        }
    })
    .boxed()
}

struct Receiver {
    response: Response,
    /// What has arrived and was not scanned yet.
    piece: Bytes,
    received: u64,
    /// Until the answer has ended.
    scanner: Option<Scanner>,
    image: Option<Image>,
    /// An image was begun, or missed, so the answer is one to a request for images.
    found: bool,
    spool: Arc<dyn Spool>,
}

/// The image whose string is arriving.
enum Image {
    Good {
        file: Box<dyn SpoolFile>,
        decoder: Decoder,
    },
    /// What was wrong with it; the rest of its string is passed over.
    Bad(ProviderError),
}

impl Receiver {
    /// The next image; [`ProviderError::BadImage`] when that one is bad, any other error when all is over.
    async fn next(&mut self) -> Result<Option<Blob>, ProviderError> {
        while let Some(scanner) = &mut self.scanner {
            let event = scanner
                .next(&mut self.piece)
                .map_err(|error| failed(format!("the answer is not understood: {error}")))?;
            match event {
                Some(event) => {
                    if let Some(blob) = self.take(event).await? {
                        return Ok(Some(blob));
                    }
                }
                None => self.receive().await?,
            }
        }
        Ok(None)
    }

    /// Gets the next piece, or ends the answer.
    async fn receive(&mut self) -> Result<(), ProviderError> {
        match self.response.chunk().await {
            Ok(Some(piece)) => {
                self.received += piece.len() as u64;
                if self.received > MAX_ANSWER_BYTES {
                    return Err(failed("the answer is too long"));
                }
                self.piece = piece;
                Ok(())
            }
            Ok(None) => self.end(),
            Err(error) if error.is_timeout() => Err(failed("no whole answer in time")),
            Err(error) => {
                let error = failure::in_full(error);
                Err(failed(format!("the answer broke off: {error}")))
            }
        }
    }

    async fn take(&mut self, event: Event) -> Result<Option<Blob>, ProviderError> {
        match event {
            Event::ImageBegins => {
                self.found = true;
                let file = self
                    .spool
                    .create(MAX_IMAGE_BYTES)
                    .await
                    .map_err(|error| spooling(&error))?;
                self.image = Some(Image::Good {
                    file,
                    decoder: Decoder::default(),
                });
            }
            Event::ImageText(text) => {
                if let Some(Image::Good { file, decoder }) = &mut self.image
                    && let Err(error) = write(file.as_mut(), decoder, &text).await
                {
                    if !matches!(error, ProviderError::BadImage { .. }) {
                        return Err(error);
                    }
                    self.image = Some(Image::Bad(error));
                }
            }
            Event::ImageEnds => match self.image.take() {
                Some(Image::Good { file, decoder }) => {
                    decoder.finish().map_err(|error| bad(&error))?;
                    return file
                        .finish()
                        .await
                        .map(Some)
                        .map_err(|error| spooling(&error));
                }
                Some(Image::Bad(error)) => return Err(error),
                // The scanner ends only what it has begun.
                None => {}
            },
            Event::ItemWithoutImage => {
                self.found = true;
                return Err(bad(&"the answer has no bytes in its place (b64_json)"));
            }
        }
        Ok(None)
    }

    /// What remains of the answer must be the JSON of one.
    fn end(&mut self) -> Result<(), ProviderError> {
        /// Values are only passed over, so that a megabyte of them needs no more memory.
        #[derive(Deserialize)]
        struct Skeleton {
            data: Option<IgnoredAny>,
            error: Option<IgnoredAny>,
        }
        let rest = match self.scanner.take().map(Scanner::finish) {
            Some(Ok(rest)) => rest,
            Some(Err(error)) => return Err(failed(format!("the answer is no JSON: {error}"))),
            None => return Ok(()),
        };
        let skeleton: Skeleton = serde_json::from_slice(&rest)
            .map_err(|error| failed(format!("the answer is no JSON of images: {error}")))?;
        match skeleton {
            Skeleton { error: Some(_), .. } => {
                let said = Said::of(&rest).message;
                Err(failed(format!("an error under a good status: {said}")))
            }
            Skeleton { data: None, .. } => Err(failed("the answer has no data")),
            Skeleton { .. } if !self.found => Err(failed("the answer has no images")),
            Skeleton { .. } => Ok(()),
        }
    }
}

async fn write(
    file: &mut dyn SpoolFile,
    decoder: &mut Decoder,
    text: &[u8],
) -> Result<(), ProviderError> {
    let bytes = decoder.push(text).map_err(|error| bad(&error))?;
    if bytes.is_empty() {
        return Ok(());
    }
    file.write(bytes).await.map_err(|error| spooling(&error))
}

/// What the bytes are to blame for ends one image; what the machine is to blame for ends all.
fn spooling(error: &SpoolError) -> ProviderError {
    match error {
        SpoolError::NotAnImage | SpoolError::Damaged(_) | SpoolError::TooLarge(_) => bad(error),
        SpoolError::Full | SpoolError::Disk(_) => {
            failed(format!("an image could not be received: {error}"))
        }
    }
}

fn bad(what: &dyn ToString) -> ProviderError {
    ProviderError::BadImage {
        message: what.to_string(),
    }
}

fn failed(message: impl Into<String>) -> ProviderError {
    ProviderError::Failed {
        message: message.into(),
    }
}

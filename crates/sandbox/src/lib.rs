//! The image provider of test mode: draws real PNG images locally, without network and without money.
//!
//! What is drawn follows from the prompt, the image's place in its request and the size, and from nothing else. Words at
//! the start of a prompt steer what happens; [`Sandbox`] lists them.

mod drawing;
mod encode;
mod label;
mod random;
mod steering;

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::stream::{self, StreamExt};
use gih_domain::blob::Blob;
use gih_domain::ports::{Clock, ImageProvider, Images, Order, ProviderError, Spool, SpoolError};
use gih_domain::size::Size;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::spawn_blocking;

use self::drawing::Drawing;
use self::steering::{Outcome, Steering};

/// The edge of an image whose size is left open.
const AUTO_EDGE: u32 = 1024;
/// The most that is drawn: twice the largest size of any model, and even without compression below [`IMAGE_BYTES`].
const MAX_PIXELS: u64 = 16 * 1024 * 1024;
/// The most an image may have, as for other providers.
const IMAGE_BYTES: u64 = 64 * 1024 * 1024;
/// Pieces of a PNG on their way from the drawing thread to the spool.
const PIECES_WAITING: usize = 2;

/// Draws locally. A prompt may begin with words that steer, each followed by a space or the end; the rest is drawn:
///
/// | word | does |
/// |---|---|
/// | `sandbox:fail` | the provider fails |
/// | `sandbox:refuse` | the provider refuses the content |
/// | `sandbox:partial=K` | only `K` images come, from none to as many as asked |
/// | `sandbox:delay=SECONDS` | waits first, 0 to 60 seconds, decimals allowed |
///
/// Of words that contradict each other the last counts. Any other word that begins with `sandbox:` is refused with a
/// message that tells the caller which there are.
pub struct Sandbox {
    spool: Arc<dyn Spool>,
    clock: Arc<dyn Clock>,
    /// How many more images may be drawn at once.
    permits: Arc<Semaphore>,
}

impl Sandbox {
    /// A sandbox that draws into `spool` and waits by `clock`.
    pub fn new(spool: Arc<dyn Spool>, clock: Arc<dyn Clock>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        // An image of 4K takes a core for 80 ms, and live calls need the other half.
        let permits = cores.div_ceil(2);
        Self {
            spool,
            clock,
            permits: Arc::new(Semaphore::new(permits)),
        }
    }
}

#[async_trait]
impl ImageProvider for Sandbox {
    async fn generate(&self, order: Order) -> Result<Images, ProviderError> {
        let refused = |message: String| ProviderError::Refused { message };
        let (steering, prompt) = Steering::read(&order.prompt, order.n).map_err(refused)?;
        let size = order
            .size
            .or(Size::new(AUTO_EDGE, AUTO_EDGE))
            .filter(|size| size.pixels() <= MAX_PIXELS)
            .ok_or_else(|| failed(format!("the sandbox draws at most {MAX_PIXELS} pixels")))?;
        if !steering.delay.is_zero() {
            self.clock.sleep(steering.delay).await;
        }
        match steering.outcome {
            Outcome::Draw => {}
            Outcome::Fail => return Err(failed("the prompt asked for a failure")),
            Outcome::Refuse => {
                return Err(refused(
                    "The sandbox refused this prompt because it begins with sandbox:refuse.".into(),
                ));
            }
        }
        let drawings: Vec<Drawing> = (0..steering.images)
            .map(|index| Drawing::new(prompt, index, size, order.references.len()))
            .collect();
        let (spool, permits) = (self.spool.clone(), self.permits.clone());
        let images = stream::iter(drawings)
            .then(move |drawing| draw(spool.clone(), permits.clone(), drawing))
            // After any error but a bad image nothing comes.
            .scan(false, |is_over, image| {
                let goes_on = !*is_over;
                *is_over = matches!(&image, Err(error) if !matches!(error, ProviderError::BadImage { .. }));
                std::future::ready(goes_on.then_some(image))
            });
        Ok(images.boxed())
    }
}

/// Draws one image into the spool.
async fn draw(
    spool: Arc<dyn Spool>,
    permits: Arc<Semaphore>,
    drawing: Drawing,
) -> Result<Blob, ProviderError> {
    let permit = permits.acquire_owned().await;
    let permit = permit.map_err(|error| failed(error.to_string()))?;
    let mut file = spool.create(IMAGE_BYTES).await.map_err(spooled)?;
    let (sender, mut pieces) = mpsc::channel(PIECES_WAITING);
    // Ends early when this future, and with it the receiver, is dropped.
    let drawn = spawn_blocking(move || {
        let result = encode::png(&drawing, sender);
        drop(permit);
        result
    });
    while let Some(piece) = pieces.recv().await {
        file.write(piece).await.map_err(spooled)?;
    }
    match drawn.await {
        Ok(Ok(())) => file.finish().await.map_err(spooled),
        Ok(Err(error)) => Err(failed(error.to_string())),
        Err(error) => Err(failed(error.to_string())),
    }
}

fn failed(message: impl Into<String>) -> ProviderError {
    ProviderError::Failed {
        message: message.into(),
    }
}

/// What the spool says, in a provider's words.
#[expect(clippy::needless_pass_by_value, reason = "handed to map_err")]
fn spooled(error: SpoolError) -> ProviderError {
    let message = error.to_string();
    match error {
        SpoolError::NotAnImage | SpoolError::Damaged(_) | SpoolError::TooLarge(_) => {
            ProviderError::BadImage { message }
        }
        SpoolError::Full | SpoolError::Disk(_) => ProviderError::Failed { message },
    }
}

//! "Every image that a succeeded generation names can be read": each is in the store, with the right length.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};

use super::{Audit, Audited, Images, StoreProblem};
use crate::id::ImageId;
use crate::object_name::ObjectName;
use crate::ports::{BookedImage, DatabaseError, StoreError, Violation};

/// How many images are read off the books at once: a bound on memory.
const PAGE: u32 = 1_000;
/// How many questions to the store are under way at once: enough to hide a bucket's distance, and no burden to it.
const AT_ONCE: usize = 32;
/// How often the store is asked about an image before it counts as unreachable, and the pause between.
const ATTEMPTS: u32 = 4;
const PAUSE: Duration = Duration::from_secs(1);
/// So many images at least, and not one of them there: then it is another storage, or a folder that was not mounted.
const ELSEWHERE: u64 = 10;
/// After how many images it is said how far the audit has come.
const TELL_EVERY: u64 = 20_000;

impl Audit {
    /// Images are never deleted or changed, so it does not matter that the pages are not of one picture.
    pub(super) async fn stored(
        &self,
        images: Images,
        at_most: u32,
    ) -> Result<Audited, DatabaseError> {
        let (mut after, mut left) = match images {
            Images::None => return Ok(Audited::default()),
            Images::All => (None, u64::MAX),
            Images::Since(time, at_most) => (Some(ImageId::before(time)), u64::from(at_most)),
        };
        let mut audited = Audited::default();
        while left > 0 {
            let size = u32::try_from(left).unwrap_or(PAGE).min(PAGE);
            let page = self.books.images(after, size).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            left -= page.len() as u64;
            if let Err(problem) = self.page(page, at_most as usize, &mut audited).await {
                audited.store_problem = Some(problem);
                break;
            }
            if audited.violations.len() >= at_most as usize {
                break; // as many as were asked for
            }
        }
        let looked = audited.images;
        let is_elsewhere = looked >= ELSEWHERE && looked == audited.violations.len() as u64;
        if is_elsewhere && audited.store_problem.is_none() {
            audited.violations.clear();
            audited.store_problem = Some(StoreProblem(format!(
                "none of the first {looked} images is there as it should be: is it the storage that `gih serve` uses?"
            )));
        }
        Ok(audited)
    }

    async fn page(
        &self,
        page: Vec<BookedImage>,
        at_most: usize,
        audited: &mut Audited,
    ) -> Result<(), StoreProblem> {
        // A name that the hub never makes is the books' fault, which `image-object` tells, and no question to the store.
        let fit =
            |image: &BookedImage| ObjectName::parse_image(image.object_name.as_str()).is_some();
        let mut looks = stream::iter(page.into_iter().filter(fit))
            .map(|image| self.look(image))
            .buffer_unordered(AT_ONCE);
        while let Some(found) = looks.next().await {
            audited.images += 1;
            if audited.images.is_multiple_of(TELL_EVERY) {
                tracing::info!(images = audited.images, "looking for images in the storage");
            }
            let Some(violation) = found? else { continue };
            if audited.violations.is_empty() {
                // Before anything is called lost: a bucket that is not there has none of its objects either.
                self.store
                    .check()
                    .await
                    .map_err(|error| unreachable(&error))?;
            }
            audited.violations.push(violation);
            if audited.violations.len() >= at_most {
                break;
            }
        }
        Ok(())
    }

    /// What is wrong with the image's object, if anything.
    async fn look(&self, image: BookedImage) -> Result<Option<Violation>, StoreProblem> {
        let mut attempt = 1;
        let stored = loop {
            match self.store.byte_length(&image.object_name).await {
                Ok(bytes) => break Some(bytes),
                Err(StoreError::NotFound) => break None,
                Err(error) if attempt == ATTEMPTS => return Err(unreachable(&error)),
                Err(StoreError::Unavailable(_)) => self.clock.sleep(PAUSE).await,
            }
            attempt += 1;
        };
        let name = &image.object_name;
        let wrong = match stored {
            Some(bytes) if bytes == image.byte_length => return Ok(None),
            Some(bytes) => format!("has {bytes} bytes instead of {}", image.byte_length),
            None => "is not there".to_owned(),
        };
        Ok(Some(Violation {
            invariant: "image-stored",
            subject: image.id.to_string(),
            detail: format!("{name} {wrong} ({})", image.generation),
        }))
    }
}

fn unreachable(error: &StoreError) -> StoreProblem {
    StoreProblem(error.to_string())
}

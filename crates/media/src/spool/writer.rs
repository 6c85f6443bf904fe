//! One image being received.

use std::fs::File;
use std::io::Write;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use gih_domain::blob::{Blob, ImageFacts, Source};
use gih_domain::ports::{SpoolError, SpoolFile};
use sha2::{Digest, Sha256};

use super::Shared;
use super::budget::Share;
use super::file::{InMemory, OnDisk, Spooled};
use crate::blocking;
use crate::inspect::{InspectError, Inspector};

/// How much gathers before a trip to the blocking pool; with the inspector's 64 KiB all that a file holds in memory.
const BUFFER_BYTES: usize = 64 * 1024;

/// An image being received, in memory up to the buffer's length and on disk from there.
pub(super) struct Writer {
    shared: Arc<Shared>,
    limit: u64,
    /// `None` after an error, and while a trip to the blocking pool is under way: if the caller gives up during one,
    /// what was received goes with it.
    state: Option<State>,
}

struct State {
    share: Share,
    buffer: Vec<u8>,
    body: Body,
}

/// What has left the buffer.
struct Body {
    digest: Sha256,
    inspector: Inspector,
    /// Made with the first full buffer.
    file: Option<(Spooled, File)>,
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>, limit: u64) -> Self {
        let state = State {
            share: shared.disk.share(),
            buffer: Vec::new(),
            body: Body {
                digest: Sha256::new(),
                inspector: Inspector::new(),
                file: None,
            },
        };
        Self {
            shared,
            limit,
            state: Some(state),
        }
    }

    fn take(&mut self) -> Result<State, SpoolError> {
        self.state.take().ok_or_else(|| {
            SpoolError::Disk(std::io::Error::other("this file has already been given up"))
        })
    }
}

impl State {
    /// Sends the buffer and then `bytes` to the file.
    async fn flush(mut self, shared: Arc<Shared>, bytes: Bytes) -> Result<Self, SpoolError> {
        blocking::run(move || {
            let buffer = std::mem::take(&mut self.buffer);
            self.body.append(&shared, &buffer)?;
            self.body.append(&shared, &bytes)?;
            // The buffer is used again.
            self.buffer = buffer;
            self.buffer.clear();
            Ok(self)
        })
        .await
    }

    /// Adds to the buffer as much of `bytes` as it takes, off the front.
    fn fill(&mut self, bytes: &mut Bytes) {
        let room = BUFFER_BYTES - self.buffer.len();
        let taken = bytes.split_to(room.min(bytes.len()));
        self.buffer.extend_from_slice(&taken);
    }
}

impl Body {
    /// Blocks.
    fn append(&mut self, shared: &Arc<Shared>, bytes: &[u8]) -> Result<(), SpoolError> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.see(bytes)?;
        let (_, file) = match &mut self.file {
            Some(file) => file,
            none => none.insert(Spooled::create(shared.clone())?),
        };
        Ok(file.write_all(bytes)?)
    }

    fn see(&mut self, bytes: &[u8]) -> Result<(), SpoolError> {
        self.inspector.push(bytes).map_err(refused)?;
        self.digest.update(bytes);
        Ok(())
    }
}

fn refused(error: InspectError) -> SpoolError {
    match error {
        InspectError::NotAnImage => SpoolError::NotAnImage,
        InspectError::Damaged(why) => SpoolError::Damaged(why),
    }
}

#[async_trait]
impl SpoolFile for Writer {
    async fn write(&mut self, mut bytes: Bytes) -> Result<(), SpoolError> {
        let mut state = self.take()?;
        let total = state.share.bytes().saturating_add(bytes.len() as u64);
        if total > self.limit {
            return Err(SpoolError::TooLarge(self.limit));
        }
        if !state.share.grow(bytes.len() as u64) {
            return Err(SpoolError::Full);
        }
        // A long piece goes to the file as it is: copying it through the buffer would gain nothing.
        if state.buffer.len() + bytes.len() > BUFFER_BYTES {
            if bytes.len() < BUFFER_BYTES {
                state.fill(&mut bytes);
                state = state.flush(self.shared.clone(), Bytes::new()).await?;
                state.fill(&mut bytes);
            } else {
                state = state.flush(self.shared.clone(), bytes).await?;
            }
        } else {
            state.fill(&mut bytes);
        }
        self.state = Some(state);
        Ok(())
    }

    async fn finish(mut self: Box<Self>) -> Result<Blob, SpoolError> {
        let state = self.take()?;
        let shared = self.shared.clone();
        let mut memory = shared.memory.share();
        if state.body.file.is_none() && memory.grow(state.share.bytes()) {
            return state.finish_in_memory(memory);
        }
        blocking::run(move || state.finish_on_disk(&shared)).await
    }
}

impl State {
    /// At most a buffer's length is hashed here: tens of microseconds, less than a trip to the blocking pool.
    fn finish_in_memory(mut self, memory: Share) -> Result<Blob, SpoolError> {
        self.body.see(&self.buffer)?;
        self.buffer.shrink_to_fit();
        let bytes = Bytes::from(self.buffer);
        let about = self.body.facts(bytes.len() as u64)?;
        let source = InMemory {
            bytes,
            _shares: (self.share, memory),
        };
        Ok(blob(about, source))
    }

    fn finish_on_disk(mut self, shared: &Arc<Shared>) -> Result<Blob, SpoolError> {
        self.body.append(shared, &self.buffer)?;
        let Some((mut file, _)) = self.body.file.take() else {
            return Err(SpoolError::NotAnImage); // not a byte was written
        };
        let byte_length = self.share.bytes();
        file.keep(self.share);
        let about = self.body.facts(byte_length)?;
        let source = OnDisk {
            file: Arc::new(file),
            byte_length,
        };
        Ok(blob(about, source))
    }
}

impl Body {
    fn facts(self, byte_length: u64) -> Result<ImageFacts, SpoolError> {
        let (format, size) = self.inspector.finish().map_err(refused)?;
        Ok(ImageFacts {
            format,
            size,
            byte_length,
            sha256: self.digest.finalize().into(),
        })
    }
}

fn blob(about: ImageFacts, source: impl Source + 'static) -> Blob {
    Blob {
        about,
        source: Arc::new(source),
    }
}

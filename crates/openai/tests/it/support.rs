use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use gih_domain::blob::{Blob, ByteStream, ImageFacts, ImageFormat, Source};
use gih_domain::ports::{ImageProvider, Order, ProviderError, Spool, SpoolError, SpoolFile};
use gih_domain::size::{RenderingQuality, Size};
use gih_fake_openai::{DEFAULT_KEY, FakeOpenAi};
use gih_media::FileSpool;
use gih_openai::{ApiKey, OpenAi, Settings};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// An upstream, a provider that speaks to it, and the spool it receives into.
pub(crate) struct Bench {
    pub(crate) upstream: FakeOpenAi,
    pub(crate) openai: OpenAi,
    pub(crate) spool: Arc<WatchedSpool>,
    _folder: TempDir,
}

pub(crate) fn settings(base_url: &str) -> Settings {
    Settings {
        base_url: base_url.to_owned(),
        api_key: ApiKey::new(DEFAULT_KEY),
        organization: None,
        project: None,
        timeout: Duration::from_mins(1),
        connect_timeout: Duration::from_secs(5),
    }
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::made(256 << 20, change).await
    }

    pub(crate) async fn with_spool(limit_bytes: u64) -> Self {
        Self::made(limit_bytes, |_| {}).await
    }

    async fn made(spool_bytes: u64, change: impl FnOnce(&mut Settings)) -> Self {
        let upstream = FakeOpenAi::start().await;
        let folder = TempDir::new().unwrap();
        let spool = Arc::new(WatchedSpool {
            files: FileSpool::open(folder.path().join("spool"), spool_bytes).unwrap(),
            largest_write: Arc::default(),
        });
        let mut settings = settings(&upstream.base_url());
        change(&mut settings);
        let openai = OpenAi::new(&settings, Arc::clone(&spool) as Arc<dyn Spool>).unwrap();
        Self {
            upstream,
            openai,
            spool,
            _folder: folder,
        }
    }

    /// One call, to its end.
    pub(crate) async fn draw(&self, order: Order) -> Result<Vec<Drawn>, ProviderError> {
        Ok(self.openai.generate(order).await?.collect().await)
    }
}

pub(crate) type Drawn = Result<Blob, ProviderError>;

/// The sizes of the good images, and what was said of the others.
pub(crate) fn summary(drawn: &[Drawn]) -> Vec<String> {
    let one = |drawn: &Drawn| match drawn {
        Ok(blob) => blob.about.size.to_string(),
        Err(ProviderError::BadImage { .. }) => "bad".to_owned(),
        Err(ProviderError::Failed { .. }) => "failed".to_owned(),
        Err(error) => error.to_string(),
    };
    drawn.iter().map(one).collect()
}

pub(crate) fn order(n: u8) -> Order {
    Order {
        model: "gpt-image-2".to_owned(),
        prompt: "a \"cat\"\r\nin a ☂".to_owned(),
        size: Size::new(1536, 1024),
        rendering_quality: RenderingQuality::Low,
        n,
        references: Vec::new(),
    }
}

/// A reference of some length that begins as its format does, given out in pieces.
pub(crate) fn reference(format: ImageFormat, length: usize) -> Blob {
    let magic: &[u8] = match format {
        ImageFormat::Png => b"\x89PNG\r\n\x1a\n",
        ImageFormat::Jpeg => b"\xff\xd8\xff\xe0",
        ImageFormat::Webp => b"RIFF\0\0\0\0WEBP",
    };
    let filler = (0..length - magic.len()).map(|i| u8::try_from(i % 251).unwrap());
    let bytes: Vec<u8> = magic.iter().copied().chain(filler).collect();
    Blob {
        about: ImageFacts {
            format,
            size: Size::new(16, 16).unwrap(),
            byte_length: bytes.len() as u64,
            sha256: Sha256::digest(&bytes).into(),
        },
        source: Arc::new(Pieces(bytes.into())),
    }
}

pub(crate) fn hex(digest: &[u8]) -> String {
    format!("{:x}", Bytes::copy_from_slice(digest))
}

/// Bytes given out in pieces of 100,000.
struct Pieces(Bytes);

#[async_trait]
impl Source for Pieces {
    async fn open(&self) -> io::Result<ByteStream> {
        let mut rest = self.0.clone();
        let pieces = std::iter::from_fn(move || {
            let piece = rest.split_to(rest.len().min(100_000));
            (!piece.is_empty()).then_some(Ok(piece))
        });
        Ok(stream::iter(pieces).boxed())
    }
}

/// A reference that is shorter than it was, or cannot be read at all.
pub(crate) struct Broken(pub(crate) Option<Bytes>);

#[async_trait]
impl Source for Broken {
    async fn open(&self) -> io::Result<ByteStream> {
        match &self.0 {
            Some(bytes) => Ok(stream::iter([Ok(bytes.clone())]).boxed()),
            None => Err(io::Error::other("the store is away")),
        }
    }
}

/// The real spool, and how much it was given at once.
pub(crate) struct WatchedSpool {
    files: FileSpool,
    pub(crate) largest_write: Arc<AtomicUsize>,
}

impl WatchedSpool {
    /// The bytes in use, once they are as `expected` or a while has passed: files are deleted in the background.
    pub(crate) async fn used_soon(&self, expected: u64) -> u64 {
        for _ in 0..500 {
            if self.files.used_bytes() == expected {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.files.used_bytes()
    }
}

struct WatchedFile {
    file: Box<dyn SpoolFile>,
    largest_write: Arc<AtomicUsize>,
}

#[async_trait]
impl Spool for WatchedSpool {
    async fn create(&self, limit: u64) -> Result<Box<dyn SpoolFile>, SpoolError> {
        Ok(Box::new(WatchedFile {
            file: self.files.create(limit).await?,
            largest_write: Arc::clone(&self.largest_write),
        }))
    }
}

#[async_trait]
impl SpoolFile for WatchedFile {
    async fn write(&mut self, bytes: Bytes) -> Result<(), SpoolError> {
        self.largest_write.fetch_max(bytes.len(), Ordering::Relaxed);
        self.file.write(bytes).await
    }

    async fn finish(self: Box<Self>) -> Result<Blob, SpoolError> {
        self.file.finish().await
    }
}

//! The image store: files on local disk, or a bucket of a cloud.

mod bucket;
mod cloud;
mod files;
mod incoming;
mod listing;
mod upload;

use std::ops::Range;
use std::path::PathBuf;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::TryStreamExt;
use gih_domain::blob::Blob;
use gih_domain::object_name::ObjectName;
use gih_domain::ports::{ImageStore, Object, StoreError};

use self::bucket::Bucket;
pub use self::files::FILE_FOLDERS;
use self::files::Files;

/// The folder of [`ImageStore::check`]'s objects: in a bucket at its top, among files in the one of the images. No saved image's name begins with a dot, so no media address and no
/// listing reaches it.
const CHECK_FOLDER: &str = ".check";
/// What such an object holds.
const CHECK_CONTENT: Bytes = Bytes::from_static(b"Written, read and deleted by a health check.\n");

/// The image store that an address names.
pub struct Store {
    place: Box<dyn ImageStore>,
}

/// Why an address opens no store; one line for the operator.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The address is not understood.
    #[error(
        "{url:?} is no storage address ({why}): it is file:///absolute/folder, s3://bucket/prefix, gs://bucket/prefix \
         or az://container/prefix"
    )]
    Address {
        /// The address.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// The folder cannot be used.
    #[error("the storage folder {} cannot be used: {error}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// The cloud's variables lack something or contradict each other.
    #[error("{url} cannot be opened with the variables that are set: {why}")]
    Variables {
        /// The address.
        url: String,
        /// What is missing or wrong; no secrets.
        why: String,
    },
}

impl Store {
    /// Opens the store at `url`. `file:///absolute/folder`, taken letter by letter, is made when missing; `s3://`,
    /// `gs://` and `az://` take credentials and endpoints out of `variables` (the environment, as names and values) by
    /// the cloud's own names: `AWS_*`, `GOOGLE_*`, `AZURE_*`. Of a cloud nothing is asked yet: [`ImageStore::check`]
    /// does that. Blocks on local disk: to be called at the start.
    pub fn open(
        url: &str,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, OpenError> {
        Self::over(url, variables, Files::open)
    }

    /// The same for looking at a store: of a folder nothing is made, cleared away or looked at yet, and one that is not
    /// there is [`ImageStore::check`]'s to tell, as with a bucket.
    pub fn open_as_it_is(
        url: &str,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, OpenError> {
        Self::over(url, variables, |root| Ok(Files::open_as_it_is(root)))
    }

    fn over(
        url: &str,
        variables: impl IntoIterator<Item = (String, String)>,
        open_files: impl FnOnce(PathBuf) -> std::io::Result<Files>,
    ) -> Result<Self, OpenError> {
        let wrong = |why: &str| OpenError::Address {
            url: url.to_owned(),
            why: why.to_owned(),
        };
        let (scheme, rest) = url
            .split_once("://")
            .ok_or_else(|| wrong("it has no scheme"))?;
        let place: Box<dyn ImageStore> = if scheme == "file" {
            if !rest.starts_with('/') {
                return Err(wrong("the folder is not absolute"));
            }
            let folder = PathBuf::from(rest);
            Box::new(
                open_files(folder.clone()).map_err(|error| OpenError::Folder { folder, error })?,
            )
        } else {
            let (client, prefix) = cloud::connect(url, scheme, rest, variables)?;
            Box::new(Bucket::new(client, prefix))
        };
        Ok(Self { place })
    }
}

#[async_trait]
impl ImageStore for Store {
    async fn put(&self, name: &ObjectName, blob: &Blob) -> Result<(), StoreError> {
        self.place.put(name, blob).await
    }

    async fn get(
        &self,
        name: &ObjectName,
        range: Option<Range<u64>>,
    ) -> Result<Object, StoreError> {
        self.place.get(name, range).await
    }

    async fn byte_length(&self, name: &ObjectName) -> Result<u64, StoreError> {
        self.place.byte_length(name).await
    }

    async fn delete(&self, name: &ObjectName) -> Result<(), StoreError> {
        self.place.delete(name).await
    }

    async fn list(
        &self,
        folder: &str,
        after: Option<ObjectName>,
        limit: usize,
    ) -> Result<Vec<ObjectName>, StoreError> {
        self.place.list(folder, after, limit).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.place.check().await
    }
}

/// Whether a name can be an object's: parts of letters, digits, `.`, `_` and `-` that do not begin with a dot. Such
/// names lead nowhere else on any file system, and mean themselves in every cloud.
fn is_object_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    name.split('/')
        .all(|part| !part.is_empty() && !part.starts_with('.') && part.bytes().all(is_plain))
}

/// The same as an error, for the operator: the hub made such a name, or somebody changed the database.
fn checked(name: &ObjectName) -> Result<&str, StoreError> {
    let name = name.as_str();
    if is_object_name(name) {
        Ok(name)
    } else {
        Err(StoreError::Unavailable(format!(
            "{name:?} is no object name"
        )))
    }
}

/// `range` cut to an object of `byte_length` bytes; empty where nothing is left.
fn cut(range: Option<Range<u64>>, byte_length: u64) -> Range<u64> {
    let range = range.unwrap_or(0..byte_length);
    let start = range.start.min(byte_length);
    start..range.end.clamp(start, byte_length)
}

/// A name for one use: unlike every other process's and every earlier one's.
fn unique() -> String {
    use std::hash::{BuildHasher, RandomState};
    // The standard library seeds each of these from the system's randomness; two give enough bits.
    let random = || RandomState::new().hash_one(std::process::id());
    format!("{:016x}{:016x}", random(), random())
}

/// That an object holds what [`CHECK_CONTENT`] says.
async fn expect_check_content(object: Object) -> Result<(), StoreError> {
    let unavailable = |why: String| StoreError::Unavailable(why);
    // As long as the object's own length, which is compared first.
    if object.byte_length != CHECK_CONTENT.len() as u64 {
        return Err(unavailable("an object came back in another length".into()));
    }
    let pieces: Vec<Bytes> = object
        .bytes
        .try_collect()
        .await
        .map_err(|error| unavailable(error.to_string()))?;
    if pieces.concat() == CHECK_CONTENT {
        Ok(())
    } else {
        Err(unavailable("an object came back with other bytes".into()))
    }
}

#[cfg(test)]
mod tests;

//! The image store as files on local disk.
//!
//! An object is written under `.incoming`, synced, and renamed into its place: nobody sees half of one, and after a
//! power cut it is whole or not there. This is done on the file system itself, not through `object_store`'s own, for
//! sorted listings in bounded memory, reads in larger pieces, one trip to the blocking pool for a small image, and
//! leftovers that can be told from objects and are cleared away.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::TryStreamExt;
use gih_domain::blob::Blob;
use gih_domain::object_name::ObjectName;
use gih_domain::ports::{ImageStore, Object, StoreError};

use super::incoming::{INCOMING, Put, sync_folder};
use super::{CHECK_CONTENT, CHECK_FOLDER, checked, cut, expect_check_content, listing, unique};
use crate::blocking;
use crate::pieces::Pieces;

/// A file there that is older was left by a crash: no put takes that long.
const LEFTOVER_AGE: Duration = Duration::from_hours(24);
/// How much gathers before a trip to the blocking pool.
const WRITE_BYTES: usize = 256 * 1024;

/// The folders that the hub needs in a store of files. Objects come into the first before they have their names.
pub const FILE_FOLDERS: [&str; 4] = [
    INCOMING,
    ObjectName::GENERATIONS,
    ObjectName::REFERENCES,
    ObjectName::THUMBNAILS,
];

/// A folder of objects.
pub(super) struct Files {
    root: PathBuf,
}

impl Files {
    /// Makes what is missing and clears leftovers away. Blocks.
    pub(super) fn open(root: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&root)?;
        for folder in FILE_FOLDERS {
            fs::create_dir_all(root.join(folder))?;
        }
        sync_folder(&root)?;
        if let Some(parent) = root.parent() {
            // It is somebody else's, perhaps not to be read; then the folder had better be there already.
            let _not_ours = sync_folder(parent);
        }
        for entry in fs::read_dir(root.join(INCOMING))? {
            let path = entry?.path();
            // Beside a running process files come and go: one that is gone is as good as deleted.
            let age = fs::metadata(&path)
                .and_then(|about| about.modified())
                .map(|time| time.elapsed().unwrap_or_default());
            if age.is_ok_and(|age| age > LEFTOVER_AGE) {
                let _gone_already = fs::remove_file(path);
            }
        }
        Ok(Self { root })
    }

    /// Makes and clears nothing, and looks at nothing yet.
    pub(super) fn open_as_it_is(root: PathBuf) -> Self {
        Self { root }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    async fn read(&self, name: &str, range: Option<Range<u64>>) -> Result<Object, StoreError> {
        let path = self.path(name);
        let object = blocking::run(move || {
            let mut file = File::open(path)?;
            let byte_length = regular_length(&file.metadata()?)?;
            let range = cut(range, byte_length);
            file.seek(SeekFrom::Start(range.start))?;
            let left = range.end - range.start;
            let bytes = Pieces {
                file,
                left,
                _keep: (),
            }
            .begin()?;
            Ok(Object {
                byte_length,
                range,
                bytes,
            })
        });
        object.await.map_err(told)
    }
}

#[async_trait]
impl ImageStore for Files {
    async fn put(&self, name: &ObjectName, blob: &Blob) -> Result<(), StoreError> {
        let mut put = Put::new(&self.root, checked(name)?);
        let mut bytes = blob.source.open().await.map_err(failed)?;
        let mut gathered = Vec::new();
        let mut length = 0;
        while let Some(piece) = bytes.try_next().await.map_err(failed)? {
            length += piece.len() as u64;
            gathered.push(piece);
            if gathered.iter().map(Bytes::len).sum::<usize>() >= WRITE_BYTES {
                let pieces = std::mem::take(&mut gathered);
                put = blocking::run(move || put.write(&pieces))
                    .await
                    .map_err(failed)?;
            }
        }
        if length != blob.about.byte_length {
            let wanted = blob.about.byte_length;
            return Err(StoreError::Unavailable(format!(
                "an image of {wanted} bytes came with {length}"
            )));
        }
        put.publish(gathered).await.map_err(failed)
    }

    async fn get(
        &self,
        name: &ObjectName,
        range: Option<Range<u64>>,
    ) -> Result<Object, StoreError> {
        self.read(checked(name)?, range).await
    }

    async fn byte_length(&self, name: &ObjectName) -> Result<u64, StoreError> {
        let path = self.path(checked(name)?);
        blocking::run(move || regular_length(&fs::metadata(path)?))
            .await
            .map_err(told)
    }

    async fn delete(&self, name: &ObjectName) -> Result<(), StoreError> {
        let path = self.path(checked(name)?);
        blocking::run(move || remove(&path)).await.map_err(told)
    }

    async fn list(
        &self,
        folder: &str,
        after: Option<ObjectName>,
        limit: usize,
    ) -> Result<Vec<ObjectName>, StoreError> {
        let folder = checked(&ObjectName::stored(folder.to_owned()))?.to_owned();
        let root = self.root.clone();
        let after = after.map_or_else(String::new, |name| name.as_str().to_owned());
        blocking::run(move || listing::list(&root, &folder, &after, limit))
            .await
            .map(|names| names.into_iter().map(ObjectName::stored).collect())
            .map_err(told)
    }

    async fn check(&self) -> Result<(), StoreError> {
        let incoming = self.path(INCOMING);
        if !blocking::run(move || Ok(incoming.is_dir()))
            .await
            .map_err(failed)?
        {
            let root = self.root.display();
            return Err(StoreError::Unavailable(format!(
                "{root} is no image store: it has no folder {INCOMING}"
            )));
        }
        // Where images go, which may be on another disk than the folder itself, or another user's.
        let name = format!("{}/{CHECK_FOLDER}/{}", ObjectName::GENERATIONS, unique());
        let put = Put::new(&self.root, &name);
        put.publish(vec![CHECK_CONTENT]).await.map_err(failed)?;
        let result = match self.read(&name, None).await {
            Ok(object) => expect_check_content(object).await,
            Err(error) => Err(error),
        };
        let path = self.path(&name);
        blocking::run(move || remove(&path)).await.map_err(told)?;
        result
    }
}

/// Deletes a file, and its folder when that was the last one in it. Blocks.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if !is_absent(&error) => return Err(error),
        _ => {}
    }
    // The two top folders may go as well: a put makes what is missing.
    if let Some(folder) = path.parent() {
        let _not_empty = fs::remove_dir(folder);
    }
    Ok(())
}

/// How long a file is; folders and the like are no objects.
fn regular_length(about: &fs::Metadata) -> io::Result<u64> {
    if about.is_file() {
        Ok(about.len())
    } else {
        Err(ErrorKind::NotFound.into())
    }
}

/// Nothing there, or nothing there that could hold it.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

#[expect(clippy::needless_pass_by_value, reason = "handed to map_err")]
fn told(error: io::Error) -> StoreError {
    if is_absent(&error) {
        StoreError::NotFound
    } else {
        StoreError::Unavailable(error.to_string())
    }
}

/// Of a put: whatever is missing, it is not the object.
#[expect(clippy::needless_pass_by_value, reason = "handed to map_err")]
fn failed(error: io::Error) -> StoreError {
    StoreError::Unavailable(error.to_string())
}

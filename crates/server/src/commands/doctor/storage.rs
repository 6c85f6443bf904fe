//! The image store: written, read, listed and deleted.

use std::path::Path;

use gih_domain::object_name::ObjectName;
use gih_domain::ports::{ImageStore as _, StoreError};
use gih_media::{FILE_FOLDERS, Store};

use super::{Check, blocking, host, in_time};
use crate::settings::{Settings, mask_password};

pub const NAME: &str = "storage";

/// Puts a small object, reads it back and deletes it. Folders that are not there yet are not made: run by another user than
/// the hub's, that would be what keeps the hub from working.
pub async fn check(settings: &Settings, environment: Vec<(String, String)>) -> Check {
    let url = settings.storage_url.clone();
    let shown = mask_password(&url);
    if let Some(folder) = url
        .strip_prefix("file://")
        .filter(|path| path.starts_with('/'))
    {
        let folder = Path::new(folder).to_owned();
        match blocking(move || is_begun(&folder)).await {
            Some(Ok(true)) => {}
            Some(Ok(false)) => {
                return Check::fine(
                    NAME,
                    format!("{shown} or a folder in it is not there yet; the first start makes it"),
                );
            }
            Some(Err(why)) => return failed(&shown, &format!("it cannot be written: {why}")),
            None => return failed(&shown, "the disk does not answer"),
        }
    }
    let opened = blocking(move || Store::open_as_it_is(&url, environment)).await;
    let store = match opened {
        Some(Ok(store)) => store,
        Some(Err(error)) => return failed(&shown, &error.to_string()),
        None => return failed(&shown, "it does not answer"),
    };
    match in_time(try_out(&store)).await {
        Some(Ok(())) => Check::fine(
            NAME,
            format!("{shown}: an object was written, read and deleted"),
        ),
        Some(Err(error)) => failed(&shown, &error.to_string()),
        None => failed(&shown, "it does not answer"),
    }
}

/// Whether a start has made the folder a store already; an error when the hub's user may not write in it.
fn is_begun(folder: &Path) -> Result<bool, String> {
    host::can_make(folder)?;
    let mut is_begun = true;
    for needed in FILE_FOLDERS.map(|name| folder.join(name)) {
        host::can_make(&needed)?;
        is_begun &= needed.exists();
    }
    Ok(is_begun)
}

async fn try_out(store: &Store) -> Result<(), StoreError> {
    store.check().await?;
    // The collector, and images of dead workers, are found by listing, which wants a permission of its own.
    for folder in [ObjectName::GENERATIONS, ObjectName::REFERENCES] {
        store.list(folder, None, 1).await?;
    }
    Ok(())
}

fn failed(url: &str, why: &str) -> Check {
    let mend = if url.starts_with("file://") {
        "let the hub's user own the folder of GIH_STORAGE_URL (or GIH_DATA_DIR), on a disk with room"
    } else {
        "check that GIH_STORAGE_URL names a bucket that is there, and that the cloud's variables (AWS_*, GOOGLE_*, \
         AZURE_*) name its place and an identity that may put, get, list and delete objects"
    };
    Check::failed(NAME, format!("{url}: {why}"), mend)
}

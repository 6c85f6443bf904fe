//! The image store: written, read, listed and deleted.

use std::path::Path;

use gih_domain::object_name::ObjectName;
use gih_domain::ports::{ImageStore as _, StoreError};
use gih_media::Store;

use super::{Check, blocking, host, in_time};
use crate::settings::{Settings, mask_password};

pub const NAME: &str = "storage";

/// Puts a small object, reads it back and deletes it. A folder that is not there yet is not made.
pub async fn check(settings: &Settings, environment: Vec<(String, String)>) -> Check {
    let url = settings.storage_url.clone();
    let shown = mask_password(&url);
    if let Some(folder) = url
        .strip_prefix("file://")
        .filter(|path| path.starts_with('/'))
    {
        let folder = Path::new(folder).to_owned();
        let looked = blocking(move || {
            let is_there = folder.exists();
            (is_there, host::can_make(&folder))
        });
        match looked.await {
            Some((true, _)) => {}
            Some((false, Ok(()))) => {
                return Check::fine(
                    NAME,
                    format!("{shown} is not there yet; the first start makes it"),
                );
            }
            Some((false, Err(why))) => return failed(&shown, &format!("it cannot be made: {why}")),
            None => return failed(&shown, "the disk does not answer"),
        }
    }
    let opened = blocking(move || Store::open(&url, environment)).await;
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

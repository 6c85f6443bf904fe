//! Where image bytes are: the spool on local disk, the image store over files or a cloud's object storage, and the
//! inspector that finds out whether bytes are one whole image, and thumbnails.

mod blocking;
pub mod inspect;
mod pieces;
mod spool;
mod store;
mod thumbnail;

pub use spool::FileSpool;
pub use store::{FILE_FOLDERS, OpenError, Store};
pub use thumbnail::JpegThumbnailer;

#[cfg(test)]
mod samples;

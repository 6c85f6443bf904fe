//! Reads a form while it arrives; files are hashed and forgotten.

use actix_multipart::{Field, Multipart, MultipartError};
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::failure::Failure;
use crate::record::{Call, File};

/// The longest text field: a prompt of 32,000 characters of four bytes, and some.
const MAX_TEXT_BYTES: usize = 256 * 1024;
/// The most parts taken: 16 images and every field there is.
const MAX_PARTS: usize = 64;
/// How many bytes tell the format.
const MAGIC_BYTES: usize = 12;

/// Adds the fields and files of a form to `call`.
pub(crate) async fn read(mut form: Multipart, call: &mut Call) -> Result<(), Failure> {
    let mut parts = 0;
    while let Some(field) = form.next().await {
        let mut field = field.map_err(|error| broken(&error))?;
        parts += 1;
        if parts > MAX_PARTS {
            return Err(Failure::invalid(
                "image",
                "invalid_value",
                "Too many parts.",
            ));
        }
        let name = field.name().unwrap_or_default().to_owned();
        if matches!(name.as_str(), "image" | "image[]" | "mask") {
            let file = file(field, name).await.map_err(|error| broken(&error))?;
            call.files.push(file);
            continue;
        }
        let text = match field.bytes(MAX_TEXT_BYTES).await {
            Ok(text) => text.map_err(|error| broken(&error))?,
            Err(_) => return Err(Failure::invalid(&name, "invalid_value", "Too long.")),
        };
        let text = Value::String(String::from_utf8_lossy(&text).into_owned());
        if call.fields.insert(name.clone(), text).is_some() {
            let message = format!("Duplicate parameter: '{name}'.");
            return Err(Failure::invalid(&name, "duplicate_parameter", message));
        }
    }
    Ok(())
}

async fn file(mut field: Field, name: String) -> Result<File, MultipartError> {
    let mut hash = Sha256::new();
    let mut magic = Vec::with_capacity(MAGIC_BYTES);
    let mut bytes = 0;
    while let Some(piece) = field.try_next().await? {
        hash.update(&piece);
        bytes += piece.len() as u64;
        let missing = MAGIC_BYTES - magic.len();
        magic.extend_from_slice(&piece[..missing.min(piece.len())]);
    }
    let disposition = field.content_disposition();
    Ok(File {
        field: name,
        name: disposition
            .and_then(|disposition| disposition.get_filename())
            .map(str::to_owned),
        content_type: field.content_type().map(ToString::to_string),
        bytes,
        sha256: format!("{:x}", Bytes::copy_from_slice(&hash.finalize())),
        found: media_type(&magic),
    })
}

fn media_type(magic: &[u8]) -> Option<&'static str> {
    match magic {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P'] => Some("image/webp"),
        _ => None,
    }
}

fn broken(error: &MultipartError) -> Failure {
    let message = format!("Could not parse multipart form: {error}");
    Failure::new(400, "invalid_request_error", None, message)
}

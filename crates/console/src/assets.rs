//! Style and scripts: files of the binary, each at an address that changes with its content, so that a browser keeps
//! them for good.

use std::sync::LazyLock;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use actix_web::{HttpRequest, HttpResponse, web};
use sha2::{Digest as _, Sha256};

use crate::compress::{self, gzip};
use crate::error::PageError;
use crate::format::hexadecimal;

/// A file that pages refer to.
struct Asset {
    name: &'static str,
    media_type: &'static str,
    bytes: &'static [u8],
    /// The same in gzip, made once.
    gzipped: Vec<u8>,
    /// The beginning of its SHA-256 in hexadecimal.
    version: String,
}

const SCRIPT: &str = "text/javascript; charset=utf-8";

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    let asset = |name, media_type, bytes: &'static [u8]| Asset {
        name,
        media_type,
        bytes,
        gzipped: gzip(bytes),
        version: version(bytes),
    };
    macro_rules! file {
        ($name:literal) => {
            include_bytes!(concat!("../assets/", $name))
        };
    }
    vec![
        asset(
            "console.css",
            "text/css; charset=utf-8",
            file!("console.css"),
        ),
        asset("console.js", SCRIPT, file!("console.js")),
        asset("docs.css", "text/css; charset=utf-8", file!("docs.css")),
        asset("docs.js", SCRIPT, file!("docs.js")),
        asset("explorer.js", SCRIPT, file!("explorer.js")),
        asset("generations.js", SCRIPT, file!("generations.js")),
        asset(
            "history.css",
            "text/css; charset=utf-8",
            file!("history.css"),
        ),
        asset("icon.svg", "image/svg+xml", file!("icon.svg")),
        asset(
            "playground.css",
            "text/css; charset=utf-8",
            file!("playground.css"),
        ),
        asset("playground.js", SCRIPT, file!("playground.js")),
        asset("playground_code.js", SCRIPT, file!("playground_code.js")),
        asset("playground_files.js", SCRIPT, file!("playground_files.js")),
        asset("playground_run.js", SCRIPT, file!("playground_run.js")),
    ]
});

fn version(bytes: &[u8]) -> String {
    // 40 bits: a change that keeps them is not met by chance.
    let digest = Sha256::digest(bytes);
    hexadecimal(&digest[..5])
}

/// The address of the asset with this name; a name that is none leads to a page that is not found.
pub(crate) fn url(name: &str) -> String {
    let version = ASSETS
        .iter()
        .find(|asset| asset.name == name)
        .map_or("none", |asset| asset.version.as_str());
    format!("/assets/{version}/{name}")
}

/// What the asset with this name holds.
#[cfg(test)]
pub(crate) fn bytes(name: &str) -> &'static [u8] {
    let asset = ASSETS.iter().find(|asset| asset.name == name);
    asset.map_or(b"", |asset| asset.bytes)
}

/// `GET /assets/{version}/{name}`.
pub(crate) async fn serve(
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, PageError> {
    let (version, name) = path.into_inner();
    let asset = ASSETS
        .iter()
        .find(|asset| asset.name == name && asset.version == version)
        .ok_or(PageError::NotFound)?;
    let mut response = HttpResponse::Ok();
    response
        .insert_header((CONTENT_TYPE, asset.media_type))
        .insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((VARY, "Accept-Encoding"));
    if compress::is_accepted(&request) {
        response.insert_header((CONTENT_ENCODING, "gzip"));
        return Ok(response.body(asset.gzipped.as_slice()));
    }
    Ok(response.body(asset.bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_changes_with_the_content() {
        assert_ne!(version(b"a"), version(b"b"));
        assert!(url("console.css").starts_with("/assets/"));
        assert!(!url("console.css").contains("none"));
    }
}

//! What is sent. Only fields that every current model knows: `response_format`, `input_fidelity` and the like are
//! answered with 400 by some of them.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt, TryStreamExt};
use gih_domain::blob::{Blob, ByteStream, Source};
use gih_domain::ports::{Order, ProviderError};
use gih_domain::size::Size;
use reqwest::Body;
use reqwest::multipart::{Form, Part};
use serde::Serialize;

/// The body of `POST images/generations`.
#[derive(Serialize)]
pub(crate) struct Generation<'a> {
    model: &'a str,
    prompt: &'a str,
    n: u8,
    size: String,
    quality: &'static str,
}

impl<'a> Generation<'a> {
    pub(crate) fn of(order: &'a Order) -> Self {
        Self {
            model: &order.model,
            prompt: &order.prompt,
            n: order.n,
            size: size(order.size),
            quality: order.rendering_quality.as_str(),
        }
    }
}

/// The body of `POST images/edits`. Its length is known before it is sent, and the references are read while it is.
pub(crate) fn edit(order: Order) -> Result<Form, ProviderError> {
    let mut form = Form::new()
        .text("model", order.model)
        .text("prompt", order.prompt)
        .text("n", order.n.to_string())
        .text("size", size(order.size))
        .text("quality", order.rendering_quality.as_str());
    for (index, reference) in order.references.into_iter().enumerate() {
        // A list, even of one, is `image[]`: a repeated plain `image` is refused as a duplicate.
        form = form.part("image[]", part(index + 1, reference)?);
    }
    Ok(form)
}

/// A reference under the type found in its bytes: one declared as `application/octet-stream` is refused.
fn part(number: usize, reference: Blob) -> Result<Part, ProviderError> {
    let format = reference.about.format;
    let length = reference.about.byte_length;
    let body = Body::wrap_stream(exactly(length, from_start(reference.source)));
    Part::stream_with_length(body, length)
        .file_name(format!("reference-{number}.{}", format.extension()))
        .mime_str(format.media_type())
        .map_err(|error| ProviderError::Failed {
            message: format!("reference image {number} cannot be sent: {error}"),
        })
}

/// Opened only when its turn has come, so that sixteen references don't hold sixteen connections to a store.
fn from_start(source: Arc<dyn Source>) -> ByteStream {
    stream::once(async move { source.open().await })
        .try_flatten()
        .boxed()
}

/// Holds a stream to its length: one byte more or less would shift everything behind it in the form.
fn exactly(length: u64, bytes: ByteStream) -> impl Stream<Item = io::Result<Bytes>> {
    stream::try_unfold((bytes, length), |(mut bytes, left)| async move {
        match bytes.try_next().await? {
            Some(piece) => {
                let left = left.checked_sub(piece.len() as u64);
                let left = left.ok_or_else(|| io::Error::other("a reference image has grown"))?;
                Ok(Some((piece, (bytes, left))))
            }
            None if left == 0 => Ok(None),
            None => Err(io::Error::other("a reference image has shrunk")),
        }
    })
}

fn size(size: Option<Size>) -> String {
    size.map_or_else(|| "auto".to_owned(), |size| size.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    fn read(length: u64, pieces: &[&'static str]) -> Option<io::Result<Vec<Bytes>>> {
        let pieces: Vec<_> = pieces.iter().map(|piece| Ok((*piece).into())).collect();
        exactly(length, stream::iter(pieces).boxed())
            .try_collect()
            .now_or_never()
    }

    #[test]
    fn a_stream_of_another_length_is_an_error() {
        assert_eq!(
            read(5, &["ab", "", "cde"]).unwrap().unwrap().concat(),
            b"abcde"
        );
        assert!(read(4, &["ab", "cde"]).unwrap().is_err());
        assert!(read(6, &["ab", "cde"]).unwrap().is_err());
    }
}

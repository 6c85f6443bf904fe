//! The provider's part: answers that were made before the first request, after a wait.

use crate::{picture, serve};
use actix_web::body::SizedStream;
use actix_web::{HttpResponse, web};
use anyhow::Result;
use bytes::Bytes;
use clap::Args;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use std::time::Duration;

/// Larger answers are sent in pieces of this, so that none is copied whole.
const PIECE_BYTES: usize = 64 * 1024;

#[derive(Args)]
pub struct Options {
    /// Wait so long before each answer
    #[arg(long, default_value_t = 0)]
    latency_ms: u64,
    /// The length of each image's PNG file
    #[arg(long, default_value_t = 1000)]
    image_bytes: usize,
    /// Images in each answer, whatever was asked
    #[arg(long, default_value_t = 1)]
    images: usize,
    /// Threads that serve
    #[arg(long, default_value_t = 1)]
    threads: usize,
}

#[derive(Clone)]
struct Prepared {
    latency: Duration,
    answer: Bytes,
    list: Value,
}

/// Serves until it is killed. `GET /json` is a yardstick: a bare JSON answer as large as the hub's list of models.
pub fn run(options: &Options) -> Result<()> {
    let prepared = Prepared {
        latency: Duration::from_millis(options.latency_ms),
        answer: answer(options)?,
        list: list(),
    };
    serve::forever(options.threads, move || {
        web::scope("")
            .app_data(web::Data::new(prepared.clone()))
            .route("/json", web::get().to(bare))
            .default_service(web::post().to(images))
    })
}

async fn bare(prepared: web::Data<Prepared>) -> HttpResponse {
    HttpResponse::Ok().json(&prepared.list)
}

/// Answers `images/generations` and `images/edits` alike, once the body is there.
async fn images(mut body: web::Payload, prepared: web::Data<Prepared>) -> HttpResponse {
    while let Some(piece) = body.next().await {
        if piece.is_err() {
            return HttpResponse::BadRequest().finish();
        }
    }
    if !prepared.latency.is_zero() {
        tokio::time::sleep(prepared.latency).await;
    }
    let mut rest = prepared.answer.clone();
    let mut response = HttpResponse::Ok();
    response.content_type("application/json");
    if rest.len() <= PIECE_BYTES {
        return response.body(rest);
    }
    let bytes = rest.len() as u64;
    let pieces = std::iter::from_fn(move || {
        let piece = rest.split_to(rest.len().min(PIECE_BYTES));
        (!piece.is_empty()).then_some(Ok::<_, std::io::Error>(piece))
    });
    response.body(SizedStream::new(bytes, stream::iter(pieces)))
}

/// A success as OpenAI's Images API writes it.
fn answer(options: &Options) -> Result<Bytes> {
    let image = base64_simd::STANDARD.encode_to_string(picture::png(options.image_bytes)?);
    let data = vec![json!({"b64_json": image}); options.images];
    let answer = json!({
        "created": 1_776_729_600,
        "data": data,
        "background": "opaque",
        "output_format": "png",
        "quality": "medium",
        "size": "1024x1024",
        "usage": {
            "input_tokens": 6,
            "input_tokens_details": {"text_tokens": 6, "image_tokens": 0},
            "output_tokens": 1000,
            "total_tokens": 1006,
        },
    });
    Ok(serde_json::to_vec(&answer)?.into())
}

/// As many fields as the hub's list of models has with one model.
fn list() -> Value {
    json!({
        "object": "list",
        "data": [{
            "id": "gpt-image-2",
            "object": "model",
            "name": "GPT IMAGE 2",
            "provider": "openai",
            "provider_model": "gpt-image-2",
            "aspect_ratios": ["auto", "1:1", "4:3", "3:4", "3:2", "2:3", "16:9", "9:16", "5:4", "4:5", "21:9", "9:21", "2:1",
                "1:2", "3:1", "1:3"],
            "qualities": ["1K", "2K", "4K"],
            "rendering_qualities": ["auto", "low", "medium", "high"],
            "default_options": {"aspect_ratio": "auto", "quality": "1K"},
            "reference_image_limit": 16,
            "credits_per_image": {"1K": 8, "2K": 10, "4K": 12},
        }],
    })
}

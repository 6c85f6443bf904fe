//! The yardstick "store": calls the provider, decodes the images, writes them to disk and answers with their names. It
//! keeps no books, checks no key and syncs nothing.

use crate::serve;
use actix_web::error::{ErrorBadGateway, ErrorInternalServerError};
use actix_web::{HttpResponse, web};
use anyhow::Result;
use bytes::Bytes;
use clap::Args;
use reqwest::Client;
use serde::Deserialize;
use serde_json::json;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

/// Names the files, over all threads.
static STORED: AtomicU64 = AtomicU64::new(0);

#[derive(Args, Clone)]
pub struct Options {
    /// Where requests go, whatever their path: a whole URL
    #[arg(long)]
    upstream: String,
    /// Where images are written
    #[arg(long)]
    folder: PathBuf,
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    data: Vec<Image<'a>>,
}

#[derive(Deserialize)]
struct Image<'a> {
    b64_json: &'a str,
}

/// Serves until it is killed.
pub fn run(options: Options) -> Result<()> {
    serve::forever(serve::cores(), move || {
        web::scope("")
            .app_data(web::Data::new(Client::new()))
            .app_data(web::Data::new(options.clone()))
            .default_service(web::post().to(generate))
    })
}

async fn generate(
    body: Bytes,
    client: web::Data<Client>,
    options: web::Data<Options>,
) -> actix_web::Result<HttpResponse> {
    let request = client
        .post(&options.upstream)
        .header("content-type", "application/json")
        .body(body);
    let answer = request.send().await.map_err(ErrorBadGateway)?;
    let answer = answer.bytes().await.map_err(ErrorBadGateway)?;
    let answer: Answer = serde_json::from_slice(&answer).map_err(ErrorBadGateway)?;
    let mut images = Vec::with_capacity(answer.data.len());
    for image in answer.data {
        let picture = base64_simd::STANDARD
            .decode_to_vec(image.b64_json)
            .map_err(ErrorBadGateway)?;
        let name = format!("{}.png", STORED.fetch_add(1, Ordering::Relaxed));
        // On this thread: a hop to another costs more than to write a small file.
        std::fs::write(options.folder.join(&name), picture).map_err(ErrorInternalServerError)?;
        images.push(json!({"url": name}));
    }
    Ok(HttpResponse::Ok().json(json!({"data": images})))
}

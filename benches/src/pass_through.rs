//! The yardstick of a gateway: forwards each request to the provider, and the answer back while it arrives.

use crate::serve;
use actix_web::error::ErrorBadGateway;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use anyhow::Result;
use bytes::Bytes;
use clap::Args;
use reqwest::Client;

#[derive(Args)]
pub struct Options {
    /// Where requests go, whatever their path: a whole URL
    #[arg(long)]
    upstream: String,
}

/// Serves until it is killed.
pub fn run(options: Options) -> Result<()> {
    serve::forever(serve::cores(), move || {
        // A client a thread: a connection is then served by the thread that reads its answer.
        web::scope("")
            .app_data(web::Data::new(Client::new()))
            .app_data(web::Data::new(options.upstream.clone()))
            .default_service(web::post().to(forward))
    })
}

async fn forward(
    body: Bytes,
    client: web::Data<Client>,
    upstream: web::Data<String>,
) -> actix_web::Result<HttpResponse> {
    let request = client
        .post(upstream.as_str())
        .header("content-type", "application/json")
        .body(body);
    let answer = request.send().await.map_err(ErrorBadGateway)?;
    let status = StatusCode::from_u16(answer.status().as_u16()).map_err(ErrorBadGateway)?;
    let mut response = HttpResponse::build(status);
    response.content_type("application/json");
    if let Some(bytes) = answer.content_length() {
        response.no_chunking(bytes);
    }
    Ok(response.streaming(answer.bytes_stream()))
}

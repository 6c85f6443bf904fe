use std::sync::Arc;

use async_trait::async_trait;
use gih_domain::ports::{ImageProvider, Images, Order, ProviderError, Spool};
use reqwest::{Client, RequestBuilder, Response, Url, redirect, retry};
use tokio::time::Instant;

use crate::settings::{ApiKey, Settings, SettingsError};
use crate::{answer, failure, request};

/// Draws images with the OpenAI Images API. Cheap to clone.
#[derive(Clone)]
pub struct OpenAi {
    pub(crate) client: Client,
    base: Url,
    pub(crate) api_key: ApiKey,
    spool: Arc<dyn Spool>,
}

impl OpenAi {
    /// A client that receives images into `spool`. Connects to nobody yet.
    pub fn new(settings: &Settings, spool: Arc<dyn Spool>) -> Result<Self, SettingsError> {
        let base = settings.base()?;
        let mut client = Client::builder()
            .default_headers(settings.headers()?)
            .user_agent(concat!("gih/", env!("CARGO_PKG_VERSION")))
            .timeout(settings.timeout)
            .connect_timeout(settings.connect_timeout)
            .redirect(redirect::Policy::none())
            // Exactly one attempt: no hidden retries, and a fresh connection for each call. A kept one may have been
            // closed meanwhile by the other side, which would be found out only after a paid request was written to it.
            .retry(retry::never())
            .http1_only()
            .pool_max_idle_per_host(0)
            // Base64 of compressed images does not get smaller, and whoever unpacks must bound what comes out.
            .no_gzip()
            .no_brotli()
            .no_deflate()
            .no_zstd();
        if is_this_machine(&base) {
            // A proxy is another machine: its own loopback would be meant.
            client = client.no_proxy();
        }
        Ok(Self {
            client: client.build()?,
            base,
            api_key: settings.api_key.clone(),
            spool,
        })
    }

    /// The address of an endpoint, such as `images/edits`.
    pub(crate) fn url(&self, endpoint: &str) -> String {
        format!("{}/{endpoint}", self.base.as_str().trim_end_matches('/'))
    }

    async fn send(
        &self,
        endpoint: &str,
        request: RequestBuilder,
    ) -> Result<Response, ProviderError> {
        let start = Instant::now();
        let response = request.send().await.map_err(failure::of_transport)?;
        let request_id = response.headers().get("x-request-id");
        tracing::debug!(
            endpoint,
            status = response.status().as_u16(),
            duration_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
            request_id = request_id.and_then(|id| id.to_str().ok()),
            "the provider answered"
        );
        Ok(response)
    }
}

#[async_trait]
impl ImageProvider for OpenAi {
    async fn generate(&self, order: Order) -> Result<Images, ProviderError> {
        let response = if order.references.is_empty() {
            let endpoint = "images/generations";
            let body = request::Generation::of(&order);
            let request = self.client.post(self.url(endpoint)).json(&body);
            self.send(endpoint, request).await?
        } else {
            let endpoint = "images/edits";
            let form = request::edit(order)?;
            let request = self.client.post(self.url(endpoint)).multipart(form);
            self.send(endpoint, request).await?
        };
        if response.status().is_success() {
            Ok(answer::images(response, Arc::clone(&self.spool)))
        } else {
            Err(failure::of_answer(response, &self.api_key).await)
        }
    }
}

/// Whether an address can only be on this machine.
fn is_this_machine(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost" | "[::1]") => true,
        Some(host) => host
            .parse::<std::net::Ipv4Addr>()
            .is_ok_and(|address| address.is_loopback()),
        None => false,
    }
}

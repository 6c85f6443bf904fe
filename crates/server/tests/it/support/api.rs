//! The API as a client has it.

use reqwest::multipart::Form;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use super::{Answer, until};

/// The API of one hub with one key, or without.
#[derive(Clone)]
pub struct Api {
    client: Client,
    /// The hub.
    pub url: String,
    key: Option<String>,
    /// The account that it belongs to, when an [`super::Account`] made it.
    pub email: Option<String>,
}

impl Api {
    pub(super) fn new(client: Client, url: String, key: Option<String>) -> Self {
        Self {
            client,
            url,
            key,
            email: None,
        }
    }

    /// The key that it is used with.
    pub fn key(&self) -> &str {
        self.key.as_deref().unwrap()
    }

    /// A request to be built on; `path` begins with `/`, or is a whole address.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = if path.starts_with('/') {
            format!("{}{path}", self.url)
        } else {
            path.to_owned()
        };
        let request = self.client.request(method, url);
        match &self.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    }

    /// `POST /api/v1/images/generations`, to be built on.
    pub fn generation(&self) -> RequestBuilder {
        self.request(Method::POST, "/api/v1/images/generations")
    }

    /// Generates by JSON.
    pub async fn generate(&self, body: Value) -> Answer {
        send(self.generation().json(&body)).await
    }

    /// Generates one image at 1K, or what the fields say.
    pub async fn draw(&self, more: Value) -> Answer {
        let mut body = json!({"model": "gpt-image-2", "prompt": "a fox"});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        self.generate(body).await
    }

    /// Generates by multipart.
    pub async fn submit(&self, form: Form) -> Answer {
        send(self.generation().multipart(form)).await
    }

    /// `GET`.
    pub async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    /// The balance that the key sees.
    pub async fn credits(&self) -> i64 {
        self.get("/api/v1/credits").await.ok(200)["credits"]
            .as_i64()
            .unwrap()
    }

    /// How many generations the account has.
    pub async fn count(&self) -> usize {
        let page = self.get("/api/v1/generations?limit=100").await.ok(200);
        assert_eq!(page["has_more"], false);
        page["data"].as_array().unwrap().len()
    }

    /// A generation as it is.
    pub async fn look(&self, id: &str) -> Value {
        self.get(&format!("/api/v1/generations/{id}")).await.ok(200)
    }

    /// A generation once it has this status.
    pub async fn once(&self, status: &str, id: &str) -> Value {
        until(&format!("{id} to be {status}"), async || {
            let generation = self.look(id).await;
            (generation["status"] == status).then_some(generation)
        })
        .await
    }

    /// A generation once it has ended.
    pub async fn end(&self, id: &str) -> Value {
        until(&format!("the end of {id}"), async || {
            let generation = self.look(id).await;
            generation
                .get("completed_at")
                .is_some()
                .then_some(generation)
        })
        .await
    }

    /// The bytes of an image, which must be there.
    pub async fn open(&self, image: &Value) -> bytes::Bytes {
        let answer = self.get(image["url"].as_str().unwrap()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    }
}

/// Sends a request and reads the answer whole.
pub async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer::checked(status, headers, response.bytes().await.unwrap())
}

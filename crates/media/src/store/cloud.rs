//! Which cloud an address names, and the client for it.

use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::{ClientOptions, ObjectStore, RetryConfig};

use super::bucket::one_line;
use super::{OpenError, is_object_name};

/// A connection that has not come about by then will not.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest silence: 5 MiB go up in that time at 1.4 Mbit/s. A whole request has no limit, because a client may read
/// an image slowly for good reason.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(30);
/// Requests are sent again for small trouble on the way; for real trouble the caller tries again, knowing its deadline.
const RETRIES: usize = 2;
const RETRY_TIMEOUT: Duration = Duration::from_secs(30);

/// The client for a bucket, and the folder in it (without `/` at either end) that all names are under.
pub(super) fn connect(
    url: &str,
    scheme: &str,
    rest: &str,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<(Arc<dyn ObjectStore>, String), OpenError> {
    let wrong = |why: &str| OpenError::Address {
        url: url.to_owned(),
        why: why.to_owned(),
    };
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let prefix = prefix.trim_end_matches('/');
    if bucket.is_empty() {
        return Err(wrong("it names no bucket"));
    }
    if bucket.contains(['@', ':', '?', '#']) {
        return Err(wrong(
            "after // comes only the bucket's name; the rest is set by variables",
        ));
    }
    if !prefix.is_empty() && !is_object_name(prefix) {
        return Err(wrong(
            "the prefix has other characters than letters, digits, '.', '_', '-' and '/'",
        ));
    }
    let variables = variables.into_iter();
    let client = match scheme {
        "s3" => s3(bucket, variables),
        "gs" => gs(bucket, variables),
        "az" => az(bucket, variables),
        _ => return Err(wrong("its scheme is unknown")),
    };
    let client = client.map_err(|error| OpenError::Variables {
        url: url.to_owned(),
        why: one_line(&error),
    })?;
    Ok((client, prefix.to_owned()))
}

type Client = object_store::Result<Arc<dyn ObjectStore>>;

fn s3(bucket: &str, variables: impl Iterator<Item = (String, String)>) -> Client {
    // Deletes go one by one: several S3-compatible services lack the bulk request, and it wants a further permission.
    let mut builder = AmazonS3Builder::new()
        .with_client_options(client_options())
        .with_retry(retries())
        .with_disable_bulk_delete(true)
        .with_bucket_name(bucket);
    for (key, value) in named("AWS_", variables) {
        if let Ok(key) = key.parse() {
            // An endpoint without TLS is asked for by its own address.
            let is_endpoint = matches!(
                key,
                AmazonS3ConfigKey::Endpoint | AmazonS3ConfigKey::S3Endpoint
            );
            if is_endpoint && value.starts_with("http://") {
                builder = builder.with_allow_http(true);
            }
            builder = builder.with_config(key, value);
        }
    }
    Ok(Arc::new(builder.build()?))
}

fn gs(bucket: &str, variables: impl Iterator<Item = (String, String)>) -> Client {
    let mut builder = GoogleCloudStorageBuilder::new()
        .with_client_options(client_options())
        .with_retry(retries())
        .with_bucket_name(bucket);
    for (key, value) in named("GOOGLE_", variables) {
        if let Ok(key) = key.parse::<GoogleConfigKey>() {
            builder = builder.with_config(key, value);
        }
    }
    Ok(Arc::new(builder.build()?))
}

fn az(container: &str, variables: impl Iterator<Item = (String, String)>) -> Client {
    let mut builder = MicrosoftAzureBuilder::new()
        .with_client_options(client_options())
        .with_retry(retries())
        .with_container_name(container);
    for (key, value) in named("AZURE_", variables) {
        if let Ok(key) = key.parse::<AzureConfigKey>() {
            builder = builder.with_config(key, value);
        }
    }
    Ok(Arc::new(builder.build()?))
}

/// The variables that begin so, with lower-case names as the builders read them, sorted: where two name one thing, which
/// one wins must not depend on the order of the environment. Empty ones count as not set.
fn named(prefix: &str, variables: impl Iterator<Item = (String, String)>) -> Vec<(String, String)> {
    let mut named: Vec<_> = variables
        .filter(|(key, value)| key.starts_with(prefix) && !value.is_empty())
        .map(|(key, value)| (key.to_ascii_lowercase(), value))
        .collect();
    named.sort();
    named
}

fn client_options() -> ClientOptions {
    ClientOptions::new()
        .with_connect_timeout(CONNECT_TIMEOUT)
        .with_read_timeout(SILENCE_TIMEOUT)
        .with_timeout_disabled()
}

fn retries() -> RetryConfig {
    RetryConfig {
        max_retries: RETRIES,
        retry_timeout: RETRY_TIMEOUT,
        ..RetryConfig::default()
    }
}

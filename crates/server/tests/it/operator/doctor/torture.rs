//! What takes as long as patience does.

use std::net::TcpListener;

use super::{SECRET, doctor, is};
use crate::operator::site::Site;

/// Somebody accepts connections and never says a word: database, bucket and provider at once.
#[test]
fn silence_everywhere_ends_as_well() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let site = Site::embedded()
        .with(
            "DATABASE_URL",
            &format!("postgres://gih:{SECRET}@{address}/gih"),
        )
        .with("GIH_STORAGE_URL", "s3://bucket")
        .with("AWS_ENDPOINT_URL", &format!("http://{address}"))
        .with("AWS_ACCESS_KEY_ID", "test")
        .with("AWS_SECRET_ACCESS_KEY", SECRET)
        .with("AWS_REGION", "us-east-1")
        .with("OPENAI_API_KEY", SECRET)
        .with("OPENAI_BASE_URL", &format!("http://{address}/v1"));
    let found = doctor(&site);
    let address = address.to_string();
    is(&found, "database", "failed", &[&address]);
    is(
        &found,
        "storage",
        "failed",
        &["s3://bucket: it does not answer"],
    );
    is(&found, "provider", "failed", &[&address]);
}

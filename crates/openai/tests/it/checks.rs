//! The check for operators.

use std::net::TcpListener;
use std::sync::Arc;

use gih_domain::ports::Spool;
use gih_openai::{ApiKey, CheckError, OpenAi};

use crate::support::{Bench, settings};

#[tokio::test]
async fn tells_a_good_key_from_a_bad_one_and_from_nobody() {
    let bench = Bench::new().await;
    assert_eq!(bench.openai.check().await, Ok(()));

    let bench = Bench::with(|settings| settings.api_key = ApiKey::new("sk-other")).await;
    let refused = bench.openai.check().await;
    assert!(
        matches!(refused, Err(CheckError::KeyRefused(_))),
        "{refused:?}"
    );

    let bench = Bench::with(|settings| settings.base_url.push_str("/nowhere")).await;
    let wrong = bench.openai.check().await;
    assert!(
        matches!(wrong, Err(CheckError::Unexpected { status: 404, .. })),
        "{wrong:?}"
    );
    assert_eq!(bench.upstream.call_count(), 0);

    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let spool = Arc::clone(&bench.spool) as Arc<dyn Spool>;
    let openai = OpenAi::new(&settings(&format!("http://{free}/v1")), spool).unwrap();
    let nobody = openai.check().await;
    assert!(
        matches!(nobody, Err(CheckError::Unreachable(_))),
        "{nobody:?}"
    );
}

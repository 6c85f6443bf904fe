//! Connections: how many, and how many requests each.

use std::process::Command;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};

use crate::support::wire::{GET, Wire, post};
use crate::support::*;

#[tokio::test]
async fn requests_may_come_one_after_the_other_or_all_at_once() {
    let hub = Hub::start(Options::sqlite()).await;
    let key = hub.account().key("test")["key"].clone();
    let key = key.as_str().unwrap();

    // Far more than are read ahead, small and at once: every one is answered, in order.
    let mut flood = Wire::open(&hub).await;
    let count = 5_000;
    let (mut reading, mut writing) = flood.stream.split();
    let says = GET.repeat(count);
    let write = writing.write_all(says.as_bytes());
    let read = async {
        let mut came = Vec::new();
        while String::from_utf8_lossy(&came)
            .matches("HTTP/1.1 200 OK")
            .count()
            < count
        {
            assert!(reading.read_buf(&mut came).await.unwrap() > 0);
        }
    };
    let (written, ()) = timeout(PATIENCE, async { tokio::join!(write, read) })
        .await
        .unwrap();
    written.unwrap();

    // Behind a request that takes its time, on the same connection: they wait for their turn.
    let body = r#"{"model": "gpt-image-2", "prompt": "sandbox:delay=2 a fox"}"#;
    let draw = post(
        "/api/v1/images/generations",
        &format!(
            "Authorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n",
            body.len()
        ),
    );
    let mut patient = Wire::open(&hub).await;
    let followers = 1_000;
    patient
        .say(&format!("{draw}{body}{}", GET.repeat(followers)))
        .await;
    let (head, body) = patient.hear().await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}\n{body}");
    for _ in 0..followers {
        assert!(patient.hear().await.0.starts_with("HTTP/1.1 200"));
    }
    // And one cut in two, the first half together with the one before.
    let (first, second) = GET.split_at(20);
    patient.say(&format!("{GET}{first}")).await;
    patient.hear().await;
    sleep(Duration::from_secs(1)).await;
    patient.say(second).await;
    assert!(patient.hear().await.0.starts_with("HTTP/1.1 200"));

    // A body that nobody reads, and is whole, costs nobody the connection; nor does a chunked one that is read.
    let mut chunked = Wire::open(&hub).await;
    let headers = format!(
        "Authorization: Bearer {key}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
    );
    for _ in 0..2 {
        let draw = post("/api/v1/images/generations", &headers);
        chunked.say(&format!("{draw}2\r\n{{}}\r\n0\r\n\r\n")).await;
        let (head, _) = chunked.hear().await;
        assert!(head.starts_with("HTTP/1.1 400"), "{head}");
    }
    chunked.say(GET).await;
    assert!(chunked.hear().await.0.starts_with("HTTP/1.1 200"));
    hub.audit();
}

/// A client of a small receive buffer that asks this again and again, takes no answer, and is stuck by now.
async fn stuck(address: std::net::SocketAddr, request: String) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4 * 1024).unwrap();
    let mut stream = socket.connect(address).await.unwrap();
    let requests = request.repeat(100);
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        let writing = stream.write_all(requests.as_bytes());
        let Ok(written) = timeout(Duration::from_secs(2), writing).await else {
            return stream;
        };
        written.unwrap();
    }
    panic!("it still reads what it is asked");
}

#[tokio::test]
async fn answers_that_are_not_taken_take_little_memory() {
    const CONNECTIONS: usize = 50;
    const MOST_KIB: u64 = 512;
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
    let preflight = "OPTIONS /api/v1/models HTTP/1.1\r\nHost: x\r\nOrigin: https://a.example\r\n\
        Access-Control-Request-Method: GET\r\n\r\n";
    let smallest = "GET / HTTP/1.1\r\nHost:\r\n\r\n";
    // Answers that are large, small and without a body; and as many requests as can be behind a large one.
    let cases = [
        get("/openapi.json"),
        get("/metrics"),
        get("/healthz"),
        preflight.to_owned(),
        get("/openapi.json") + &smallest.repeat(50),
    ];
    let cases = cases.into_iter().map(async |requests| {
        let options = Options::sqlite().env("GIH_CORS_ORIGINS", "https://a.example");
        let hub = Hub::start(options).await;
        let address = hub.host().parse().unwrap();
        // What the first one takes is no connection's.
        let mut first = Wire::open(&hub).await;
        first.say(&requests).await;
        first.hear().await;
        let before = hub.process.resident_kib();
        let clients = (0..CONNECTIONS).map(|_| stuck(address, requests.clone()));
        let clients = futures_util::future::join_all(clients).await;
        let each = hub.process.resident_kib().saturating_sub(before) / CONNECTIONS as u64;
        let line = requests.lines().next().unwrap();
        eprintln!("{line} …: {each} KiB a connection");
        assert!(each < MOST_KIB, "{line}: {each} KiB a connection");
        assert_eq!(hub.without_key().get("/healthz").await.status, 200);
        drop(clients);
    });
    futures_util::future::join_all(cases).await;
}

#[tokio::test]
async fn connections_beyond_the_limit_wait() {
    let hub = Hub::start(Options::sqlite().env("GIH_MAX_CONNECTIONS", 4)).await;
    let mut served = Vec::new();
    let mut waiting = loop {
        let mut wire = Wire::open(&hub).await;
        wire.say(GET).await;
        if timeout(Duration::from_secs(2), wire.stream.readable())
            .await
            .is_err()
        {
            break wire;
        }
        wire.hear().await;
        served.push(wire);
        assert!(served.len() <= 4, "more than the limit are served");
    };
    // Every thread has its part, and parts are whole.
    assert!(!served.is_empty());
    // Those that are served stay so.
    for wire in &mut served {
        wire.say(GET).await;
        assert!(wire.hear().await.0.starts_with("HTTP/1.1 200"));
    }
    drop(served);
    assert!(waiting.hear().await.0.starts_with("HTTP/1.1 200"));
}

/// What `serve` logs under these limits of open files (`ulimit`), as far as it gets: its address is taken.
fn log_under(limits: &str, settings: &[(&str, &str)]) -> String {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let place = Place::new(Kind::Sqlite);
    let ran = Command::new("sh")
        .args([
            "-c",
            &format!("{limits} && exec \"$0\" serve"),
            env!("CARGO_BIN_EXE_gih"),
        ])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .envs(place.env())
        .env("GIH_BIND", taken.local_addr().unwrap().to_string())
        .envs(settings.iter().copied())
        .output()
        .unwrap();
    let log = String::from_utf8(ran.stderr).unwrap();
    assert!(log.contains("GIH_BIND: cannot listen"), "{log}");
    log
}

#[test]
fn too_few_open_files_are_told_at_the_start_when_they_cannot_be_had() {
    let warning = "the limit of open files";
    let few = [
        ("GIH_MAX_CONNECTIONS", "50"),
        ("GIH_WORKERS", "8"),
        ("GIH_TEST_WORKERS", "2"),
    ];
    // 128 + 2 × 50 + 3 × (8 + 2) + 2 × 16 = 290.
    assert!(log_under("ulimit -n 289", &few).contains(warning));
    assert!(!log_under("ulimit -n 290", &few).contains(warning));
    let raised = log_under("ulimit -Sn 100 && ulimit -Hn 300", &few);
    assert!(!raised.contains(warning), "{raised}");
    assert!(
        log_under("ulimit -n 300", &[]).contains(warning),
        "the defaults need more"
    );
}

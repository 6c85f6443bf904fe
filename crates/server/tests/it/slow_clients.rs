//! Clients that draw everything out: none of them holds a connection for long, and nobody who is only patient is cut off.

mod torture {
    use std::time::{Duration, Instant};

    use gih_fake_openai::{Behaviour, FakeOpenAi};
    use serde_json::json;
    use tokio::io::AsyncReadExt as _;
    use tokio::time::{sleep, timeout};

    use crate::support::wire::{GET, Wire, post};
    use crate::support::*;

    #[track_caller]
    fn between(what: &str, since: Instant, least: f64, most: f64) {
        let took = since.elapsed().as_secs_f64();
        eprintln!("{what}: {took:.1} s");
        assert!((least..most).contains(&took), "{what}: {took:.1} s");
    }

    /// Half of them draw out their first head, half their second.
    const LORISES: usize = 200;

    /// All at once, because each mostly waits.
    #[tokio::test]
    async fn slow_clients_are_closed_and_patient_ones_are_not() {
        let upstream = FakeOpenAi::start().await;
        let hub = Hub::start(Options::sqlite().upstream(&upstream)).await;
        let account = hub.account();
        account.grant(100);
        let (api, key) = (account.live(), account.key("live"));
        let key = key["key"].as_str().unwrap();
        let image = draw_large(&hub, &api).await;

        let hub = &hub;
        let lorises = (0..LORISES).map(|number| head(hub, number % 2 == 1));
        tokio::join!(
            futures_util::future::join_all(lorises),
            others(hub),
            unread_chunked(hub, key),
            unread_with_length(hub),
            idle(hub),
            slow_bodies(hub, key),
            slow_forms(hub),
            waiting(&upstream, &api),
            media_not_taken(hub, &image),
            media_taken_slowly(hub, &image),
        );
        assert_eq!(api.count().await, 2);
        // The books alone, because the large image was made so by hand.
        hub.gih(&["audit", "--books-only"]).succeed();
    }

    async fn head(hub: &Hub, is_second: bool) {
        let mut wire = Wire::open(hub).await;
        if is_second {
            wire.say(GET).await;
            wire.hear().await;
            sleep(Duration::from_secs(2)).await;
        }
        // The first has its time from the connection on.
        let began = if is_second {
            Instant::now()
        } else {
            wire.opened
        };
        wire.say("GET /healthz HTTP/1.1\r\nHost: x\r\n").await;
        let answer = wire.drip(Some("X-More: x\r\n")).await;
        let took = began.elapsed().as_secs_f64();
        assert!((14.0..20.0).contains(&took), "{is_second}: {took}");
        if !is_second {
            assert!(
                answer.is_empty() || answer.starts_with("HTTP/1.1 408"),
                "{answer}"
            );
        }
    }

    /// While they do, nobody else notices.
    async fn others(hub: &Hub) {
        let began = Instant::now();
        let mut slowest = Duration::ZERO;
        while began.elapsed() < Duration::from_secs(20) {
            let asked = Instant::now();
            hub.without_key().get("/api/v1/models").await.ok(200);
            slowest = slowest.max(asked.elapsed());
            sleep(Duration::from_millis(200)).await;
        }
        eprintln!("slowest answer to others: {slowest:?}");
        assert!(slowest < Duration::from_secs(5), "{slowest:?}");
    }

    /// Chunks without end that nobody reads.
    async fn unread_chunked(hub: &Hub, key: &str) {
        let draw = "/api/v1/images/generations";
        let authorization = format!("Authorization: Bearer {key}\r\nContent-Type: text/plain\r\n");
        let cases = [
            (404, post("/nowhere", "Transfer-Encoding: chunked\r\n")),
            (401, post(draw, "Transfer-Encoding: chunked\r\n")),
            (
                405,
                post("/api/v1/models", "Transfer-Encoding: chunked\r\n"),
            ),
            (
                415,
                post(
                    draw,
                    &format!("{authorization}Transfer-Encoding: chunked\r\n"),
                ),
            ),
        ];
        let cases = cases.iter().flat_map(|(status, request)| {
            [Some("1\r\nx\r\n"), None].map(|drop| async move {
                let mut wire = Wire::open(hub).await;
                wire.say(&format!("{request}1\r\nx\r\n")).await;
                let (head, _) = wire.hear().await;
                assert!(head.starts_with(&format!("HTTP/1.1 {status}")), "{head}");
                assert!(head.contains("connection: close"), "{head}");
                let answered = Instant::now();
                wire.drip(drop).await;
                between(
                    &format!("the rest of a body after {status}"),
                    answered,
                    8.0,
                    14.0,
                );
            })
        });
        futures_util::future::join_all(cases).await;
    }

    async fn unread_with_length(hub: &Hub) {
        let mut wire = Wire::open(hub).await;
        wire.say(&post("/nowhere", "Content-Length: 1000\r\n"))
            .await;
        let (head, _) = wire.hear().await;
        assert!(head.starts_with("HTTP/1.1 404"), "{head}");
        let answered = Instant::now();
        wire.drip(Some("x")).await;
        between("the rest of a body of known length", answered, 3.0, 9.0);
    }

    /// Longer than a head may take, and no head has begun.
    async fn idle(hub: &Hub) {
        let mut wire = Wire::open(hub).await;
        for _ in 0..2 {
            wire.say(GET).await;
            assert!(wire.hear().await.0.starts_with("HTTP/1.1 200"));
            sleep(Duration::from_secs(20)).await;
        }
        wire.say(GET).await;
        assert!(wire.hear().await.0.starts_with("HTTP/1.1 200"));
    }

    /// Never done, and never silent or all the time.
    async fn slow_bodies(hub: &Hub, key: &str) {
        let kinds = ["application/json", "multipart/form-data; boundary=b"];
        let cases = kinds.into_iter().flat_map(|kind| {
            [Some("x"), None].map(|drop| async move {
                let headers = format!(
                    "Authorization: Bearer {key}\r\nContent-Type: {kind}\r\nContent-Length: 100000\r\n"
                );
                let mut wire = Wire::open(hub).await;
                wire.say(&post("/api/v1/images/generations", &headers)).await;
                wire.say("--b\r\nContent-Disposition: form-data; name=\"prompt\"\r\n\r\n")
                    .await;
                let answer = wire.drip(drop).await;
                // Half a minute for the body, and a moment for the answer to be taken.
                between(kind, wire.opened, 28.0, 42.0);
                assert!(
                    answer.starts_with("HTTP/1.1 400") && answer.contains("invalid_request"),
                    "{answer}"
                );
                let why = match drop {
                    Some(_) => "came too slowly",
                    None => "stopped coming for 30 seconds",
                };
                assert!(answer.contains(why), "{answer}");
            })
        });
        futures_util::future::join_all(cases).await;
    }

    /// Forms of the console, which nobody need be signed in to send.
    async fn slow_forms(hub: &Hub) {
        let cases = ["/sign-in", "/sign-up"].into_iter().flat_map(|path| {
            [Some("x"), None].map(|drop| async move {
                let mut wire = Wire::open(hub).await;
                let form =
                    "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n";
                wire.say(&post(path, form)).await;
                wire.say("email=").await;
                let answer = wire.drip(drop).await;
                between(path, wire.opened, 28.0, 42.0);
                assert!(
                    answer.starts_with("HTTP/1.1 408") && answer.contains("within 30 seconds"),
                    "{answer}"
                );
            })
        });
        futures_util::future::join_all(cases).await;
    }

    /// Longer than every timeout of a client, without a byte either way.
    async fn waiting(upstream: &FakeOpenAi, api: &Api) {
        upstream.enqueue(Behaviour::succeed().after(Duration::from_secs(35)));
        let began = Instant::now();
        api.draw(json!({})).await.ok(200);
        between("a waiting call", began, 35.0, 50.0);
    }

    /// More than what the two kernels keep for a client that does not take it, or takes it slowly for a while.
    const LARGE_BYTES: usize = 64 * 1024 * 1024;

    /// The path of an image that has been blown up.
    async fn draw_large(hub: &Hub, api: &Api) -> String {
        let drawn = api.draw(json!({})).await.ok(200);
        let url = drawn["images"][0]["url"].as_str().unwrap();
        let path = url.strip_prefix(hub.url.as_str()).unwrap().to_owned();
        let file = hub.place.data_dir().join(path.trim_start_matches('/'));
        assert!(file.exists(), "{}", file.display());
        std::fs::write(&file, vec![7; LARGE_BYTES]).unwrap();
        path
    }

    /// One that is half way when the process is told to end.
    #[tokio::test]
    async fn a_slow_download_comes_to_its_end_though_the_hub_shuts_down() {
        let mut hub = Hub::start(Options::sqlite()).await;
        let path = draw_large(&hub, &hub.account().test()).await;
        let mut wire = open_media(&hub, &path).await;
        let mut buffer = vec![0; 64 * 1024];
        let mut came = wire.stream.read_exact(&mut buffer).await.unwrap();
        hub.process.signal("TERM");
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(12) {
            came += wire.stream.read_exact(&mut buffer).await.unwrap();
            sleep(Duration::from_millis(250)).await;
        }
        assert!(came < LARGE_BYTES / 2, "it was not slow");
        came += rest(&mut wire).await;
        assert!(came > LARGE_BYTES, "it was cut off at {came}");
        assert_eq!(hub.process.wait().code(), Some(0));
    }

    async fn open_media(hub: &Hub, path: &str) -> Wire {
        let mut wire = Wire::open(hub).await;
        let get = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        wire.say(&get).await;
        wire
    }

    /// What is left of an answer when it is read to its end, or to where it was cut off.
    async fn rest(wire: &mut Wire) -> usize {
        let mut left = 0;
        let mut buffer = vec![0; 1024 * 1024];
        while let Ok(read @ 1..) = timeout(PATIENCE, wire.stream.read(&mut buffer))
            .await
            .unwrap()
        {
            left += read;
        }
        left
    }

    async fn media_not_taken(hub: &Hub, path: &str) {
        let mut wire = open_media(hub, path).await;
        sleep(Duration::from_secs(68)).await;
        let came = rest(&mut wire).await;
        eprintln!("{came} bytes of an answer that was not taken");
        assert!(came < LARGE_BYTES, "it was not cut off");
    }

    async fn media_taken_slowly(hub: &Hub, path: &str) {
        let mut wire = open_media(hub, path).await;
        let mut came = 0;
        let mut buffer = vec![0; 4 * 1024];
        let began = Instant::now();
        // 16 KiB a second.
        while began.elapsed() < Duration::from_secs(75) {
            came += wire.stream.read_exact(&mut buffer).await.unwrap();
            sleep(Duration::from_millis(250)).await;
        }
        assert!(came < LARGE_BYTES / 2, "it was not slow");
        came += rest(&mut wire).await;
        assert!(came > LARGE_BYTES, "it was cut off at {came}");
    }
}

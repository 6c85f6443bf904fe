//! What [`ImageStore`] promises, whatever the place.

use gih_domain::ports::{ImageStore, StoreError};

use super::{Store, blob, blob_of, bytes_of, content, name};

/// Longer than one request takes, so that a bucket gets it in parts, with a last one that is short.
const LARGE: usize = 11 * 1024 * 1024 + 5;

pub(super) async fn holds(store: &Store) {
    puts_and_gets(store).await;
    reads_ranges(store).await;
    deletes(store).await;
    lists_in_order(store).await;
    keeps_nothing_of_a_failed_put(store).await;
    refuses_other_names(store).await;
    store.check().await.unwrap();
}

async fn puts_and_gets(store: &Store) {
    for length in [1, 1000, 700_000, LARGE] {
        let name = name(&format!("generations/gen_1/{length}.png"));
        let bytes = content(length);
        for again in [false, true] {
            store.put(&name, &blob(&bytes)).await.unwrap();
            let object = store.get(&name, None).await.unwrap();
            assert_eq!(object.byte_length, length as u64, "{again}");
            assert_eq!(object.range, 0..length as u64);
            assert!(bytes_of(object).await == bytes, "{length} {again}");
        }
        assert_eq!(store.byte_length(&name).await.unwrap(), length as u64);
    }
    let absent = name("generations/gen_1/absent.png");
    assert!(matches!(
        store.get(&absent, None).await,
        Err(StoreError::NotFound)
    ));
    assert!(matches!(
        store.get(&absent, Some(0..1)).await,
        Err(StoreError::NotFound)
    ));
    assert!(matches!(
        store.get(&absent, Some(1..1)).await,
        Err(StoreError::NotFound)
    ));
    assert!(matches!(
        store.byte_length(&absent).await,
        Err(StoreError::NotFound)
    ));
    let folder = name("generations/gen_1");
    assert!(matches!(
        store.get(&folder, None).await,
        Err(StoreError::NotFound)
    ));
}

async fn reads_ranges(store: &Store) {
    let name = name("generations/gen_2/0.png");
    let bytes = content(500_000);
    store.put(&name, &blob(&bytes)).await.unwrap();
    for (asked, given) in [
        (0..500_000, 0..500_000),
        (0..1, 0..1),
        (131_071..400_000, 131_071..400_000),
        (499_999..500_000, 499_999..500_000),
        (499_990..9_000_000, 499_990..500_000),
        (500_000..500_001, 500_000..500_000),
        (9_000_000..9_000_001, 500_000..500_000),
        (7..7, 7..7),
    ] {
        let object = store.get(&name, Some(asked.clone())).await.unwrap();
        assert_eq!(object.byte_length, 500_000, "{asked:?}");
        assert_eq!(object.range, given, "{asked:?}");
        let wanted =
            &bytes[usize::try_from(given.start).unwrap()..usize::try_from(given.end).unwrap()];
        assert!(bytes_of(object).await == wanted, "{asked:?}");
    }
}

async fn deletes(store: &Store) {
    let name = name("references/gen_3/0");
    store.delete(&name).await.unwrap();
    store.put(&name, &blob(b"bytes")).await.unwrap();
    store.delete(&name).await.unwrap();
    assert!(matches!(
        store.get(&name, None).await,
        Err(StoreError::NotFound)
    ));
    store.delete(&name).await.unwrap();
    store.put(&name, &blob(b"again")).await.unwrap();
    assert_eq!(store.byte_length(&name).await.unwrap(), 5);
    store.delete(&name).await.unwrap();
}

async fn lists_in_order(store: &Store) {
    let mut names: Vec<_> = (0..7)
        .flat_map(|generation| (0..3).map(move |image| (generation * 5 % 7, image)))
        .map(|(generation, image)| name(&format!("references/gen_{generation}/{image}")))
        .collect();
    for name in &names {
        store.put(name, &blob(b"bytes")).await.unwrap();
    }
    // The folder's name begins like another's, and '-' sorts before '/'.
    let neighbour = name("references/gen_1-x/0");
    store.put(&neighbour, &blob(b"bytes")).await.unwrap();
    names.push(neighbour);
    names.sort();
    let all = store.list("references", None, 1000).await.unwrap();
    assert_eq!(all, names);
    for limit in [1, 2, 5, 22, 23] {
        let (mut paged, mut after) = (Vec::new(), None);
        loop {
            let page = store.list("references", after, limit).await.unwrap();
            assert!(page.len() <= limit);
            let is_last = page.len() < limit;
            after = page.last().cloned();
            paged.extend(page);
            if is_last {
                break;
            }
        }
        assert_eq!(paged, names, "{limit}");
    }
    let one = store.list("references/gen_1", None, 1000).await.unwrap();
    assert_eq!(
        one,
        ["0", "1", "2"].map(|image| name(&format!("references/gen_1/{image}")))
    );
    let gone = Some(name("references/gen_2/1x"));
    assert_eq!(
        store.list("references", gone, 1).await.unwrap(),
        [name("references/gen_2/2")]
    );
    assert_eq!(store.list("references/gen_99", None, 10).await.unwrap(), []);
    assert_eq!(store.list("references", None, 0).await.unwrap(), []);
    for name in &names {
        store.delete(name).await.unwrap();
    }
    assert_eq!(store.list("references", None, 10).await.unwrap(), []);
}

async fn keeps_nothing_of_a_failed_put(store: &Store) {
    for length in [10_000, LARGE] {
        let name = name(&format!("generations/gen_4/{length}.png"));
        let bytes = content(length);
        let (half, rest) = bytes.split_at(length * 3 / 4);
        let pieces = |last: Vec<Result<bytes::Bytes, ()>>| {
            [
                half.chunks(1_000_000)
                    .map(|piece| Ok(bytes::Bytes::copy_from_slice(piece)))
                    .collect(),
                last,
            ]
            .concat()
        };
        let long = [rest, b"x"].concat();
        for (why, last) in [
            ("the source fails", vec![Err(())]),
            ("too short", vec![Ok(rest[1..].to_vec().into())]),
            ("too long", vec![Ok(long.into())]),
        ] {
            let result = store.put(&name, &blob_of(pieces(last), length)).await;
            assert!(
                matches!(result, Err(StoreError::Unavailable(_))),
                "{why}: {result:?}"
            );
            assert!(
                matches!(store.get(&name, None).await, Err(StoreError::NotFound)),
                "{why}"
            );
        }
        store.put(&name, &blob(&bytes)).await.unwrap();
        assert_eq!(store.byte_length(&name).await.unwrap(), length as u64);
    }
}

async fn refuses_other_names(store: &Store) {
    for bad in [
        "../escaped",
        "generations/../../escaped",
        "/etc/escaped",
        "generations//x",
        ".check/x",
    ] {
        let bad = name(bad);
        assert!(store.put(&bad, &blob(b"bytes")).await.is_err());
        assert!(store.get(&bad, None).await.is_err());
        assert!(store.delete(&bad).await.is_err());
        assert!(store.list(bad.as_str(), None, 10).await.is_err());
    }
}

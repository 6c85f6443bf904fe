use super::*;

fn after(micros: i64) -> Timestamp {
    Timestamp::from_micros(NOW.as_micros() + micros)
}

#[tokio::test]
async fn of_two_uses_the_later_stays() {
    on_both(|database| async move {
        let account = ann(&database).await;
        let (one, two, never) = (key(account, 1), key(account, 2), key(account, 3));
        for new in [&one, &two, &never] {
            Keys::create(&*database, new).await.unwrap();
        }
        let record = async |uses: &[(KeyId, Timestamp)]| database.record_uses(uses).await;
        assert_eq!(record(&[]).await, Ok(()));
        let uses = [(one.key.id, after(5)), (two.key.id, after(1))];
        assert_eq!(record(&uses).await, Ok(()));
        let uses = [(one.key.id, after(4)), (two.key.id, after(2))];
        assert_eq!(record(&uses).await, Ok(()));
        let listed = Keys::list(&*database, account).await.unwrap();
        let last: Vec<Option<Timestamp>> = listed.iter().map(|key| key.last_used_at).collect();
        assert_eq!(last, [None, Some(after(2)), Some(after(5))]); // newest key first
        let found = Keys::find_by_id(&*database, None, one.key.id).await;
        assert_eq!(found.unwrap().unwrap().last_used_at, Some(after(5)));
    })
    .await;
}

//! The contract of `Catalog`, on both databases.

use crate::support::on_both;
use gih_domain::catalog::{Model, shipped_models};
use gih_domain::credits::Credits;
use gih_domain::ports::Catalog;
use gih_domain::size::Tier;

fn model(id: &str) -> Model {
    Model {
        id: id.to_owned(),
        ..shipped_models().remove(0)
    }
}

#[tokio::test]
async fn models_come_back_as_they_went_in() {
    on_both(|database| async move {
        assert_eq!(database.models().await, Ok(vec![]));
        let shipped = shipped_models();
        assert_eq!(database.seed(&shipped, false).await, Ok(shipped.len()));
        assert_eq!(database.models().await, Ok(shipped.clone()));
        assert_eq!(
            Catalog::find(&*database, &shipped[0].id).await,
            Ok(Some(shipped[0].clone()))
        );
        assert_eq!(Catalog::find(&*database, "none").await, Ok(None));
    })
    .await;
}

#[tokio::test]
async fn models_keep_the_order_they_were_added_in() {
    on_both(|database| async move {
        for id in ["c", "a", "b"] {
            database.put(&model(id), None).await.unwrap();
        }
        let changed = Model {
            enabled: false,
            ..model("c")
        };
        database.put(&changed, None).await.unwrap();
        let models = database.models().await.unwrap();
        assert_eq!(models, [changed, model("a"), model("b")]);
    })
    .await;
}

#[tokio::test]
async fn seeding_alters_nothing_unless_told_to() {
    on_both(|database| async move {
        let mut dear = model("a");
        dear.credits_per_image
            .insert(Tier::OneK, Credits::from_u32(99));
        database.put(&dear, None).await.unwrap();
        let shipped = [model("a"), model("b")];
        assert_eq!(database.seed(&shipped, false).await, Ok(1));
        assert_eq!(database.models().await, Ok(vec![dear, model("b")]));
        assert_eq!(database.seed(&shipped, false).await, Ok(0));
        assert_eq!(database.seed(&shipped, true).await, Ok(2));
        assert_eq!(database.models().await, Ok(shipped.to_vec()));
    })
    .await;
}

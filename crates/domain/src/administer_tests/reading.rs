use super::*;
use crate::ledger::MOST_DAYS;
use crate::testing::away;

#[test]
fn an_overview_looks_back_a_bounded_time() {
    for (asked, looked) in [(0, 1), (7, 7), (u32::MAX, MOST_OVERVIEW_DAYS)] {
        let mut outside = Outside::default();
        outside
            .statistics
            .expect_overview()
            .withf(move |mode, since| {
                *mode == Some(Mode::Live) && start().since(*since) == DAY * looked
            })
            .returning(|_, _| Ok(Overview::default()));
        let overview = now(outside.administer().overview(Some(Mode::Live), asked));
        assert_eq!(overview, Ok(Overview::default()));
    }
}

#[test]
fn a_search_is_spelled_as_one_likes() {
    for (asked, looked_for) in [
        (Some(" ANN@Example "), Some("ann@example")),
        (Some("  "), None),
        (None, None),
    ] {
        let mut outside = Outside::default();
        outside
            .accounts
            .expect_list()
            .withf(move |filter| {
                filter.search.as_deref() == looked_for && filter.limit == MOST_ROWS
            })
            .returning(|_| Ok(AccountPage::default()));
        let filter = AccountFilter {
            search: asked.map(str::to_owned),
            after: None,
            limit: u32::MAX,
        };
        let page = now(outside.administer().accounts(&filter)).unwrap();
        assert!(page.accounts.is_empty());
    }
}

#[test]
fn pages_are_neither_empty_nor_endless() {
    for (asked, given) in [(0, 1), (u32::MAX, MOST_ROWS)] {
        let mut outside = Outside::default();
        outside
            .generations
            .expect_list_all()
            .withf(move |mode, filter| mode.is_none() && filter.limit == given)
            .returning(|_, _| Ok(Page::default()));
        outside
            .acts
            .expect_list()
            .withf(move |after, limit| after.is_none() && *limit == given)
            .returning(|_, _| Ok(ActPage::default()));
        let administer = outside.administer();
        let filter = ListFilter {
            limit: asked,
            ..ListFilter::default()
        };
        let page = now(administer.generations(None, &filter)).unwrap();
        assert!(page.generations.is_empty());
        assert_eq!(now(administer.acts(None, asked)), Ok(ActPage::default()));
    }
}

#[test]
fn spending_is_everybodys_with_a_row_a_day() {
    let mut outside = Outside::default();
    outside
        .ledger
        .expect_spending()
        .withf(|account, mode, _, _| account.is_none() && *mode == Mode::Live)
        .returning(|_, _, _, _| Ok(Vec::new()));
    let days = now(outside.administer().spending(Mode::Live, 1_000)).unwrap();
    assert_eq!(days.len(), MOST_DAYS as usize);
}

#[test]
fn what_is_asked_of_the_database_is_answered_as_it_answers() {
    let mut outside = Outside::with(ann());
    outside
        .generations
        .expect_find_any()
        .returning(|_| Err(away()));
    outside.books.expect_last_audit().returning(|| Ok(None));
    outside.catalog.expect_models().returning(|| Err(away()));
    let administer = outside.administer();
    assert_eq!(now(administer.account(ann().id)), Ok(Some(ann())));
    assert_eq!(now(administer.account(admin().id)), Ok(None));
    let id = GenerationId(uuid(1));
    assert_eq!(now(administer.generation(id)), Err(away()));
    assert_eq!(now(administer.last_audit()), Ok(None));
    assert_eq!(now(administer.models()), Err(away()));
}

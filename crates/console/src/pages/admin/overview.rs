//! How the hub does.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use gih_domain::account::Account;
use gih_domain::admin::{AuditRecord, Overview, RecordedAct};
use gih_domain::ledger::DaySpending;
use gih_domain::mode::Mode;

use super::acts::Row;
use super::{Tab, mode, shell};
use crate::chart::Chart;
use crate::error::PageError;
use crate::form::Fields;
use crate::format::{minute, thousands};
use crate::pages::html;
use crate::session::Admin;
use crate::shell::{ModeSwitch, Shell};
use crate::state::ConsoleState;

/// How many days the chart shows.
const DAYS: u32 = 30;
/// How many of the newest acts are shown.
const ACTS: u32 = 5;

/// A figure of the last day and of the last week.
struct Figure {
    label: &'static str,
    hint: &'static str,
    day: String,
    week: String,
}

/// The last audit.
struct Audit {
    completed: String,
    violations: u32,
    detail: String,
}

#[derive(Template)]
#[template(path = "admin/overview.html")]
struct OverviewPage {
    shell: Shell,
    tab: Tab,
    mode: &'static str,
    queued: String,
    running: String,
    figures: Vec<Figure>,
    chart: Chart,
    days: u32,
    audit: Option<Audit>,
    acts: Vec<Row>,
}

impl OverviewPage {
    fn new(
        admin: &Account,
        mode: Mode,
        depth: &Overview,
        (day, week): (&Overview, &Overview),
        spending: &[DaySpending],
        audit: Option<&AuditRecord>,
        acts: &[RecordedAct],
    ) -> Self {
        Self {
            shell: shell("Administration", admin).with_mode(ModeSwitch::at("/admin", mode)),
            tab: Tab("overview"),
            mode: mode.as_str(),
            queued: number(depth.queued),
            running: number(depth.running),
            figures: figures(day, week),
            chart: Chart::new(spending),
            days: DAYS,
            audit: audit.map(|audit| Audit {
                completed: minute(audit.completed_at),
                violations: audit.violations,
                detail: audit.detail.trim().to_owned(),
            }),
            acts: acts.iter().map(Row::new).collect(),
        }
    }
}

fn figures(day: &Overview, week: &Overview) -> Vec<Figure> {
    let figure = |label, hint, of: &dyn Fn(&Overview) -> String| Figure {
        label,
        hint,
        day: of(day),
        week: of(week),
    };
    let ended = |seen: &Overview| seen.succeeded + seen.failed + seen.canceled;
    let credits = |amount: gih_domain::credits::Credits| amount.get().unsigned_abs();
    vec![
        figure("Succeeded", "", &|seen| number(seen.succeeded)),
        figure("Failed", "", &|seen| number(seen.failed)),
        figure("Canceled", "", &|seen| number(seen.canceled)),
        figure("Failure rate", "failed, of all that ended", &|seen| {
            rate(seen.failed, ended(seen))
        }),
        figure("Charged", "credits", &|seen| number(credits(seen.charged))),
        figure("Refunded", "credits", &|seen| {
            number(credits(seen.refunded))
        }),
        figure("Refund rate", "refunded, of what was charged", &|seen| {
            rate(credits(seen.refunded), credits(seen.charged))
        }),
    ]
}

fn number(count: u64) -> String {
    thousands(i64::try_from(count).unwrap_or(i64::MAX))
}

/// A share in percent, rounded half up to a tenth: `2.5 %`; of nothing there is none.
fn rate(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let (part, whole) = (u128::from(part), u128::from(whole));
    let tenths = (part * 2_000 + whole) / (whole * 2);
    format!("{}.{} %", tenths / 10, tenths % 10)
}

/// `GET /admin`.
pub(crate) async fn show(
    request: HttpRequest,
    state: web::Data<ConsoleState>,
    admin: Admin,
) -> Result<HttpResponse, PageError> {
    let mode = mode(&Fields::of_query(request.query_string()));
    let administer = &state.administer;
    let depth = administer.depth().await?;
    let day = administer.overview(Some(mode), 1).await?;
    let week = administer.overview(Some(mode), 7).await?;
    let spending = administer.spending(mode, DAYS).await?;
    let audit = administer.last_audit().await?;
    let acts = administer.acts(None, ACTS).await?.acts;
    let seen = (&day, &week);
    html(&OverviewPage::new(
        &admin.0,
        mode,
        &depth,
        seen,
        &spending,
        audit.as_ref(),
        &acts,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{HOSTILE, admin, assert_safe, time, uuid};
    use gih_domain::account::Email;
    use gih_domain::admin::Act;
    use gih_domain::credits::Credits;
    use gih_domain::id::ActId;

    #[test]
    fn rates_are_rounded_and_never_divide_by_nothing() {
        for (part, whole, text) in [
            (0, 0, "–"),
            (0, 5, "0.0 %"),
            (1, 3, "33.3 %"),
            (2, 3, "66.7 %"),
            (5, 5, "100.0 %"),
            (u64::MAX, 1, "1844674407370955161500.0 %"),
        ] {
            assert_eq!(rate(part, whole), text);
        }
    }

    #[test]
    fn a_new_hub_says_what_will_be_here() {
        let none = Overview::default();
        let page = OverviewPage::new(&admin(), Mode::Live, &none, (&none, &none), &[], None, &[]);
        let html = page.render().unwrap();
        assert_safe(&html);
        assert!(html.contains("No audit yet"));
        assert!(html.contains("gih audit"));
        assert!(html.contains("Nothing was done yet"));
    }

    #[test]
    fn figures_are_shown_and_texts_are_escaped() {
        let depth = Overview {
            queued: 12,
            running: 1_234,
            ..Overview::default()
        };
        let day = Overview {
            succeeded: 60,
            failed: 30,
            canceled: 10,
            charged: Credits::from_u32(10_000),
            refunded: Credits::from_u32(250),
            ..Overview::default()
        };
        let spending = [DaySpending {
            day: time("2026-05-01"),
            charged: Credits::from_u32(8),
            refunded: Credits::ZERO,
        }];
        let audit = AuditRecord {
            completed_at: time("2026-05-01T09:00:00Z"),
            violations: 2,
            detail: HOSTILE.to_owned(),
        };
        let act = RecordedAct {
            id: ActId(uuid(1)),
            admin: Email::parse("root@example.com").unwrap(),
            act: Act::Grant,
            subject: HOSTILE.to_owned(),
            detail: HOSTILE.to_owned(),
            created_at: time("2026-05-01T10:20:30Z"),
        };
        let seen = (&day, &Overview::default());
        let page = OverviewPage::new(
            &admin(),
            Mode::Test,
            &depth,
            seen,
            &spending,
            Some(&audit),
            &[act],
        );
        let html = page.render().unwrap();
        assert_safe(&html);
        for shown in [
            "1,234",
            "30.0 %",
            "2.5 %",
            "2 violations",
            "2026-05-01 09:00",
        ] {
            assert!(html.contains(shown), "{shown}");
        }
    }
}

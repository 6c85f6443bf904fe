//! Who did what when.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use gih_domain::admin::{Act, RecordedAct};

use super::{Pager, ROWS, Tab, address, parameter, shell};
use crate::error::PageError;
use crate::form::Fields;
use crate::format::minute;
use crate::pages::html;
use crate::session::Admin;
use crate::shell::Shell;
use crate::state::ConsoleState;

/// An act in a list.
pub(super) struct Row {
    pub when: String,
    pub admin: String,
    pub what: &'static str,
    pub subject: String,
    pub subject_url: String,
    pub detail: String,
}

impl Row {
    pub(super) fn new(act: &RecordedAct) -> Self {
        let what = match act.act {
            Act::CreateAccount => "Created account",
            Act::ChangeAccount => "Changed account",
            Act::SetPassword => "Set password",
            Act::Grant => "Granted credits",
            Act::ChangeModel => "Changed model",
        };
        let subject_url = match act.act {
            Act::CreateAccount | Act::ChangeAccount | Act::SetPassword | Act::Grant => {
                address("/admin/accounts", &[("q", &act.subject)])
            }
            Act::ChangeModel => super::models::url(&act.subject),
        };
        Self {
            when: minute(act.created_at),
            admin: act.admin.to_string(),
            what,
            subject: act.subject.clone(),
            subject_url,
            detail: act.detail.clone(),
        }
    }
}

#[derive(Template)]
#[template(path = "admin/acts.html")]
struct ActsPage {
    shell: Shell,
    tab: Tab,
    acts: Vec<Row>,
    pager: Pager,
}

/// `GET /admin/acts`.
pub(crate) async fn list(
    request: HttpRequest,
    state: web::Data<ConsoleState>,
    admin: Admin,
) -> Result<HttpResponse, PageError> {
    let fields = Fields::of_query(request.query_string());
    let after = parameter(&fields, "after");
    let page = state.administer.acts(after, ROWS).await?;
    let last = page.acts.last().filter(|_| page.has_more);
    let last = last.map(|act| act.id.to_string());
    html(&ActsPage {
        shell: shell("Acts of admins", &admin.0),
        tab: Tab("acts"),
        acts: page.acts.iter().map(Row::new).collect(),
        pager: Pager::of("/admin/acts", &[], after.and(fields.get("after")), last),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{HOSTILE, admin, assert_safe, time, uuid};
    use gih_domain::account::Email;
    use gih_domain::id::ActId;

    fn page(acts: &[RecordedAct]) -> String {
        let page = ActsPage {
            shell: shell("Acts of admins", &admin()),
            tab: Tab("acts"),
            acts: acts.iter().map(Row::new).collect(),
            pager: Pager::of("/admin/acts", &[], None, Some("act_1".to_owned())),
        };
        page.render().unwrap()
    }

    #[test]
    fn acts_are_told_with_who_what_and_when() {
        let act = |act, subject: &str, detail: &str| RecordedAct {
            id: ActId(uuid(1)),
            admin: Email::parse("root@example.com").unwrap(),
            act,
            subject: subject.to_owned(),
            detail: detail.to_owned(),
            created_at: time("2026-05-01T10:20:30Z"),
        };
        let html = page(&[
            act(Act::Grant, "bob+x@example.com", "granted 500 live credits"),
            act(Act::ChangeModel, "a/b c", "1K from 8 to 10 credits"),
            act(Act::CreateAccount, HOSTILE, HOSTILE),
        ]);
        assert_safe(&html);
        for shown in [
            "root@example.com",
            "2026-05-01 10:20",
            "Granted credits",
            "/admin/accounts?q=bob%2Bx%40example.com",
            "/admin/models/a%2Fb%20c",
            "/admin/acts?after=act_1",
        ] {
            assert!(html.contains(shown), "{shown}");
        }
    }

    #[test]
    fn without_acts_the_page_says_what_will_be_here() {
        let html = page(&[]);
        assert_safe(&html);
        assert!(html.contains("Nothing was done yet"));
    }
}

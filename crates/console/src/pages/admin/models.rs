//! Models and their prices.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use askama::filters::urlencode_strict;
use gih_domain::account::Account;
use gih_domain::administer::AdministerError;
use gih_domain::catalog::{InvalidModel, MAX_REFERENCE_IMAGES, Model};
use gih_domain::credits::Credits;
use gih_domain::operate::ModelChange;
use gih_domain::size::Tier;

use super::{Tab, sentence, shell};
use crate::error::PageError;
use crate::form::Fields;
use crate::format::thousands;
use crate::pages::{html, html_as, see_other};
use crate::session::Admin;
use crate::shell::Shell;
use crate::state::ConsoleState;

/// The page of the model with this id.
pub(super) fn url(id: &str) -> String {
    // Writing into a text does not fail.
    urlencode_strict(id).map_or_else(|_| String::new(), |id| format!("/admin/models/{id}"))
}

/// A model in the list.
struct Row {
    id: String,
    url: String,
    name: String,
    provider: String,
    provider_model: String,
    prices: String,
    references: u32,
    is_on_sale: bool,
}

impl From<&Model> for Row {
    fn from(model: &Model) -> Self {
        let price = |(tier, price): (&Tier, &Credits)| format!("{tier} {}", thousands(price.get()));
        let prices: Vec<String> = model.credits_per_image.iter().map(price).collect();
        Self {
            id: model.id.clone(),
            url: url(&model.id),
            name: model.name.clone(),
            provider: model.provider.clone(),
            provider_model: model.provider_model.clone(),
            prices: prices.join(" · "),
            references: model.reference_image_limit,
            is_on_sale: model.enabled,
        }
    }
}

#[derive(Template)]
#[template(path = "admin/models.html")]
struct ModelsPage {
    shell: Shell,
    tab: Tab,
    models: Vec<Row>,
}

/// A text or a number of the form, as it was typed.
struct Field {
    name: String,
    label: String,
    hint: String,
    value: String,
    /// What the page showed before anything was typed.
    was: String,
    is_number: bool,
    wrong: Option<String>,
}

#[derive(Template)]
#[template(path = "admin/model.html")]
struct ModelPage {
    shell: Shell,
    tab: Tab,
    url: String,
    fields: Vec<Field>,
    is_on_sale: bool,
    was_on_sale: bool,
    wrong: Option<String>,
}

/// The name of the field with the price of a tier.
fn price_field(tier: Tier) -> String {
    format!("price_{tier}")
}

impl ModelPage {
    fn new(admin: &Account, model: &Model) -> Self {
        let text = |name: &str, label: &str, value: &str, hint: &str| Field {
            name: name.to_owned(),
            label: label.to_owned(),
            hint: hint.to_owned(),
            value: value.to_owned(),
            was: value.to_owned(),
            is_number: false,
            wrong: None,
        };
        let number = |name: &str, label: &str, value: &str, hint: &str| Field {
            is_number: true,
            ..text(name, label, value, hint)
        };
        let mut fields = vec![text(
            "name",
            "Name",
            &model.name,
            "What people read in the documentation and the playground.",
        )];
        for tier in Tier::ALL {
            let price = model.credits_per_image.get(&tier);
            let hint = if price.is_some() {
                "Credits an image."
            } else {
                "Not sold. With a price it is."
            };
            let price = price.map(ToString::to_string).unwrap_or_default();
            let label = format!("Price of {tier}");
            fields.push(number(&price_field(tier), &label, &price, hint));
        }
        fields.push(number(
            "reference_image_limit",
            "Reference images",
            &model.reference_image_limit.to_string(),
            &format!("The most that one request may bring: 0 to {MAX_REFERENCE_IMAGES}."),
        ));
        fields.push(text(
            "provider",
            "Provider",
            &model.provider,
            "Who draws in live mode, as the hub knows it: openai.",
        ));
        fields.push(text(
            "provider_model",
            "Provider’s model",
            &model.provider_model,
            "What the provider calls it.",
        ));
        Self {
            shell: shell(format!("Model {}", model.id), admin),
            tab: Tab("models"),
            url: url(&model.id),
            fields,
            is_on_sale: model.enabled,
            was_on_sale: model.enabled,
            wrong: None,
        }
    }

    /// Keeps what was typed.
    fn typed(&mut self, typed: &Fields) {
        for field in &mut self.fields {
            typed.text(&field.name).clone_into(&mut field.value);
            if let Some(was) = typed.first(&was(&field.name)) {
                was.clone_into(&mut field.was);
            }
        }
        if let Some(was) = typed.first(&was("enabled")) {
            self.was_on_sale = was == "yes";
        }
        self.is_on_sale = typed.get("enabled").is_some();
    }

    /// Says what is wrong beside the field, or above the form when there is no such field.
    fn refuse(&mut self, name: &str, wrong: String) {
        match self.fields.iter_mut().find(|field| field.name == name) {
            Some(field) => field.wrong = Some(wrong),
            None => self.wrong = Some(wrong),
        }
    }

    /// Says what the domain finds wrong: it names fields as the catalog does.
    fn refuse_model(&mut self, invalid: &InvalidModel) {
        let (word, rest) = invalid.problem.split_once(' ').unwrap_or_default();
        let label = self.fields.iter().find(|field| field.name == word);
        let text = match label {
            Some(field) => format!("{} {rest}.", field.label),
            None => sentence(&invalid.problem),
        };
        self.refuse(word, text);
    }

    fn is_wrong(&self) -> bool {
        self.wrong.is_some() || self.fields.iter().any(|field| field.wrong.is_some())
    }
}

/// The hidden field that says what another showed at first.
fn was(name: &str) -> String {
    format!("was_{name}")
}

/// Reads the form; what cannot be read is said on the page.
///
/// What was left as the page showed it is not the admin's wish: another may have changed it since.
fn change(page: &mut ModelPage, model: &Model, typed: &Fields) -> ModelChange {
    let is_left = |name: &str| typed.first(&was(name)) == typed.first(name);
    let text = |name: &str| (!is_left(name)).then(|| typed.text(name).trim().to_owned());
    let mut prices = BTreeMap::new();
    for tier in Tier::ALL {
        let name = price_field(tier);
        let value = typed.text(&name).trim();
        if value.is_empty() {
            if !is_left(&name) && model.credits_per_image.contains_key(&tier) {
                let wrong = "A tier that is sold keeps a price; 0 makes it free.";
                page.refuse(&name, wrong.to_owned());
            }
            continue;
        }
        if is_left(&name) {
            continue;
        }
        let price = value
            .parse()
            .ok()
            .and_then(|price| Credits::new(price).ok());
        if let Some(price) = price.filter(|price| price.is_price()) {
            prices.insert(tier, price);
        } else {
            let most = thousands(Credits::MAX_PRICE);
            page.refuse(
                &name,
                format!("A price is a whole number from 0 to {most}."),
            );
        }
    }
    let limit_field = "reference_image_limit";
    let limit = typed.text(limit_field).trim().parse().ok();
    if limit.is_none() && !is_left(limit_field) {
        let wrong = format!("This is a whole number from 0 to {MAX_REFERENCE_IMAGES}.");
        page.refuse(limit_field, wrong);
    }
    let enabled = typed.get("enabled").is_some();
    let was_enabled = typed.first(&was("enabled")).map(|was| was == "yes");
    ModelChange {
        prices,
        enabled: Some(enabled).filter(|_| was_enabled != Some(enabled)),
        name: text("name"),
        provider: text("provider"),
        provider_model: text("provider_model"),
        reference_image_limit: limit.filter(|_| !is_left(limit_field)),
    }
}

/// `GET /admin/models`.
pub(crate) async fn list(
    state: web::Data<ConsoleState>,
    admin: Admin,
) -> Result<HttpResponse, PageError> {
    let models = state.administer.models().await?;
    html(&ModelsPage {
        shell: shell("Models", &admin.0),
        tab: Tab("models"),
        models: models.iter().map(Row::from).collect(),
    })
}

async fn find(state: &ConsoleState, id: &str) -> Result<Model, PageError> {
    let models = state.administer.models().await?;
    let model = models.into_iter().find(|model| model.id == id);
    model.ok_or(PageError::NotFound)
}

/// `GET /admin/models/{id}`.
pub(crate) async fn show(
    request: HttpRequest,
    id: web::Path<String>,
    state: web::Data<ConsoleState>,
    admin: Admin,
) -> Result<HttpResponse, PageError> {
    let mut page = ModelPage::new(&admin.0, &find(&state, &id).await?);
    if Fields::of_query(request.query_string()).get("done") == Some("saved") {
        let notice = "Saved. What is accepted from now on is made and priced like this.";
        page.shell = page.shell.with_notice(Some(notice));
    }
    html(&page)
}

/// `POST /admin/models/{id}`.
pub(crate) async fn save(
    id: web::Path<String>,
    payload: web::Payload,
    state: web::Data<ConsoleState>,
    admin: Admin,
) -> Result<HttpResponse, PageError> {
    let typed = Fields::read(payload).await?;
    let model = find(&state, &id).await?;
    let mut page = ModelPage::new(&admin.0, &model);
    page.typed(&typed);
    let change = change(&mut page, &model, &typed);
    if page.is_wrong() {
        return html_as(StatusCode::BAD_REQUEST, &page);
    }
    match state.administer.change_model(&admin.0, &id, change).await {
        Ok(_) => Ok(see_other(&format!("{}?done=saved", url(&id))).finish()),
        Err(AdministerError::InvalidModel(invalid)) => {
            page.refuse_model(&invalid);
            html_as(StatusCode::BAD_REQUEST, &page)
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests;

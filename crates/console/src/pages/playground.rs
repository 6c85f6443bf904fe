//! The playground: trying a request, with what it costs before and what came of it after.

use actix_web::http::StatusCode;
use actix_web::http::header::ACCEPT;
use actix_web::{HttpRequest, HttpResponse, web};
use gih_domain::account::Account;
use gih_domain::catalog::Model;
use gih_domain::credits::Credits;
use gih_domain::generate::{Answer, Ask, GenerateError, Wait};
use gih_domain::generation::Generation;
use gih_domain::id::{GenerationId, ImageId};
use gih_domain::idempotency::IdempotencyKey;
use gih_domain::mode::Mode;
use gih_domain::request::{Draft, MAX_IMAGES_V1};
use serde_json::json;

use self::choice::Choice;
use self::view::{Form, Parts, PlaygroundPage};
use super::{html_as, html_in, see_other};
use crate::error::PageError;
use crate::form::Fields;
use crate::format::thousands;
use crate::session::{self, SignedIn, Visitor};
use crate::state::{ConsoleState, Refusal};

mod choice;
mod code;
mod data;
mod view;

/// What a page that is shown again says of files, which browsers send once.
const FILES_AGAIN: &str = "Choose your reference images again: browsers do not keep files.";

/// What the form holds when the page is opened, and what to say of it.
#[derive(Default)]
struct Prefill {
    form: Form,
    remarks: Vec<String>,
    reference: Option<String>,
}

/// `GET /playground`: `from` a generation that is run again, or with an own image as `reference`.
pub(crate) async fn show(
    request: HttpRequest,
    state: web::Data<ConsoleState>,
    signed_in: SignedIn,
) -> Result<HttpResponse, PageError> {
    let account = signed_in.0;
    let fields = Fields::of_query(request.query_string());
    let mut mode = session::mode(&request, fields.get("mode"));
    let models = state.retrieve.models().await?;
    let mut prefill = Prefill::default();
    if let Some(id) = fields.get("from") {
        match find(&state, &account, mode, id).await? {
            Some(generation) => {
                mode = generation.mode;
                prefill = run_again(&generation, &models);
            }
            None => prefill.remarks.push(
                "The generation to run again was not found, so the form is empty.".to_owned(),
            ),
        }
    }
    let image = fields.get("reference");
    prefill.reference = image
        .and_then(|id| id.parse::<ImageId>().ok())
        .map(|id| id.to_string());
    if image.is_some() && prefill.reference.is_none() {
        let remark = "The image to use as a reference was not found.";
        prefill.remarks.push(remark.to_owned());
    }
    let page = page(&state, &account, mode, &models, &prefill, &once(&state)).await?;
    html_in(mode, &page)
}

/// `GET /playground/balance`: what can be spent in `mode`, for the script.
pub(crate) async fn balance(
    request: HttpRequest,
    state: web::Data<ConsoleState>,
    signed_in: SignedIn,
) -> Result<HttpResponse, PageError> {
    let fields = Fields::of_query(request.query_string());
    let mode = session::mode(&request, fields.get("mode"));
    let balance = state.statement.balance(signed_in.0.id, mode).await?;
    let balance = balance.ok_or(PageError::NotFound)?;
    Ok(HttpResponse::Ok().json(json!({ "credits": balance.credits.get() })))
}

/// `POST /playground`: asks for the images. Scripts say `Accept: application/json` and are answered in it.
pub(crate) async fn submit(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<ConsoleState>,
    visitor: Visitor,
) -> Result<HttpResponse, PageError> {
    let fields = Fields::of_query(request.query_string());
    let mode = session::mode(&request, fields.get("mode"));
    let wants_json = wants_json(&request);
    let Some(account) = visitor.0 else {
        let next = format!("/playground?mode={mode}");
        return if wants_json {
            Ok(refuse(&signed_out()))
        } else {
            Err(PageError::SignInFirst(next))
        };
    };
    if account.password_is_temporary {
        return if wants_json {
            Ok(refuse(&password_first()))
        } else {
            Err(PageError::ChoosePassword)
        };
    }
    let sent = fields.get("once").map(ToOwned::to_owned);
    let draft = match state.face.draft(&request, payload, account.id).await {
        Ok(draft) => draft,
        Err((refusal, _)) if wants_json => return Ok(refuse(&refusal)),
        Err((mut refusal, typed)) => {
            refusal.message = with_files_again(&refusal.message);
            let once = sent.unwrap_or_else(|| once(&state));
            return again(&state, &account, mode, &typed, refusal, &once).await;
        }
    };
    let typed = Draft {
        references: Vec::new(),
        ..draft.clone()
    };
    let had_references = !draft.references.is_empty();
    let order = Order {
        draft,
        once: sent.as_deref(),
        shown_total: fields
            .get("total")
            .and_then(|total| total.parse().ok())
            .and_then(|total| Credits::new(total).ok()),
    };
    match run(&state, &account, mode, order).await? {
        Ok(generation) => {
            let url = format!("/generations/{}?mode={mode}", generation.id);
            Ok(if wants_json {
                HttpResponse::Accepted().json(json!({
                    "id": generation.id.to_string(),
                    "status": generation.status().as_str(),
                    "url": url,
                    "credits_requested": generation.credits_requested().get(),
                }))
            } else {
                see_other(&url).finish()
            })
        }
        Err(refusal) if wants_json => Ok(refuse(&refusal)),
        Err(mut refusal) => {
            if had_references {
                refusal.message = with_files_again(&refusal.message);
            }
            // A changed form is another request. Otherwise a resend stays one, which is paid once.
            let once = match sent {
                Some(sent) if refusal.code != "idempotencyMismatch" => sent,
                _ => once(&state),
            };
            again(&state, &account, mode, &typed, refusal, &once).await
        }
    }
}

/// What a form asks for.
struct Order<'a> {
    draft: Draft,
    /// What the form is known by.
    once: Option<&'a str>,
    /// The price that the page said last; none is said without scripts.
    shown_total: Option<Credits>,
}

/// Has the request made in the account's name.
async fn run(
    state: &ConsoleState,
    account: &Account,
    mode: Mode,
    order: Order<'_>,
) -> Result<Result<Generation, Refusal>, PageError> {
    let Order {
        draft,
        once,
        shown_total,
    } = order;
    let models = state.retrieve.models().await?;
    let wanted = draft.model.as_deref();
    let draft = match models
        .iter()
        .find(|model| Some(model.id.as_str()) == wanted)
    {
        Some(model) => choice::of_form(draft, model),
        // The use case says which there are.
        None => Ok(draft),
    };
    let draft = match draft {
        Ok(draft) => draft,
        Err(invalid) => return Ok(Err(state.face.refusal(invalid.into()))),
    };
    let key =
        once.and_then(|once| IdempotencyKey::parse(format!("console-{once}").as_bytes()).ok());
    let asked = state
        .generate
        .run(Ask {
            caller: state.keys.caller(account, mode).await?,
            draft: Draft {
                is_async: true,
                ..draft
            },
            wait: Wait::No,
            idempotency_key: key,
            max_images: MAX_IMAGES_V1,
            shown_total,
        })
        .await;
    Ok(match asked {
        Ok(Answer::Accepted(generation) | Answer::Ended(generation)) => Ok(generation),
        Err(error) => Err(refusal(state, error)),
    })
}

/// The API's wording, except where a page has something better to say.
fn refusal(state: &ConsoleState, error: GenerateError) -> Refusal {
    let remark = match error {
        GenerateError::IdempotencyMismatch => Some(
            "The form was changed after it had been sent. Look at it and send it again.".to_owned(),
        ),
        GenerateError::PriceChanged { shown, total } => {
            let (shown, total) = (thousands(shown.get()), thousands(total.get()));
            Some(format!(
                "The price has changed: this costs {total} credits now, not {shown}. Nothing was charged. Press again to pay it."
            ))
        }
        _ => None,
    };
    let mut refusal = state.face.refusal(error);
    if let Some(remark) = remark {
        refusal.message = remark;
    }
    refusal
}

/// The page again, with what was typed and why it was refused.
async fn again(
    state: &ConsoleState,
    account: &Account,
    mode: Mode,
    draft: &Draft,
    refusal: Refusal,
    once: &str,
) -> Result<HttpResponse, PageError> {
    let models = state.retrieve.models().await?;
    let prefill = Prefill {
        form: Form {
            model: draft.model.clone(),
            prompt: draft.prompt.clone().unwrap_or_default(),
            choice: Choice::of_form(draft),
        },
        ..Prefill::default()
    };
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
    let mut page = page(state, account, mode, &models, &prefill, once).await?;
    page.refusal = Some(refusal);
    html_as(status, &page)
}

async fn page(
    state: &ConsoleState,
    account: &Account,
    mode: Mode,
    models: &[Model],
    prefill: &Prefill,
    once: &str,
) -> Result<PlaygroundPage, PageError> {
    let balance = state.statement.balance(account.id, mode).await?;
    let balance = balance.ok_or(PageError::NotFound)?;
    let usual_times = state.retrieve.usual_times().await?;
    let mut page = PlaygroundPage::new(&Parts {
        account,
        mode,
        models,
        balance: balance.credits,
        usual_times: &usual_times,
        form: prefill.form.clone(),
        reference: prefill.reference.clone(),
        once,
        public_url: &state.public_url,
        can_draw: &|model| state.generate.can_draw(mode, &model.provider),
    });
    page.remarks.clone_from(&prefill.remarks);
    Ok(page)
}

/// One of the account's generations: of this mode, or else of the other.
async fn find(
    state: &ConsoleState,
    account: &Account,
    mode: Mode,
    id: &str,
) -> Result<Option<Generation>, PageError> {
    let Ok(id) = id.parse::<GenerationId>() else {
        return Ok(None);
    };
    let other = match mode {
        Mode::Live => Mode::Test,
        Mode::Test => Mode::Live,
    };
    for mode in [mode, other] {
        let found = state.retrieve.generation_of(account.id, mode, id).await?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// The form of a generation that is run again.
fn run_again(generation: &Generation, models: &[Model]) -> Prefill {
    let mut remarks = Vec::new();
    let model = models.iter().find(|model| model.id == generation.model);
    if model.is_none() {
        remarks.push(format!(
            "{} is not on sale any more; another model is chosen.",
            generation.model
        ));
    }
    let count = generation.references.len();
    if count > 0 {
        let them = if count == 1 {
            "a reference image, which the hub does not keep; add it".to_owned()
        } else {
            format!("{count} reference images, which the hub does not keep; add them")
        };
        remarks.push(format!(
            "That generation had {them} again if you want the same."
        ));
    }
    Prefill {
        form: Form {
            model: Some(generation.model.clone()),
            prompt: generation.prompt.clone(),
            choice: model
                .or(models.first())
                .map_or_else(Choice::default, |model| {
                    Choice::of_generation(generation, model)
                }),
        },
        remarks,
        reference: None,
    }
}

/// What a form is known by, so that pressing twice or sending again pays once.
fn once(state: &ConsoleState) -> String {
    let mut random = [0; 16];
    state.keys.ids.fill(&mut random);
    crate::format::hexadecimal(&random)
}

fn with_files_again(message: &str) -> String {
    format!("{}. {FILES_AGAIN}", message.trim_end_matches('.'))
}

fn wants_json(request: &HttpRequest) -> bool {
    let accept = request.headers().get(ACCEPT);
    accept.is_some_and(|accept| accept.as_bytes().starts_with(b"application/json"))
}

fn signed_out() -> Refusal {
    Refusal {
        status: StatusCode::UNAUTHORIZED.as_u16(),
        code: "signedOut",
        message: "You are signed out. Sign in in another tab, then press again.".to_owned(),
        param: None,
    }
}

fn password_first() -> Refusal {
    Refusal {
        status: StatusCode::FORBIDDEN.as_u16(),
        code: "passwordFirst",
        message: "Your password is a one-time one. Choose another under Account in another tab, then press again."
            .to_owned(),
        param: None,
    }
}

fn refuse(refusal: &Refusal) -> HttpResponse {
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
    HttpResponse::build(status).json(json!({ "error": {
        "message": refusal.message,
        "code": refusal.code,
        "param": refusal.param,
    }}))
}

#[cfg(test)]
#[path = "playground_tests.rs"]
mod tests;

//! The playground as its template shows it.

use askama::Template;
use gih_domain::account::Account;
use gih_domain::catalog::Model;
use gih_domain::credits::Credits;
use gih_domain::mode::Mode;
use gih_domain::request::{MAX_IMAGES_V1, MAX_PROMPT_CHARS};
use gih_domain::size::{RenderingQuality, Tier};
use gih_domain::usual_times::UsualTime;
use serde_json::Value;

use super::choice::{Choice, Shape};
use super::code::{self, EXAMPLE_PROMPT};
use super::data;
use crate::format::thousands;
use crate::shell::{ModeSwitch, Section, Shell};
use crate::state::Refusal;

/// The longer edge of a drawn shape, in the units of its 32 × 32 picture.
const SHAPE_EDGE: f64 = 26.0;

/// What the form holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Form {
    /// The model's id; of an unknown one the first model is taken.
    pub model: Option<String>,
    /// What to draw.
    pub prompt: String,
    /// The rest.
    pub choice: Choice,
}

/// What the page is made of.
pub(crate) struct Parts<'a> {
    /// Who looks.
    pub account: &'a Account,
    /// In which mode.
    pub mode: Mode,
    /// The models on sale.
    pub models: &'a [Model],
    /// What can be spent.
    pub balance: Credits,
    /// How long choices take.
    pub usual_times: &'a [UsualTime],
    /// What the form holds.
    pub form: Form,
    /// One of the account's images that shall be the first reference.
    pub reference: Option<String>,
    /// What a resend is known by.
    pub once: &'a str,
    /// The base of links.
    pub public_url: &'a str,
    /// Whether somebody draws for this model.
    pub can_draw: &'a dyn Fn(&Model) -> bool,
}

/// A model to choose.
struct ModelOption {
    id: String,
    name: String,
    is_chosen: bool,
}

/// A shape to choose: a rectangle of its ratio in a picture of 32 × 32.
struct ShapeOption {
    value: String,
    x: String,
    y: String,
    width: String,
    height: String,
    is_chosen: bool,
}

/// A tier to choose.
struct TierOption {
    value: &'static str,
    price: String,
    is_chosen: bool,
}

/// A rendering quality or a count to choose.
struct PlainOption {
    value: String,
    label: String,
    is_chosen: bool,
}

/// One language of the shown code.
struct Code {
    id: &'static str,
    name: &'static str,
    text: String,
}

#[derive(Template)]
#[template(path = "playground.html")]
pub(crate) struct PlaygroundPage {
    /// The frame.
    pub shell: Shell,
    /// Sentences about what was prefilled.
    pub remarks: Vec<String>,
    /// Why the last try was refused.
    pub refusal: Option<Refusal>,
    mode: Mode,
    is_admin: bool,
    once: String,
    models: Vec<ModelOption>,
    shapes: Vec<ShapeOption>,
    tiers: Vec<TierOption>,
    qualities: Vec<PlainOption>,
    counts: Vec<PlainOption>,
    prompt: String,
    max_prompt: String,
    reference_limit: u32,
    size_remark: String,
    price: String,
    shortage: Option<String>,
    /// The provider that is not there.
    missing_provider: Option<String>,
    codes: Vec<Code>,
    reference: Option<String>,
    data: String,
    example: &'static str,
}

impl PlaygroundPage {
    /// Makes the page.
    pub fn new(parts: &Parts<'_>) -> Self {
        let Parts {
            account,
            mode,
            models,
            form,
            ..
        } = parts;
        let chosen = models
            .iter()
            .find(|model| Some(&model.id) == form.model.as_ref())
            .or(models.first());
        let choice = chosen.map_or(form.choice, |model| form.choice.sold_by(model));
        let shapes = shapes(models, choice.shape);
        let languages = code::languages(parts.public_url);
        let fields = chosen.map_or_else(Vec::new, |model| fields(model, &form.prompt, &choice));
        let total = chosen.and_then(|model| choice.total(model));
        Self {
            shell: Shell::of("Playground", Section::Playground, account)
                .with_mode(ModeSwitch::at("/playground", *mode))
                .with_script("playground_files.js")
                .with_script("playground_code.js")
                .with_script("playground_run.js")
                .with_script("playground.js"),
            remarks: Vec::new(),
            refusal: None,
            mode: *mode,
            is_admin: account.is_admin,
            once: parts.once.to_owned(),
            models: models
                .iter()
                .map(|model| ModelOption {
                    id: model.id.clone(),
                    name: model.name.clone(),
                    is_chosen: chosen.is_some_and(|chosen| chosen.id == model.id),
                })
                .collect(),
            shapes: shapes
                .iter()
                .map(|&shape| ShapeOption::new(shape, choice.shape))
                .collect(),
            tiers: chosen.map_or_else(Vec::new, |model| tiers(models, model, &choice)),
            qualities: RenderingQuality::ALL
                .map(|quality| PlainOption {
                    value: quality.as_str().to_owned(),
                    label: capitalized(quality.as_str()),
                    is_chosen: quality == choice.rendering_quality,
                })
                .into(),
            counts: (1..=MAX_IMAGES_V1)
                .map(|n| PlainOption {
                    value: n.to_string(),
                    label: n.to_string(),
                    is_chosen: n == choice.n,
                })
                .collect(),
            prompt: form.prompt.clone(),
            max_prompt: thousands(i64::try_from(MAX_PROMPT_CHARS).unwrap_or(i64::MAX)),
            reference_limit: chosen.map_or(0, |model| model.reference_image_limit),
            size_remark: chosen.map_or_else(String::new, |model| choice.remark(model)),
            price: total.map_or_else(String::new, |total| price(&choice, total, parts.balance)),
            shortage: total.and_then(|total| shortage(total, parts.balance)),
            missing_provider: chosen
                .filter(|model| !(parts.can_draw)(model))
                .map(|model| model.provider.clone()),
            codes: languages
                .iter()
                .map(|language| Code {
                    id: language.id,
                    name: language.name,
                    text: language.code(&fields),
                })
                .collect(),
            reference: parts.reference.clone(),
            data: data::json(parts, &shapes, languages.into()),
            example: EXAMPLE_PROMPT,
        }
    }

    /// What is wrong with a field of the form, or (`""`) with none of them in particular.
    fn wrong(&self, field: &str) -> Option<&str> {
        let refusal = self.refusal.as_ref()?;
        let at = match refusal.param.as_deref() {
            Some(field @ ("prompt" | "reference_image" | "aspect_ratio" | "quality" | "n")) => {
                field
            }
            Some("size") => "aspect_ratio",
            _ => "",
        };
        (at == field).then_some(refusal.message.as_str())
    }

    fn has_models(&self) -> bool {
        !self.models.is_empty()
    }

    fn is_test(&self) -> bool {
        self.mode == Mode::Test
    }
}

impl ShapeOption {
    fn new(shape: Shape, chosen: Shape) -> Self {
        let (across, down) = match shape {
            Shape::Auto => (1.0, 1.0),
            Shape::Ratio(ratio) => (f64::from(ratio.width()), f64::from(ratio.height())),
            Shape::Exact(size) => (f64::from(size.width()), f64::from(size.height())),
        };
        let unit = SHAPE_EDGE / f64::max(across, down);
        let (width, height) = (across * unit, down * unit);
        let written = |number: f64| format!("{number:.1}");
        Self {
            value: shape.to_string(),
            x: written((32.0 - width) / 2.0),
            y: written((32.0 - height) / 2.0),
            width: written(width),
            height: written(height),
            is_chosen: shape == chosen,
        }
    }

    fn is_auto(&self) -> bool {
        self.value == "auto"
    }
}

/// All shapes of all models, each once, the open one first, and the chosen one too when it is none of theirs.
fn shapes(models: &[Model], chosen: Shape) -> Vec<Shape> {
    let ratios = models.iter().flat_map(|model| &model.aspect_ratios);
    let mut shapes = vec![Shape::Auto];
    for shape in ratios.copied().map(Shape::Ratio).chain([chosen]) {
        if !shapes.contains(&shape) {
            shapes.push(shape);
        }
    }
    shapes
}

/// All tiers that any model is sold at, with this model's prices.
fn tiers(models: &[Model], model: &Model, choice: &Choice) -> Vec<TierOption> {
    let mut tiers: Vec<_> = models.iter().flat_map(Model::tiers).collect();
    tiers.sort_unstable();
    tiers.dedup();
    let option = |tier: Tier| TierOption {
        value: tier.as_str(),
        price: model
            .credits_per_image
            .get(&tier)
            .map_or_else(String::new, |price| thousands(price.get())),
        is_chosen: tier == choice.priced_tier(model),
    };
    tiers.into_iter().map(option).collect()
}

/// The fields of the shown call, in the order of the contract.
fn fields(model: &Model, prompt: &str, choice: &Choice) -> Vec<(&'static str, Value)> {
    let prompt = prompt.trim();
    let prompt = if prompt.is_empty() {
        EXAMPLE_PROMPT
    } else {
        prompt
    };
    let mut fields = vec![
        ("model", Value::from(model.id.as_str())),
        ("prompt", Value::from(prompt)),
    ];
    let call = choice.call(model).unwrap_or_default();
    for (name, value) in [
        ("aspect_ratio", call.aspect_ratio),
        ("size", call.size),
        ("quality", call.quality),
    ] {
        fields.extend(value.map(|value| (name, Value::from(value))));
    }
    if choice.n > 1 {
        fields.push(("n", Value::from(choice.n)));
    }
    fields
}

/// `1 credit`, `1,234 credits`.
fn credits(amount: Credits) -> String {
    let plural = if amount.get() == 1 { "" } else { "s" };
    format!("{} credit{plural}", thousands(amount.get()))
}

fn price(choice: &Choice, total: Credits, balance: Credits) -> String {
    let plural = if choice.n == 1 { "" } else { "s" };
    let what = format!("{} image{plural}: {}", choice.n, credits(total));
    let before = thousands(balance.get());
    if total > balance {
        return format!("{what} · balance {before}");
    }
    format!(
        "{what} · balance {before} → {}",
        thousands(balance.minus(total).get())
    )
}

fn shortage(total: Credits, balance: Credits) -> Option<String> {
    (total > balance).then(|| {
        format!(
            "Your balance does not cover this: {} are missing.",
            credits(total.minus(balance))
        )
    })
}

fn capitalized(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

#[cfg(test)]
#[path = "view_tests.rs"]
mod tests;

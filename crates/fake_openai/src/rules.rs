//! What the real service refuses. Quoted messages are its own where they are known.

use serde_json::Value;

use crate::failure::Failure;
use crate::models::{self, Model};
use crate::record::{Call, File};

/// Fields of both endpoints.
const FIELDS: [&str; 12] = [
    "background",
    "model",
    "n",
    "output_compression",
    "output_format",
    "partial_images",
    "prompt",
    "quality",
    "safety_identifier",
    "size",
    "stream",
    "user",
];
/// A prompt has at most so many characters.
const MAX_PROMPT_CHARS: usize = 32_000;
/// A request takes at most so many images.
const MAX_FILES: usize = 16;
/// A file has fewer bytes than this.
const FILE_BYTES: u64 = 50 * 1024 * 1024;
/// A mask has fewer bytes than this.
const MASK_BYTES: u64 = 4 * 1024 * 1024;

/// What was asked, once it is valid.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) n: usize,
    /// Pixels, width first; `auto` has become 1024x1024.
    pub(crate) size: (u32, u32),
    pub(crate) quality: String,
    pub(crate) prompt: String,
    pub(crate) references: usize,
}

/// Checks the fields and files of a call.
pub(crate) fn check(call: &Call, is_edit: bool) -> Result<Ask, Failure> {
    let text = |name: &'static str| text(call, name);
    let model_name = text("model")?.unwrap_or("dall-e-2");
    let model = models::find(model_name).ok_or_else(|| Failure::model_not_found(model_name))?;
    known_fields(call, is_edit, model_name, model)?;
    let Some(prompt) = text("prompt")? else {
        let message = "Missing required parameter: 'prompt'.";
        return Err(Failure::invalid(
            "prompt",
            "missing_required_parameter",
            message,
        ));
    };
    let prompt_chars = prompt.chars().count();
    if !(1..=MAX_PROMPT_CHARS).contains(&prompt_chars) {
        let message = format!(
            "Invalid 'prompt': expected a string with length 1 to {MAX_PROMPT_CHARS}, but got one with length {prompt_chars}."
        );
        return Err(Failure::invalid("prompt", "invalid_value", message));
    }
    let quality = one_of(
        call,
        "quality",
        &["auto", "low", "medium", "high", "xhigh", "max"]
            [..if model.more_qualities { 6 } else { 4 }],
    )?;
    one_of(call, "background", &["auto", "opaque"])?;
    one_of(call, "moderation", &["auto", "low"])?;
    // The real one has more; this one draws nothing else.
    one_of(call, "output_format", &["png"])?;
    if call
        .fields
        .get("stream")
        .is_some_and(|stream| *stream != Value::Bool(false))
    {
        return Err(invalid_value("stream", "This stand-in does not stream."));
    }
    if is_edit {
        files(&call.files)?;
    }
    Ok(Ask {
        n: n(call)?,
        size: size(text("size")?.unwrap_or("auto"), model)?,
        quality: quality.unwrap_or("auto").to_owned(),
        prompt: prompt.to_owned(),
        references: call.files.len(),
    })
}

fn known_fields(call: &Call, is_edit: bool, name: &str, model: Model) -> Result<(), Failure> {
    for field in call.fields.keys() {
        if is_edit && field == "input_fidelity" {
            if model.input_fidelity {
                continue;
            }
            let message =
                format!("The model '{name}' does not support the 'input_fidelity' parameter.");
            return Err(Failure::invalid(
                field,
                "invalid_input_fidelity_model",
                message,
            ));
        }
        let known = FIELDS.contains(&field.as_str()) || !is_edit && field == "moderation";
        if !known {
            let message = format!("Unknown parameter: '{field}'.");
            return Err(Failure::invalid(field, "unknown_parameter", message));
        }
    }
    Ok(())
}

fn text<'a>(call: &'a Call, name: &str) -> Result<Option<&'a str>, Failure> {
    match call.fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(invalid_type(name, "a string")),
    }
}

fn one_of<'a>(call: &'a Call, name: &str, values: &[&str]) -> Result<Option<&'a str>, Failure> {
    let value = text(call, name)?;
    match value {
        Some(value) if !values.contains(&value) => {
            let values = values.join("', '");
            let message = format!("Invalid value: '{value}'. Supported values are: '{values}'.");
            Err(invalid_value(name, message))
        }
        _ => Ok(value),
    }
}

fn n(call: &Call) -> Result<usize, Failure> {
    let n = match call.fields.get("n") {
        None | Some(Value::Null) => Some(1),
        Some(Value::Number(n)) => n.as_u64(),
        // In a form every field is text.
        Some(Value::String(n)) if !call.files.is_empty() => n.parse().ok(),
        Some(_) => None,
    };
    match n {
        Some(n @ 1..=10) => Ok(usize::try_from(n).unwrap_or(1)),
        Some(n) => {
            let message =
                format!("Invalid 'n': expected a value from 1 to 10, but got {n} instead.");
            Err(invalid_value("n", message))
        }
        None => Err(invalid_type("n", "an integer")),
    }
}

/// The size rule of gpt-image-2 and later; three sizes for the models before.
fn size(text: &str, model: Model) -> Result<(u32, u32), Failure> {
    if text == "auto" {
        return Ok((1024, 1024));
    }
    let refused = |why: &str| invalid_value("size", format!("Invalid size '{text}'. {why}"));
    let sides = text.split_once('x');
    let sides = sides.and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
    let Some((width, height)): Option<(u32, u32)> = sides else {
        return Err(refused("It must be 'auto' or WIDTHxHEIGHT."));
    };
    if !model.any_size {
        return match text {
            "1024x1024" | "1536x1024" | "1024x1536" => Ok((width, height)),
            _ => Err(refused(
                "Supported sizes are 1024x1024, 1024x1536, 1536x1024, and auto.",
            )),
        };
    }
    let (long, short) = (width.max(height), width.min(height));
    if short == 0 || width % 16 != 0 || height % 16 != 0 {
        return Err(refused("Width and height must both be divisible by 16."));
    }
    if long > 3840 {
        return Err(refused(
            "The longest edge must be less than or equal to 3840.",
        ));
    }
    if long > 3 * short {
        return Err(refused("The aspect ratio must not be more than 3:1."));
    }
    match width * height {
        ..655_360 => Err(refused("It has fewer than 655360 pixels.")),
        655_360..=8_294_400 => Ok((width, height)),
        _ => Err(refused("It has more than 8294400 pixels.")),
    }
}

fn files(files: &[File]) -> Result<(), Failure> {
    let named = |name: &str| files.iter().filter(|file| file.field == name).count();
    for name in ["image", "mask"] {
        if named(name) > 1 {
            let message = format!(
                "Duplicate parameter: '{name}'. You provided multiple values for this parameter, whereas only one is allowed."
            );
            return Err(Failure::invalid(name, "duplicate_parameter", message));
        }
    }
    let images = named("image") + named("image[]");
    if images == 0 {
        let message = "Missing required parameter: 'image'.";
        return Err(Failure::invalid(
            "image",
            "missing_required_parameter",
            message,
        ));
    }
    if images > MAX_FILES {
        let message = format!("Too many images: at most {MAX_FILES}, but got {images}.");
        return Err(invalid_value("image", message));
    }
    files.iter().try_for_each(file)
}

fn file(file: &File) -> Result<(), Failure> {
    let declared = file
        .content_type
        .as_deref()
        .unwrap_or("application/octet-stream");
    let supported: &[&str] = match file.field.as_str() {
        "mask" => &["image/png"],
        _ => &["image/jpeg", "image/png", "image/webp"],
    };
    if !supported.contains(&declared) {
        let name = file.name.as_deref().unwrap_or_default();
        let message = format!(
            "Invalid file '{name}': unsupported mimetype ('{declared}'). Supported file formats are '{}'.",
            supported.join("', '")
        );
        return Err(Failure::invalid(
            &file.field,
            "unsupported_file_mimetype",
            message,
        ));
    }
    if file.found != Some(declared) {
        let message = "Invalid image file or mode, please check your image file.";
        return Err(Failure::invalid(&file.field, "invalid_image_file", message));
    }
    let limit = if file.field == "mask" {
        MASK_BYTES
    } else {
        FILE_BYTES
    };
    if file.bytes >= limit {
        let message = format!("Invalid file: it must be less than {} MB.", limit >> 20);
        return Err(invalid_value(&file.field, message));
    }
    Ok(())
}

fn invalid_value(param: &str, message: impl Into<String>) -> Failure {
    Failure::invalid(param, "invalid_value", message)
}

fn invalid_type(param: &str, expected: &str) -> Failure {
    let message = format!("Invalid type for '{param}': expected {expected}.");
    Failure::invalid(param, "invalid_type", message)
}

//! The fields of a request, as documented.

use utoipa::ToSchema;

/// A request without reference images.
#[derive(ToSchema)]
#[allow(dead_code)] // documents the shape; the body is read field by field, so that each error names its field
pub(crate) struct JsonRequestBody {
    /// An enabled model's id.
    #[schema(example = "gpt-image-2")]
    model: String,
    /// What to draw: 1 to 32,000 characters after trimming.
    #[schema(example = "A red fox in the snow")]
    prompt: String,
    /// `auto` or one of the model's ratios.
    #[schema(example = "1:1")]
    aspect_ratio: Option<String>,
    /// `auto` or `WIDTHxHEIGHT` within the model's limits.
    #[schema(example = "1024x1024")]
    size: Option<String>,
    /// A tier (`1K`, `2K`, `4K`) or a rendering quality (`auto`, `low`, `medium`, `high`).
    #[schema(example = "1K")]
    quality: Option<String>,
    /// How many images: 1 to 4.
    #[schema(example = 1, minimum = 1, maximum = 4)]
    n: Option<u8>,
    /// True answers 202 at once.
    #[serde(rename = "async")]
    #[schema(rename = "async", example = false)]
    is_async: Option<bool>,
}

/// A request with reference images. Every scalar is text.
#[derive(ToSchema)]
#[allow(dead_code)] // as above
pub(crate) struct MultipartRequestBody {
    /// An enabled model's id.
    model: String,
    /// What to draw: 1 to 32,000 characters after trimming.
    prompt: String,
    /// `auto` or one of the model's ratios.
    aspect_ratio: Option<String>,
    /// `auto` or `WIDTHxHEIGHT` within the model's limits.
    size: Option<String>,
    /// A tier or a rendering quality.
    quality: Option<String>,
    /// How many images: 1 to 4.
    n: Option<String>,
    /// `true`, `false`, `1` or `0`.
    #[serde(rename = "async")]
    #[schema(rename = "async")]
    is_async: Option<String>,
    /// Repeated: PNG, JPEG or WebP, at most 50 MB each. `reference_image[]`, `image` and `image[]` name it as well.
    #[schema(value_type = Option<Vec<String>>, format = Binary)]
    reference_image: Option<Vec<Vec<u8>>>,
}

/// The names of the one file field.
pub(super) const REFERENCE_NAMES: [&str; 4] =
    ["reference_image", "reference_image[]", "image", "image[]"];

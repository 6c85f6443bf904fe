//! The shapes that answers share.

use gih_domain::balance::Balance;
use gih_domain::generation::{Generation, SavedImage};
use serde::Serialize;
use utoipa::ToSchema;

use crate::links::Links;

/// Seconds between polls that an unfinished generation asks for: an image takes from seconds to minutes.
pub(crate) const POLL_AFTER_SECONDS: &str = "2";

/// A saved image.
#[derive(Serialize, ToSchema)]
pub(crate) struct ImageBody {
    /// The image's id.
    #[schema(example = "img_0198a3c27e0b7d45a1b2c3d4e5f60718")]
    id: String,
    /// Always `image`.
    #[schema(example = "image")]
    object: &'static str,
    /// Where it can be opened.
    url: String,
    /// When it was saved: RFC 3339, UTC, milliseconds.
    #[schema(example = "2026-04-30T08:00:00.000Z")]
    created_at: String,
}

impl ImageBody {
    pub(crate) fn new(image: &SavedImage, links: &Links) -> Self {
        Self {
            id: image.id.to_string(),
            object: "image",
            url: links.image_url(image),
            created_at: image.created_at.to_string(),
        }
    }

    pub(crate) fn all(generation: &Generation, links: &Links) -> Vec<Self> {
        let images = generation.end().map_or(&[][..], |end| end.ending.images());
        images.iter().map(|image| Self::new(image, links)).collect()
    }
}

/// What the account may spend.
#[derive(Serialize, ToSchema)]
pub(crate) struct BalanceBody {
    /// What can be spent now.
    credits: i64,
    /// `FREE`, `PRO` or `ENTERPRISE`.
    #[schema(example = "PRO")]
    account_type: &'static str,
    /// The soonest-expiring lot that still has credits.
    next_expiration: Option<NextExpirationBody>,
}

/// The lot that expires next.
#[derive(Serialize, ToSchema)]
struct NextExpirationBody {
    /// What it has left.
    credits: i64,
    /// From this instant on it is worth nothing.
    #[schema(example = "2026-12-01T00:00:00.000Z")]
    expires_at: String,
}

impl From<&Balance> for BalanceBody {
    fn from(balance: &Balance) -> Self {
        Self {
            credits: balance.credits.get(),
            account_type: balance.account_type.as_str(),
            next_expiration: balance.next_expiration.map(|next| NextExpirationBody {
                credits: next.credits.get(),
                expires_at: next.expires_at.to_string(),
            }),
        }
    }
}

/// The ratio in answers: `auto` when it was left open.
pub(crate) fn aspect_ratio(generation: &Generation) -> String {
    generation
        .aspect_ratio
        .map_or_else(|| "auto".to_owned(), |ratio| ratio.to_string())
}

//! Which sizes a model can draw, and which tier a size belongs to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::size::{AspectRatio, Size, Tier};

/// The sizes of one model; stored with it as JSON, so that another model's limits are a matter of data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SizeRule {
    /// Both edges are multiples of this many pixels.
    pub edge_multiple: u32,
    /// The longest edge, in pixels.
    pub max_edge: u32,
    /// The longer edge is at most this many times the shorter.
    pub max_ratio: u32,
    /// The fewest pixels.
    pub min_pixels: u64,
    /// The most pixels.
    pub max_pixels: u64,
    /// The most pixels of each tier; above the last bound a size belongs to the largest tier.
    pub tier_max_pixels: BTreeMap<Tier, u64>,
    /// What is drawn for a ratio and a tier, landscape; a portrait ratio swaps the edges.
    pub sizes: BTreeMap<AspectRatio, BTreeMap<Tier, Size>>,
}

/// A size breaks the rule; the text says how and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SizeRefused(String);

impl SizeRule {
    /// Whether the model can draw `size`.
    pub fn check(&self, size: Size) -> Result<(), SizeRefused> {
        let multiple = self.edge_multiple.max(1);
        let problem =
            if !size.width().is_multiple_of(multiple) || !size.height().is_multiple_of(multiple) {
                format!("both edges must be multiples of {multiple}")
            } else if size.long_edge() > self.max_edge {
                format!("the longest edge may be {} pixels", self.max_edge)
            } else if u64::from(size.long_edge())
                > u64::from(size.short_edge()) * u64::from(self.max_ratio)
            {
                format!(
                    "the longer edge may be {} times the shorter",
                    self.max_ratio
                )
            } else if size.pixels() < self.min_pixels || size.pixels() > self.max_pixels {
                format!(
                    "a size has {} to {} pixels in all, this one {}",
                    self.min_pixels,
                    self.max_pixels,
                    size.pixels()
                )
            } else {
                return Ok(());
            };
        Err(SizeRefused(problem))
    }

    /// The tier that `size` is priced at.
    pub fn tier_of(&self, size: Size) -> Tier {
        self.tier_max_pixels
            .iter()
            .find(|&(_, &max_pixels)| size.pixels() <= max_pixels)
            .map_or(Tier::FourK, |(&tier, _)| tier)
    }

    /// The size drawn for a ratio at a tier, if the table has one.
    pub fn size_for(&self, ratio: AspectRatio, tier: Tier) -> Option<Size> {
        let listed = |ratio: &AspectRatio| {
            self.sizes
                .get(ratio)
                .and_then(|tiers| tiers.get(&tier))
                .copied()
        };
        listed(&ratio).or_else(|| listed(&ratio.turned()).map(Size::turned))
    }
}

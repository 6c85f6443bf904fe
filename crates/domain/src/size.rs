//! Sizes, ratios, tiers and rendering qualities.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// `WIDTHxHEIGHT` in pixels, both at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Size {
    width: u32,
    height: u32,
}

/// The text is no size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a size is WIDTHxHEIGHT in pixels, like 1024x1536")]
pub struct InvalidSize;

impl Size {
    /// A size from its edges; `None` when one is zero.
    pub const fn new(width: u32, height: u32) -> Option<Self> {
        if width == 0 || height == 0 {
            None
        } else {
            Some(Self { width, height })
        }
    }

    /// Pixels from left to right.
    pub const fn width(self) -> u32 {
        self.width
    }

    /// Pixels from top to bottom.
    pub const fn height(self) -> u32 {
        self.height
    }

    /// Width times height.
    pub const fn pixels(self) -> u64 {
        self.width as u64 * self.height as u64
    }

    /// The longer edge.
    pub fn long_edge(self) -> u32 {
        self.width.max(self.height)
    }

    /// The shorter edge.
    pub fn short_edge(self) -> u32 {
        self.width.min(self.height)
    }

    /// Width and height exchanged.
    #[must_use]
    pub const fn turned(self) -> Self {
        Self {
            width: self.height,
            height: self.width,
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

impl FromStr for Size {
    type Err = InvalidSize;

    fn from_str(text: &str) -> Result<Self, InvalidSize> {
        let (width, height) = text.split_once('x').ok_or(InvalidSize)?;
        Self::new(
            plain_number(width).ok_or(InvalidSize)?,
            plain_number(height).ok_or(InvalidSize)?,
        )
        .ok_or(InvalidSize)
    }
}

impl TryFrom<String> for Size {
    type Error = InvalidSize;

    fn try_from(text: String) -> Result<Self, InvalidSize> {
        text.parse()
    }
}

impl From<Size> for String {
    fn from(size: Size) -> Self {
        size.to_string()
    }
}

/// Digits alone, no sign and no leading zero: `parse` would take `+16` and `016` as well.
fn plain_number(text: &str) -> Option<u32> {
    let plain = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// A shape, `WIDTH:HEIGHT`. Where a ratio may be left open, that is `None`, written `auto`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AspectRatio {
    width: u32,
    height: u32,
}

/// The text is no aspect ratio.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an aspect ratio is WIDTH:HEIGHT, like 16:9")]
pub struct InvalidAspectRatio;

impl AspectRatio {
    /// 1:1.
    pub const SQUARE: Self = Self {
        width: 1,
        height: 1,
    };

    /// A shape from its sides; `None` when one is zero.
    pub const fn new(width: u32, height: u32) -> Option<Self> {
        if width == 0 || height == 0 {
            None
        } else {
            Some(Self { width, height })
        }
    }

    /// How wide it is, in parts of which [`height`](Self::height) has some too.
    pub const fn width(self) -> u32 {
        self.width
    }

    /// How high it is, in parts of which [`width`](Self::width) has some too.
    pub const fn height(self) -> u32 {
        self.height
    }

    /// Width and height exchanged.
    #[must_use]
    pub const fn turned(self) -> Self {
        Self {
            width: self.height,
            height: self.width,
        }
    }

    /// The one of `ratios` nearest to `size` by the smallest difference of logarithms, so that 2:1 is as far from 1:1
    /// as 1:2 is; the first of equals. `None` when there is none to choose from.
    pub fn nearest(ratios: &[Self], size: Size) -> Option<Self> {
        let wanted = (f64::from(size.width) / f64::from(size.height)).ln();
        let distance =
            |ratio: &Self| ((f64::from(ratio.width) / f64::from(ratio.height)).ln() - wanted).abs();
        ratios
            .iter()
            .copied()
            .min_by(|a, b| distance(a).total_cmp(&distance(b)))
    }
}

impl fmt::Display for AspectRatio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.width, self.height)
    }
}

impl FromStr for AspectRatio {
    type Err = InvalidAspectRatio;

    fn from_str(text: &str) -> Result<Self, InvalidAspectRatio> {
        let (width, height) = text.split_once(':').ok_or(InvalidAspectRatio)?;
        let sides = plain_number(width).zip(plain_number(height));
        sides
            .and_then(|(width, height)| Self::new(width, height))
            .ok_or(InvalidAspectRatio)
    }
}

impl TryFrom<String> for AspectRatio {
    type Error = InvalidAspectRatio;

    fn try_from(text: String) -> Result<Self, InvalidAspectRatio> {
        text.parse()
    }
}

impl From<AspectRatio> for String {
    fn from(ratio: AspectRatio) -> Self {
        ratio.to_string()
    }
}

/// A resolution tier: what an image costs is a matter of its tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Tier {
    /// `1K`, the default.
    #[serde(rename = "1K")]
    OneK,
    /// `2K`.
    #[serde(rename = "2K")]
    TwoK,
    /// `4K`.
    #[serde(rename = "4K")]
    FourK,
}

/// The text names no tier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no tier: it is 1K, 2K or 4K")]
pub struct InvalidTier(String);

impl Tier {
    /// Every tier, smallest first.
    pub const ALL: [Self; 3] = [Self::OneK, Self::TwoK, Self::FourK];

    /// `1K`, `2K` or `4K`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OneK => "1K",
            Self::TwoK => "2K",
            Self::FourK => "4K",
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Tier {
    type Err = InvalidTier;

    fn from_str(text: &str) -> Result<Self, InvalidTier> {
        Self::ALL
            .into_iter()
            .find(|tier| tier.as_str() == text)
            .ok_or_else(|| InvalidTier(text.to_owned()))
    }
}

/// How much effort the provider spends on rendering.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum RenderingQuality {
    /// The provider chooses.
    #[default]
    Auto,
    /// Quick.
    Low,
    /// In between.
    Medium,
    /// Careful.
    High,
}

/// The text names no rendering quality.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no rendering quality: it is auto, low, medium or high")]
pub struct InvalidRenderingQuality(String);

impl RenderingQuality {
    /// Every rendering quality, in the order of the catalog.
    pub const ALL: [Self; 4] = [Self::Auto, Self::Low, Self::Medium, Self::High];

    /// `auto`, `low`, `medium` or `high`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

impl fmt::Display for RenderingQuality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for RenderingQuality {
    type Err = InvalidRenderingQuality;

    fn from_str(text: &str) -> Result<Self, InvalidRenderingQuality> {
        Self::ALL
            .into_iter()
            .find(|quality| quality.as_str() == text)
            .ok_or_else(|| InvalidRenderingQuality(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_strictly() {
        assert_eq!("1536x1024".parse(), Ok(Size::new(1536, 1024).unwrap()));
        for text in [
            "",
            "x",
            "1024",
            "1024X1024",
            "0x16",
            "016x16",
            "+16x16",
            "16x16x16",
            " 16x16",
            "4294967296x1",
        ] {
            assert_eq!(text.parse::<Size>(), Err(InvalidSize), "{text}");
        }
    }

    #[test]
    fn the_nearest_ratio_is_by_logarithm() {
        let ratios: Vec<AspectRatio> = ["1:1", "2:1", "1:2", "16:9"]
            .map(|text| text.parse().unwrap())
            .into();
        let nearest = |text: &str| {
            AspectRatio::nearest(&ratios, text.parse().unwrap())
                .unwrap()
                .to_string()
        };
        assert_eq!(nearest("1000x1000"), "1:1");
        assert_eq!(nearest("1920x1088"), "16:9");
        assert_eq!(nearest("640x1280"), "1:2");
        // Between 1:1 and 16:9 the border is their geometric mean, 4:3; arithmetically it would be 1.39.
        assert_eq!(nearest("1340x1000"), "16:9");
        assert_eq!(nearest("1330x1000"), "1:1");
        assert_eq!(AspectRatio::nearest(&[], "16x16".parse().unwrap()), None);
    }
}

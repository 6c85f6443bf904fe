//! The picture: a gradient of two colours with soft spots of more, row by row.

use gih_domain::size::Size;

use crate::label::Label;
use crate::random::Random;

/// Colours are computed at the corners of squares with this edge, in pixels, and interpolated within: nothing in the
/// picture is finer.
const CELL: u32 = 16;
/// How many spots there are.
const SPOTS: usize = 5;

/// A colour as shares of red, green and blue light (not of their sRGB values, which do not mix well).
type Light = [f32; 3];

/// Sets of colours that go together: background from, background to, three for spots.
const PALETTES: [[u32; 5]; 8] = [
    [0x1b_26_5c, 0x6b_3f_a0, 0xf2_7e_a6, 0xff_c2_8b, 0x5a_b8_ff], // dusk
    [0x0b_4f_6c, 0x2a_9d_8f, 0xe9_c4_6a, 0xf4_a2_61, 0x9b_e3_c8], // lagoon
    [0xff_9a_8b, 0xff_6a_88, 0xff_d5_8a, 0x8e_5c_d9, 0xff_f0_d8], // coral
    [0x23_3d_2e, 0x5a_8f_5c, 0xd9_e8_8f, 0xf2_c5_6e, 0x8f_d3_c1], // moss
    [0x3a_1c_71, 0xd7_6d_77, 0xff_af_7b, 0xff_e3_9f, 0x7c_5c_ff], // sunset
    [0x0f_20_3f, 0x20_5c_8f, 0x6f_e0_e6, 0xb9_a7_ff, 0xf7_f3_d0], // night
    [0xcf_8b_5a, 0xf0_c9_9a, 0x6f_a3_8f, 0xb3_52_3f, 0xff_ee_cf], // clay
    [0x7f_8f_d9, 0xc9_b8_f0, 0xff_b8_d0, 0x8f_e0_e0, 0xff_f6_c9], // morning
];

/// One image to draw.
pub(crate) struct Drawing {
    pub(crate) size: Size,
    from: Light,
    to: Light,
    /// Which way the background runs.
    direction: (f32, f32),
    spots: [Spot; SPOTS],
    label: Option<Label>,
}

/// A soft round spot. Lengths are in short edges of the picture.
#[derive(Clone, Copy)]
struct Spot {
    centre: (f32, f32),
    radius: f32,
    light: Light,
    strength: f32,
}

impl Drawing {
    /// Image `index` of a request, which the caller sees as `index + 1`.
    pub(crate) fn new(prompt: &str, index: u8, size: Size, references: usize) -> Self {
        let mut random = Random::of(prompt, index);
        let palette = random.choose(&PALETTES).map(light);
        let [from, to, accents @ ..] = palette;
        let (width, height) = in_short_edges(size);
        let direction = (random.between(-1.0, 1.0), random.between(0.3, 1.0));
        let spots = std::array::from_fn(|_| Spot {
            centre: (random.between(0.0, width), random.between(0.0, height)),
            radius: random.between(0.35, 0.85),
            light: random.choose(&accents),
            strength: random.between(0.55, 0.95),
        });
        Self {
            size,
            from,
            to,
            direction,
            spots,
            label: Some(Label::new(prompt, index, size, references)),
        }
    }

    #[cfg(test)]
    pub(crate) fn without_label(mut self) -> Self {
        self.label = None;
        self
    }

    /// The rows from top to bottom, each handed to `take` as red, green, blue, … until it errs.
    pub(crate) fn rows<E>(&self, mut take: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        let mut row = Vec::with_capacity(self.size.width() as usize * 3);
        let mut above = self.corners(0);
        let mut below = self.corners(1);
        for y in 0..self.size.height() {
            if y > 0 && y % CELL == 0 {
                above = below;
                below = self.corners(y / CELL + 1);
            }
            row.clear();
            self.fill(&mut row, &above, &below, y % CELL);
            if let Some(label) = &self.label {
                label.paint(&mut row, y);
            }
            take(&row)?;
        }
        Ok(())
    }

    /// The colours along one line of corners, in sRGB values with 16 bits after the point.
    fn corners(&self, line: u32) -> Vec<[i32; 3]> {
        let count = self.size.width() / CELL + 2;
        (0..count)
            .map(|column| self.colour(column * CELL, line * CELL))
            .collect()
    }

    fn fill(&self, row: &mut Vec<u8>, above: &[[i32; 3]], below: &[[i32; 3]], down: u32) {
        let (cell, down) = (CELL.cast_signed(), down.cast_signed());
        let mix = |column: usize, channel: usize| {
            let (above, below) = (above[column][channel], below[column][channel]);
            above + (below - above) / cell * down
        };
        let width = self.size.width();
        for (column, start) in (0..width).step_by(CELL as usize).enumerate() {
            let mut colour: [i32; 3] = std::array::from_fn(|channel| mix(column, channel));
            let step: [i32; 3] =
                std::array::from_fn(|channel| (mix(column + 1, channel) - colour[channel]) / cell);
            for _ in start..width.min(start + CELL) {
                // The colours lie between those of the corners, which are 0 to 255.
                row.extend(colour.map(|value| (value >> 16).to_le_bytes()[0]));
                for channel in 0..3 {
                    colour[channel] += step[channel];
                }
            }
        }
    }

    /// The colour of one pixel.
    fn colour(&self, x: u32, y: u32) -> [i32; 3] {
        let short = small(self.size.short_edge());
        let (width, height) = in_short_edges(self.size);
        let (x, y) = (small(x) / short, small(y) / short);
        let (right, down) = self.direction;
        // 0 in the middle; the background runs its whole way within the picture.
        let along = (x - width / 2.0) * right + (y - height / 2.0) * down;
        let longest = f32::midpoint(width * right.abs(), height * down.abs());
        let share = smooth(f32::midpoint(along / longest, 1.0));
        let mut light = blend(self.from, self.to, share);
        for spot in &self.spots {
            let (aside, off) = (x - spot.centre.0, y - spot.centre.1);
            let distance = (aside * aside + off * off) / (spot.radius * spot.radius);
            let near = (1.0 - distance).max(0.0);
            light = blend(light, spot.light, spot.strength * near * near);
        }
        light.map(|share| {
            // Light is about the square of sRGB values. Truncation is meant: these are 16 bits after the point.
            #[expect(
                clippy::cast_possible_truncation,
                reason = "0 to 255.0 times 65536 fits"
            )]
            let value = (share.clamp(0.0, 1.0).sqrt() * 255.0 * 65536.0) as i32;
            value
        })
    }
}

fn blend(from: Light, to: Light, share: f32) -> Light {
    std::array::from_fn(|channel| from[channel] + (to[channel] - from[channel]) * share)
}

/// From 0 to 1 with a slow start and end.
fn smooth(share: f32) -> f32 {
    let share = share.clamp(0.0, 1.0);
    share * share * (3.0 - 2.0 * share)
}

/// A colour written as `0xRRGGBB`.
fn light(rgb: u32) -> Light {
    let [_, red, green, blue] = rgb.to_be_bytes();
    [red, green, blue].map(|value| (f32::from(value) / 255.0).powi(2))
}

/// Width and height, the shorter being 1.
fn in_short_edges(size: Size) -> (f32, f32) {
    let short = small(size.short_edge());
    (small(size.width()) / short, small(size.height()) / short)
}

/// A length in pixels.
#[expect(clippy::cast_precision_loss, reason = "off by a pixel in 16 million")]
fn small(length: u32) -> f32 {
    length as f32
}

#[cfg(test)]
#[path = "drawing_tests.rs"]
mod tests;

//! The band across the foot of a picture that says what it is.

use font8x8::{BASIC_FONTS, GREEK_FONTS, HIRAGANA_FONTS, LATIN_FONTS, UnicodeFonts};
use gih_domain::size::Size;

/// What says that a picture is not the real thing.
const TITLE: &str = "SANDBOX";
/// Edge of a glyph, in dots.
const GLYPH: u32 = 8;
/// In place of a character the font lacks.
const UNKNOWN: [u8; 8] = [0x00, 0x7e, 0x42, 0x42, 0x42, 0x42, 0x7e, 0x00];
/// The prompt gets at most so many lines.
const PROMPT_LINES: usize = 2;
/// Letters on the band, and the line above it.
const WHITE: u8 = 255;

/// A label, laid out.
pub(crate) struct Label {
    /// The first row of the band; it goes down to the last.
    top: u32,
    /// How thick the line above it is.
    edge: u32,
    lines: Vec<Line>,
}

struct Line {
    left: u32,
    top: u32,
    /// Pixels to a dot.
    scale: u32,
    glyphs: Vec<[u8; 8]>,
}

impl Label {
    pub(crate) fn new(prompt: &str, index: u8, size: Size, references: usize) -> Self {
        // Letters of the prompt are a thirtieth of the short edge, so that they are read at any size.
        let scale = (size.short_edge() / 240).max(1);
        let margin = scale * 6;
        let columns = size.width().saturating_sub(2 * margin) / (GLYPH * scale);
        let mut texts = vec![(TITLE.to_owned(), scale * 2)];
        texts.extend(
            wrap(prompt, columns as usize)
                .into_iter()
                .map(|line| (line, scale)),
        );
        let mut caption = format!("#{} {size}", u16::from(index) + 1);
        match references {
            0 => {}
            1 => caption.push_str(", 1 reference image"),
            many => caption = format!("{caption}, {many} reference images"),
        }
        texts.push((caption, scale.div_ceil(2)));

        let gap = scale * 4;
        let height: u32 = texts.iter().map(|(_, scale)| GLYPH * scale + gap).sum();
        let top = size.height().saturating_sub(height + 2 * margin - gap);
        let mut line_top = top + margin;
        let lines = texts
            .into_iter()
            .map(|(text, scale)| {
                let line = Line {
                    left: margin,
                    top: line_top,
                    scale,
                    glyphs: text.chars().map(glyph).collect(),
                };
                line_top += GLYPH * scale + gap;
                line
            })
            .collect();
        Self {
            top,
            edge: scale,
            lines,
        }
    }

    /// Paints what of the label is in row `y`.
    pub(crate) fn paint(&self, row: &mut [u8], y: u32) {
        let Some(down) = y.checked_sub(self.top) else {
            return;
        };
        for value in &mut *row {
            *value = if down < self.edge {
                *value / 2 + WHITE / 2
            } else {
                *value / 4
            };
        }
        for line in &self.lines {
            line.paint(row, y);
        }
    }
}

impl Line {
    fn paint(&self, row: &mut [u8], y: u32) {
        let Some(dot_row) = y.checked_sub(self.top).map(|down| down / self.scale) else {
            return;
        };
        let left = self.left as usize;
        let scale = self.scale as usize;
        for (column, glyph) in self.glyphs.iter().enumerate() {
            let Some(dots) = glyph.get(dot_row as usize) else {
                return;
            };
            for dot in (0..8).filter(|dot| dots >> dot & 1 == 1) {
                let start = left + (column * 8 + dot) * scale;
                let end = (start + scale) * 3;
                // What does not fit is cut off.
                if let Some(pixels) = row.get_mut(start * 3..end) {
                    pixels.fill(WHITE);
                }
            }
        }
    }
}

/// The first words of a text, in lines of at most `columns` characters.
fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    if columns == 0 {
        return lines;
    }
    for word in text.split_whitespace() {
        // A long word is cut into pieces that fit.
        let mut letters: Vec<char> = word.chars().take(columns * PROMPT_LINES + 1).collect();
        while !letters.is_empty() {
            let room = lines
                .last()
                .map_or(0, |line| columns.saturating_sub(line.chars().count() + 1));
            if letters.len() <= room {
                if let Some(line) = lines.last_mut() {
                    line.push(' ');
                    line.extend(letters.drain(..));
                }
            } else if lines.len() == PROMPT_LINES {
                if let Some(line) = lines.last_mut() {
                    let kept = line.chars().count().min(columns.saturating_sub(3));
                    *line = line.chars().take(kept).chain("...".chars()).collect();
                }
                return lines;
            } else {
                lines.push(letters.drain(..letters.len().min(columns)).collect());
            }
        }
    }
    lines
}

fn glyph(character: char) -> [u8; 8] {
    BASIC_FONTS
        .get(character)
        .or_else(|| LATIN_FONTS.get(character))
        .or_else(|| GREEK_FONTS.get(character))
        .or_else(|| HIRAGANA_FONTS.get(character))
        .unwrap_or(UNKNOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_wrapped_and_cut() {
        assert_eq!(wrap("", 10), [""; 0]);
        assert_eq!(wrap(" a  red\nfox ", 20), ["a red fox"]);
        assert_eq!(wrap("a red fox", 6), ["a red", "fox"]);
        assert_eq!(wrap("a red fox in the snow", 9), ["a red fox", "in the..."]);
        assert_eq!(wrap("abcdefghij", 4), ["abcd", "e..."]);
        assert_eq!(wrap("abcdefgh", 4), ["abcd", "efgh"]);
        assert_eq!(wrap("äöü äöü äöü", 5), ["äöü", "äö..."]);
        assert_eq!(wrap("anything", 0), [""; 0]);
    }

    #[test]
    fn letters_have_shapes() {
        assert_ne!(glyph('A'), UNKNOWN);
        assert_ne!(glyph('é'), UNKNOWN);
        assert_eq!(glyph('狐'), UNKNOWN);
    }
}

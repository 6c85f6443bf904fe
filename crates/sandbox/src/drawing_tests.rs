use super::*;

fn size(text: &str) -> Size {
    text.parse().unwrap()
}

fn pixels(drawing: &Drawing) -> Vec<Vec<u8>> {
    let mut rows = Vec::new();
    drawing
        .rows(|row| {
            rows.push(row.to_vec());
            Ok::<(), ()>(())
        })
        .unwrap();
    rows
}

fn plain(prompt: &str, index: u8, at: &str) -> Vec<Vec<u8>> {
    pixels(&Drawing::new(prompt, index, size(at), 0).without_label())
}

#[test]
fn it_follows_from_prompt_index_and_size_alone() {
    assert_eq!(plain("a fox", 0, "320x208"), plain("a fox", 0, "320x208"));
    assert_ne!(plain("a fox", 0, "320x208"), plain("a fox", 1, "320x208"));
    assert_ne!(plain("a fox", 0, "320x208"), plain("a fax", 0, "320x208"));
}

#[test]
fn every_row_of_any_size_is_full() {
    for at in [
        "1x1", "1x300", "300x1", "15x17", "16x16", "17x33", "320x208",
    ] {
        let size = size(at);
        let rows = pixels(&Drawing::new("a fox", 0, size, 2));
        assert_eq!(rows.len(), size.height() as usize, "{at}");
        assert!(
            rows.iter()
                .all(|row| row.len() == size.width() as usize * 3),
            "{at}"
        );
    }
}

#[test]
fn it_is_smooth_and_not_flat() {
    let rows = plain("a fox", 0, "512x512");
    let mut colours = std::collections::HashSet::new();
    for (y, row) in rows.iter().enumerate() {
        for (x, pixel) in row.chunks(3).enumerate() {
            colours.insert(pixel.to_vec());
            for (channel, value) in pixel.iter().enumerate() {
                let left = if x == 0 {
                    *value
                } else {
                    row[(x - 1) * 3 + channel]
                };
                let above = if y == 0 {
                    *value
                } else {
                    rows[y - 1][x * 3 + channel]
                };
                assert!(
                    value.abs_diff(left) <= 8 && value.abs_diff(above) <= 8,
                    "{x},{y}"
                );
            }
        }
    }
    assert!(colours.len() > 1000, "{} colours", colours.len());
}

#[test]
fn the_label_is_on_the_foot_and_nowhere_else() {
    for at in ["1024x1024", "1776x592", "592x1776"] {
        let with = pixels(&Drawing::new("a red fox", 0, size(at), 0));
        let without = plain("a red fox", 0, at);
        let first = with.iter().zip(&without).position(|(a, b)| a != b).unwrap();
        let height = with.len();
        assert!(first > height / 2 && first < height - 60, "{at}: {first}");
        let letters = with[first + 10..].concat();
        let white = letters.chunks(3).filter(|pixel| *pixel == [255; 3]).count();
        assert!(white * 3 * 50 > letters.len(), "{at}: letters are there");
        let dark = letters
            .chunks(3)
            .filter(|pixel| pixel.iter().all(|value| *value < 64))
            .count();
        assert!(
            (white + dark) * 3 * 100 > letters.len() * 95,
            "{at}: and can be read"
        );
    }
}

#[test]
fn the_label_tells_prompt_index_and_references() {
    let at = size("640x640");
    // The words on the foot differ, not only the picture behind it.
    let letters = |prompt: &str, index: u8, references: usize| -> Vec<bool> {
        let rows = pixels(&Drawing::new(prompt, index, at, references));
        rows[480..]
            .concat()
            .chunks(3)
            .map(|pixel| pixel == [255; 3])
            .collect()
    };
    let first = letters("a fox", 0, 0);
    assert_eq!(first, letters("a fox", 0, 0));
    assert_ne!(first, letters("a fax", 0, 0));
    assert_ne!(first, letters("a fox", 1, 0));
    assert_ne!(first, letters("a fox", 0, 1));
    assert_ne!(letters("a fox", 0, 1), letters("a fox", 0, 2));
}

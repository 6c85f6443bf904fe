//! What a downloaded image is called: the beginning of its prompt, so that it is found again in a folder of downloads.

use std::fmt::Write as _;

use gih_domain::generation::SavedImage;

/// How many characters of the prompt are in the name; of any alphabet, and at most four bytes each, so that the name
/// fits into the 255 bytes of common file systems.
const CHARS: usize = 48;

/// The header that has a browser keep the image as a file (RFC 6266).
pub(super) fn attachment(prompt: Option<&str>, image: &SavedImage) -> String {
    let stem = prompt.map(slug).filter(|slug| !slug.is_empty());
    let stem = stem.unwrap_or_else(|| "image".to_owned());
    let place = place(image).map_or_else(String::new, |place| format!("-{}", place + 1));
    let name = format!("{stem}{place}.{}", image.about.format.extension());
    if name.is_ascii() {
        return format!("attachment; filename=\"{name}\"");
    }
    // For clients that know no other spelling, and then as it is (RFC 8187).
    let plain = format!("{}{place}.{}", image.id, image.about.format.extension());
    format!(
        "attachment; filename=\"{plain}\"; filename*=UTF-8''{}",
        percent(&name)
    )
}

/// Words with hyphens between them: letters and digits of any alphabet alone, so that no header and no path can be broken.
fn slug(prompt: &str) -> String {
    let mut slug = String::new();
    let mut chars = 0;
    for c in prompt.chars() {
        if chars == CHARS {
            break;
        }
        if c.is_alphanumeric() {
            slug.extend(c.to_lowercase());
            chars += 1;
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
            chars += 1;
        }
    }
    slug.trim_end_matches('-').to_owned()
}

/// The place of the image among those of its generation, from 0, as its object is named.
fn place(image: &SavedImage) -> Option<u32> {
    let file = image.object_name.as_str().rsplit('/').next()?;
    file.split_once('-')?.0.parse().ok()
}

fn percent(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_') {
            encoded.push(char::from(byte));
        } else {
            // Writing to a text cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::HOSTILE;

    #[test]
    fn files_are_called_after_the_prompt() {
        let image = crate::pages::samples::image(1);
        for (prompt, header) in [
            (
                Some("A red fox, in the snow!"),
                "attachment; filename=\"a-red-fox-in-the-snow-2.png\"",
            ),
            (
                Some("../../etc/passwd\r\nX: y"),
                "attachment; filename=\"etc-passwd-x-y-2.png\"",
            ),
            (Some("…!"), "attachment; filename=\"image-2.png\""),
            (None, "attachment; filename=\"image-2.png\""),
        ] {
            assert_eq!(attachment(prompt, &image), header);
        }
        let header = attachment(Some("여우"), &image);
        assert!(
            header.starts_with("attachment; filename=\"img_"),
            "{header}"
        );
        assert!(
            header.ends_with("-2.png\"; filename*=UTF-8''%EC%97%AC%EC%9A%B0-2.png"),
            "{header}"
        );
        assert!(!attachment(Some(HOSTILE), &image).contains(['<', '\'', '&']));
        let long = attachment(Some(&"fox ".repeat(8_000)), &image);
        assert!(long.len() < 100, "{long}");
    }
}

//! Inline text as HTML: `code`, **strong** and [links](/path). Nothing else means anything; all of it is escaped.

/// The text as HTML. A mark without its partner stands for itself.
pub(crate) fn html(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + text.len() / 4);
    let mut rest = text;
    while let Some(place) = rest.find(['`', '*', '[']) {
        html += &escape(&rest[..place]);
        let (piece, after) = mark(&rest[place..]);
        html += &piece;
        rest = after;
    }
    html + &escape(rest)
}

/// The mark at the beginning of a text as HTML, and what comes after it.
fn mark(text: &str) -> (String, &str) {
    if let Some((code, after)) = text.strip_prefix('`').and_then(|text| text.split_once('`')) {
        return (format!("<code>{}</code>", escape(code)), after);
    }
    if let Some((strong, after)) = text
        .strip_prefix("**")
        .and_then(|text| text.split_once("**"))
    {
        return (format!("<strong>{}</strong>", html(strong)), after);
    }
    if let Some((label, after)) = text
        .strip_prefix('[')
        .and_then(|text| text.split_once("]("))
    {
        let target = after.split_once(')');
        // Pages of the hub, and places on this page; an address of elsewhere is no translator's to choose.
        if let Some((href, after)) = target.filter(|(href, _)| is_own(href) && !label.contains('['))
        {
            return (
                format!("<a href=\"{}\">{}</a>", escape(href), html(label)),
                after,
            );
        }
    }
    // Marks are one byte each.
    (text[..1].to_owned(), &text[1..])
}

fn is_own(href: &str) -> bool {
    // `//host` is another host to a browser.
    href.starts_with('#') || (href.starts_with('/') && !href.starts_with("//"))
}

/// Text between tags and in quoted attributes. What needs no escape there has none: pages are weighed.
pub(crate) fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => html += "&amp;",
            '<' => html += "&lt;",
            '>' => html += "&gt;",
            '"' => html += "&#34;",
            _ => html.push(char),
        }
    }
    html
}

/// Text between tags alone: quotes may stay.
pub(crate) fn escape_body(text: &str) -> String {
    escape(text).replace("&#34;", "\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_become_tags() {
        assert_eq!(
            html("a `b` **c `d`** [e `f`](/g#h) [i](#j)."),
            "a <code>b</code> <strong>c <code>d</code></strong> <a href=\"/g#h\">e <code>f</code></a> <a href=\"#j\">i</a>."
        );
    }

    #[test]
    fn nothing_else_is_html() {
        assert_eq!(
            html("<b>&\"`<i>`"),
            "&lt;b&gt;&amp;&#34;<code>&lt;i&gt;</code>"
        );
        assert_eq!(html("[x](javascript:alert(1))"), "[x](javascript:alert(1))");
        assert_eq!(html("[x](//evil.example.com)"), "[x](//evil.example.com)");
        assert_eq!(
            html("[x](https://evil.example.com)"),
            "[x](https://evil.example.com)"
        );
        assert_eq!(
            html("[x](/\"onclick=1)"),
            "<a href=\"/&#34;onclick=1\">x</a>"
        );
    }

    #[test]
    fn lonely_marks_stand_for_themselves() {
        for text in [
            "a ` b",
            "2 * 3",
            "**a",
            "images[0].url",
            "[a](b",
            "a [ b",
            "`",
            "*",
            "[",
        ] {
            assert_eq!(html(text), text);
        }
        assert_eq!(html("`images[0].url`"), "<code>images[0].url</code>");
    }
}

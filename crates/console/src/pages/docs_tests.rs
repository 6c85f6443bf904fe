use gih_domain::catalog::shipped_models;

use super::*;
use crate::assets;

fn sources() -> Sources {
    Sources {
        base_url: "https://hub.example.com".to_owned(),
        is_sign_up_open: true,
        models: Some(shipped_models()),
    }
}

fn page(language: &'static Language, sources: Sources) -> String {
    DocsPage::new(language, None, sources).render().unwrap()
}

/// What a browser loads at first with any page, besides images: the most, in bytes.
const MAX_WEIGHT: usize = 60 * 1024;

#[test]
fn every_language_is_a_page_of_little_weight() {
    for language in Language::all() {
        let html = page(language, sources());
        assert!(html.contains(&format!("<html lang=\"{}\">", language.tag)));
        let assets: usize = ["console.css", "docs.css", "console.js", "docs.js"]
            .map(assets::weight)
            .iter()
            .sum();
        let weight = html.len() + assets;
        println!("{language:?}: {} + {assets} = {weight} bytes", html.len());
        assert!(weight <= MAX_WEIGHT, "{language:?} weighs {weight} bytes");
    }
}

//! The models that were on offer in November 2026, and what each takes.

/// What a model takes.
#[derive(Clone, Copy)]
pub(crate) struct Model {
    /// Any size within the rule, not only the three standard ones.
    pub(crate) any_size: bool,
    /// The qualities `xhigh` and `max`.
    pub(crate) more_qualities: bool,
    /// `input_fidelity` on edits.
    pub(crate) input_fidelity: bool,
}

/// Every model by name.
pub(crate) const NAMES: [&str; 13] = [
    "gpt-image-2",
    "gpt-image-2-2026-04-21",
    "gpt-image-2.5-sunburst",
    "gpt-image-2.5-sunburst-2026-09-08",
    "gpt-image-2.5-flare",
    "gpt-image-2.5-flare-2026-09-08",
    "gpt-image-2.6-sunburst",
    "gpt-image-2.6-sunburst-2026-09-08",
    "gpt-image-2.6-flare",
    "gpt-image-2.6-flare-2026-09-08",
    "gpt-image-1.5",
    "gpt-image-1-mini",
    "chatgpt-image-latest",
];

pub(crate) fn find(name: &str) -> Option<Model> {
    NAMES.contains(&name).then(|| {
        let any_size = name.starts_with("gpt-image-2");
        Model {
            any_size,
            more_qualities: name.starts_with("gpt-image-2.5") || name.starts_with("gpt-image-2.6"),
            input_fidelity: matches!(name, "gpt-image-1.5" | "gpt-image-1-mini"),
        }
    })
}

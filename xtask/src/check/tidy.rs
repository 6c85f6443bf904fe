//! What a reader would otherwise have to say in every review.

use super::verdict;
use crate::workspace;
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

/// Past it a file is more than one thing.
const MAX_LINES: usize = 400;

/// A path out of the repository. In pieces, here and below, because this file is read too.
const OUTSIDE: &str = concat!("..", "/shared");

const IGNORE: &str = concat!("#[", "ignore");

/// Folders that are not the project's text.
const SKIPPED: [&str; 3] = [".git", "target", "data"];

/// Reads every file of the checkout.
pub fn check() -> Result<()> {
    let mut findings = Vec::new();
    visit(&workspace::root(), Path::new(""), &mut findings)?;
    verdict(&findings)
}

fn visit(root: &Path, folder: &Path, findings: &mut Vec<String>) -> Result<()> {
    let absolute = root.join(folder);
    let entries =
        fs::read_dir(&absolute).with_context(|| format!("cannot read {}", absolute.display()))?;
    for entry in entries {
        let entry = entry?;
        let path = folder.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() && !SKIPPED.iter().any(|skipped| path == Path::new(skipped)) {
            visit(root, &path, findings)?;
        } else if kind.is_file() {
            let bytes = fs::read(entry.path())
                .with_context(|| format!("cannot read {}", path.display()))?;
            findings.extend(look(&path, &String::from_utf8_lossy(&bytes)));
        }
    }
    Ok(())
}

/// What is wrong with one file. The path is relative to the root.
fn look(path: &Path, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    let shown = path.display();
    let ours = ["benches", "crates", "xtask"]
        .iter()
        .any(|folder| path.starts_with(folder));
    let rust = path.extension().is_some_and(|extension| extension == "rs");
    let lines = text.lines().count();
    if ours && rust && lines > MAX_LINES {
        findings.push(format!(
            "{shown}: {lines} lines; split what is more than {MAX_LINES} by meaning"
        ));
    }
    for (number, line) in (1..).zip(text.lines()) {
        if line.contains(OUTSIDE) {
            findings.push(format!(
                "{shown}:{number}: `{OUTSIDE}` is not part of the project"
            ));
        }
        if rust && ignores_without_reason(line) {
            findings.push(format!("{shown}:{number}: say why: `{IGNORE} = \"…\"]`"));
        }
    }
    findings
}

/// Whether the line switches a test off and keeps the reason to itself.
fn ignores_without_reason(line: &str) -> bool {
    let plain = line.match_indices(IGNORE).any(|(start, _)| {
        let reason = line[start + IGNORE.len()..]
            .trim_start()
            .strip_prefix("= \"");
        reason.is_none_or(|reason| reason.trim_start().starts_with('"'))
    });
    plain || (line.contains("cfg_attr") && line.contains(concat!(", ", "ignore)")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        look(Path::new(path), text).len()
    }

    #[test]
    fn long_files_of_ours_are_found() {
        let long = "// x\n".repeat(MAX_LINES + 1);
        assert_eq!(found("crates/api/src/a.rs", &long), 1);
        assert_eq!(found("xtask/src/a.rs", &long), 1);
        assert_eq!(found("benches/src/a.rs", &long), 1);
        assert_eq!(found("crates/api/src/a.rs", &"// x\n".repeat(MAX_LINES)), 0);
        assert_eq!(found("crates/api/api.json", &long), 0);
    }

    #[test]
    fn paths_out_of_the_repository_are_found_in_any_file() {
        let text = format!("fine\nsee {OUTSIDE}/notes.md\n");
        let findings = look(Path::new("docs/a.md"), &text);
        assert_eq!(findings.len(), 1);
        assert!(findings[0].starts_with("docs/a.md:2: "), "{findings:?}");
        assert_eq!(found("docs/a.md", "see ../other/notes.md"), 0);
    }

    #[test]
    fn an_ignored_test_needs_a_reason() {
        assert_eq!(found("crates/a.rs", &format!("    {IGNORE}]\n")), 1);
        assert_eq!(found("crates/a.rs", &format!("    {IGNORE} = \"\"]\n")), 1);
        assert_eq!(
            found(
                "crates/a.rs",
                concat!("#[cfg_attr(windows", ", ", "ignore)]\n")
            ),
            1
        );
        assert_eq!(
            found(
                "crates/a.rs",
                &format!("    {IGNORE} = \"takes an hour\"]\n")
            ),
            0
        );
        assert_eq!(found("docs/a.md", &format!("{IGNORE}]\n")), 0);
    }
}

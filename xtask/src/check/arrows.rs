//! The domain stands on the ground floor: all it depends on, at any depth, is listed here.

use super::verdict;
use crate::workspace;
use anyhow::Result;

/// What the domain depends on by its own choice, and what those bring. No I/O, no runtime, no SQL, no HTTP.
const ALLOWED: &[&str] = &[
    "gih-domain",
    // chosen
    "async-trait",
    "bytes",
    "crc32fast",
    "futures-channel",
    "futures-core",
    "futures-util",
    "jiff",
    "serde",
    "sha2",
    "thiserror",
    "tracing",
    "uuid",
    // brought along
    "block-buffer",
    "cfg-if",
    "const-oid",
    "cpufeatures",
    "crypto-common",
    "digest",
    "futures-macro",
    "futures-sink",
    "futures-task",
    "getrandom",
    "hybrid-array",
    "jiff-core",
    "libc",
    "log",
    "once_cell",
    "pin-project-lite",
    "proc-macro2",
    "quote",
    "serde_core",
    "serde_derive",
    "slab",
    "syn",
    "thiserror-impl",
    "tracing-attributes",
    "tracing-core",
    "typenum",
    "unicode-ident",
];

/// Holds the domain's tree to the list.
pub fn check() -> Result<()> {
    let mut tree = workspace::cargo();
    tree.args([
        "tree",
        "--package",
        "gih-domain",
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--all-features",
    ]);
    verdict(&findings(&workspace::output(
        tree.current_dir(workspace::root()),
    )?))
}

/// Every crate of the tree that is not allowed; an empty tree is one too, for it was not the domain's.
fn findings(tree: &str) -> Vec<String> {
    let mut names: Vec<&str> = tree
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    names.sort_unstable();
    names.dedup();
    if !names.contains(&"gih-domain") {
        return vec!["the tree of gih-domain does not hold gih-domain".to_owned()];
    }
    names.retain(|name| !ALLOWED.contains(name));
    names
        .iter()
        .map(|name| {
            format!(
                "gih-domain depends on {name}, which is not on the list in {}",
                file!()
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_listed_may_stay() {
        let tree = "gih-domain v0.1.0 (/home/x)\nbytes v1.0.0\nserde v1.0.0\nserde_derive v1.0.0 (proc-macro)\nbytes v1.0.0 (*)\n";
        assert_eq!(findings(tree), Vec::<String>::new());
    }

    #[test]
    fn what_is_not_listed_is_found() {
        let found = findings("gih-domain v0.1.0 (/home/x)\nreqwest v0.13.0\nreqwest v0.13.0 (*)\n");
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("reqwest"), "{found:?}");
    }

    #[test]
    fn no_tree_is_no_pass() {
        assert_eq!(findings("").len(), 1);
    }
}

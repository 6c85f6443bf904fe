//! `cargo test -p gih-domain` compiles no dependency again after a build of the workspace.
//!
//! Cargo compiles a dependency once for each set of features, and the set depends on the packages of the build. So the
//! domain's manifest asks for the features that the whole workspace has.

use super::verdict;
use crate::workspace;
use anyhow::Result;
use std::collections::BTreeSet;

/// Compares what both builds compile.
pub fn check() -> Result<()> {
    let mut found = BTreeSet::new();
    for edges in [RUN, ALL] {
        let of_domain = tree(&["--package", "gih-domain"], edges)?;
        let of_workspace = tree(&["--workspace"], edges)?;
        found.extend(differences(&of_domain, &of_workspace));
    }
    verdict(&Vec::from_iter(found))
}

/// The packages that a test is linked with. They are compared alone first: a package that macros are also built with may
/// have two sets of features, and the wrong one would pass for the right one.
const RUN: &str = "normal,dev,no-proc-macro";
/// These, and the packages that macros and build scripts are built with.
const ALL: &str = "normal,build,dev";

/// Each package of a build's tree with its features, a line each.
fn tree(packages: &[&str], edges: &str) -> Result<String> {
    let mut tree = workspace::cargo();
    tree.arg("tree")
        .args(packages)
        .args(["--edges", edges, "--prefix", "none"])
        .args(["--no-dedupe", "--format", "{p} [{f}]"]);
    workspace::output(tree.current_dir(workspace::root()))
}

fn differences(of_domain: &str, of_workspace: &str) -> Vec<String> {
    let of_workspace: BTreeSet<&str> = of_workspace.lines().collect();
    let of_domain: BTreeSet<&str> = of_domain.lines().collect();
    let missing = of_domain.difference(&of_workspace);
    missing
        .map(|line| {
            let package = line.split(" [").next().unwrap_or(line);
            let wanted: Vec<&str> = (of_workspace.iter())
                .filter_map(|other| other.strip_prefix(package))
                .map(str::trim)
                .collect();
            format!(
                "`cargo test -p gih-domain` builds {line}, the workspace {}: ask for these features in crates/domain/Cargo.toml",
                wanted.join(" or ")
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_with_other_features_is_named_with_those_it_should_have() {
        let of_domain = "gih-domain v0.1.0 (/x) []\nlibc v0.2.1 []\nslab v0.4.1 [default,std]\n";
        let of_workspace = format!("{of_domain}libc v0.2.1 [default,std]\n");
        assert!(differences(of_domain, &of_workspace).is_empty());
        let of_workspace =
            "gih-domain v0.1.0 (/x) []\nlibc v0.2.1 [default,std]\nslab v0.4.1 [default,std]\n";
        let found = differences(of_domain, of_workspace);
        assert_eq!(found.len(), 1);
        assert!(
            found[0].contains("builds libc v0.2.1 [], the workspace [default,std]:"),
            "{found:?}"
        );
    }
}

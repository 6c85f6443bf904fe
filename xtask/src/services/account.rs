//! The account that Postgres runs as when we are root, since it refuses to be root.

use anyhow::{Context, Result};
use std::fs;

/// A user of the machine.
#[derive(Debug, PartialEq, Eq)]
pub struct Account {
    /// The user's id.
    pub uid: u32,
    /// The user's main group.
    pub gid: u32,
}

/// `postgres`, which a package makes, or else `nobody`.
pub fn unprivileged() -> Result<Account> {
    let users = fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
    pick(&users).context("neither `postgres` nor `nobody` is a user of this machine: add one, Postgres does not run as root")
}

/// Reads lines of `name:password:uid:gid:…`; root under another name is not taken.
fn pick(users: &str) -> Option<Account> {
    ["postgres", "nobody"].into_iter().find_map(|wanted| {
        users.lines().find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            let uid = fields.nth(1)?.parse().ok()?;
            let gid = fields.next()?.parse().ok()?;
            (name == wanted && uid != 0).then_some(Account { uid, gid })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: &str = "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65533::/:/bin/false\npostgres:x:101:104:A,,,:/var:/bin/sh\n";

    #[test]
    fn postgres_is_preferred_to_nobody() {
        assert_eq!(pick(BOTH), Some(Account { uid: 101, gid: 104 }));
        assert_eq!(
            pick(BOTH.split("postgres").next().unwrap()),
            Some(Account {
                uid: 65534,
                gid: 65533
            })
        );
    }

    #[test]
    fn nobody_else_will_do() {
        assert_eq!(
            pick("root:x:0:0::/root:/bin/sh\nnot a line\npostgres:x:0:0::/:/bin/sh\n"),
            None
        );
    }
}

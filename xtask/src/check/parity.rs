//! The two folders of migrations tell one story: same names, each with its way up and down, same tables and columns.

use super::sql::Schema;
use super::verdict;
use crate::workspace;
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// One database's migrations by name, each its `up.sql` and `down.sql` where there is one.
type Migrations = BTreeMap<String, (Option<String>, Option<String>)>;

/// Compares the databases' migrations.
pub fn check() -> Result<()> {
    let folder = workspace::root().join("migrations");
    let (postgres, sqlite) = (
        read(&folder.join("postgres"))?,
        read(&folder.join("sqlite"))?,
    );
    verdict(&compare(&postgres, &sqlite))
}

fn read(folder: &Path) -> Result<Migrations> {
    let mut migrations = Migrations::new();
    for entry in
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?
    {
        let entry = entry?;
        let file = |name: &str| {
            let path = entry.path().join(name);
            if !path.exists() {
                return Ok(None);
            }
            fs::read_to_string(&path)
                .map(Some)
                .with_context(|| format!("cannot read {}", path.display()))
        };
        migrations.insert(
            entry.file_name().to_string_lossy().into_owned(),
            (file("up.sql")?, file("down.sql")?),
        );
    }
    Ok(migrations)
}

/// Everything that is not the same, migration by migration. The schema is compared after each one, so that the first
/// that departs is named.
fn compare(postgres: &Migrations, sqlite: &Migrations) -> Vec<String> {
    let mut findings = Vec::new();
    if postgres.is_empty() {
        findings.push("there are no migrations".to_owned());
    }
    for (name, database) in
        missing(postgres, sqlite, "sqlite").chain(missing(sqlite, postgres, "postgres"))
    {
        findings.push(format!("{name}: not in migrations/{database}"));
    }
    let (mut on_postgres, mut on_sqlite) = (Schema::default(), Schema::default());
    for (name, one) in postgres {
        let Some(other) = sqlite.get(name) else {
            continue;
        };
        for (database, migration, schema) in [
            ("postgres", one, &mut on_postgres),
            ("sqlite", other, &mut on_sqlite),
        ] {
            findings.extend(
                advance(schema, migration)
                    .into_iter()
                    .map(|finding| format!("{database}/{name}: {finding}")),
            );
        }
        let differences = on_postgres.differences(&on_sqlite);
        if !differences.is_empty() {
            findings.extend(
                differences
                    .into_iter()
                    .map(|difference| format!("{name}: {difference}")),
            );
            break;
        }
    }
    findings
}

fn missing<'a>(
    from: &'a Migrations,
    among: &'a Migrations,
    database: &'static str,
) -> impl Iterator<Item = (&'a String, &'static str)> {
    from.keys()
        .filter(|name| !among.contains_key(*name))
        .map(move |name| (name, database))
}

/// Applies a migration, and says what is wrong with it on its own: its way down must lead where its way up began.
fn advance(schema: &mut Schema, (up, down): &(Option<String>, Option<String>)) -> Vec<String> {
    let (Some(up), Some(down)) = (up, down) else {
        return vec!["needs both up.sql and down.sql".to_owned()];
    };
    let before = schema.clone();
    if let Err(problem) = schema.apply(up) {
        return vec![format!("up.sql: {problem}")];
    }
    let mut undone = schema.clone();
    if let Err(problem) = undone.apply(down) {
        return vec![format!("down.sql: {problem}")];
    }
    undone.differences_named(&before, "after down.sql", "before up.sql")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn migrations(list: &[(&str, &str, &str)]) -> Migrations {
        let file = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        list.iter()
            .map(|(name, up, down)| ((*name).to_owned(), (file(up), file(down))))
            .collect()
    }

    const ONE: (&str, &str, &str) = (
        "1_a",
        "CREATE TABLE a (id uuid, name text);",
        "DROP TABLE a;",
    );

    #[test]
    fn the_same_story_passes() {
        let sqlite = (
            "1_a",
            "CREATE TABLE a (name text, id blob) STRICT;",
            "DROP TABLE a;",
        );
        assert_eq!(
            compare(&migrations(&[ONE]), &migrations(&[sqlite])),
            Vec::<String>::new()
        );
    }

    #[test]
    fn a_missing_migration_is_found_on_either_side() {
        let two = ("2_b", "CREATE TABLE b (id int);", "DROP TABLE b;");
        assert_eq!(
            compare(&migrations(&[ONE, two]), &migrations(&[ONE])),
            ["2_b: not in migrations/sqlite"]
        );
        assert_eq!(
            compare(&migrations(&[ONE]), &migrations(&[ONE, two])),
            ["2_b: not in migrations/postgres"]
        );
        assert_eq!(
            compare(&migrations(&[]), &migrations(&[])),
            ["there are no migrations"]
        );
    }

    #[test]
    fn a_column_that_only_one_has_is_found() {
        let fuller = (
            "1_a",
            "CREATE TABLE a (id blob, name text, extra text);",
            "DROP TABLE a;",
        );
        let found = compare(&migrations(&[ONE]), &migrations(&[fuller]));
        assert_eq!(found, ["1_a: column a.extra is only in sqlite"]);
    }

    #[test]
    fn a_missing_way_down_is_found() {
        let stuck = ("1_a", ONE.1, "");
        let found = compare(&migrations(&[stuck]), &migrations(&[ONE]));
        assert!(
            found.contains(&"postgres/1_a: needs both up.sql and down.sql".to_owned()),
            "{found:?}"
        );
    }

    #[test]
    fn a_way_down_that_leaves_something_is_found() {
        let careless = (
            "1_a",
            "CREATE TABLE a (id int); CREATE TABLE b (id int);",
            "DROP TABLE a;",
        );
        let found = compare(&migrations(&[careless]), &migrations(&[careless]));
        assert_eq!(found.len(), 2);
        assert_eq!(found[0], "postgres/1_a: table b is only after down.sql");
    }

    #[test]
    fn the_projects_own_migrations_can_be_read() {
        let folder = workspace::root().join("migrations");
        for database in ["postgres", "sqlite"] {
            let mut schema = Schema::default();
            for (name, (up, _)) in read(&folder.join(database)).unwrap() {
                schema
                    .apply(&up.unwrap())
                    .unwrap_or_else(|problem| panic!("{database}/{name}: {problem}"));
            }
            assert!(schema.has("generations", "status"));
        }
    }
}

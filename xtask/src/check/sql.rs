//! As much SQL as it takes to know which tables and columns a migration leaves behind: constraints, types, indexes and
//! triggers are passed over.

#[path = "sql/token.rs"]
mod token;

use std::collections::{BTreeMap, BTreeSet};
use token::{Token, statements};

/// Tables and their columns, by name.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Schema {
    tables: BTreeMap<String, BTreeSet<String>>,
}

/// Words that begin a table constraint where a column's name could stand.
const CONSTRAINTS: [&str; 7] = [
    "constraint",
    "primary",
    "unique",
    "check",
    "foreign",
    "exclude",
    "like",
];

impl Schema {
    /// Applies a script of statements; the error says which one makes no sense here.
    pub fn apply(&mut self, script: &str) -> Result<(), String> {
        for statement in statements(script) {
            let mut words = Words(&statement);
            if words.take("create") {
                words.take_any(&["temporary", "temp", "unlogged"]);
                if words.take("table") {
                    self.create(words)?;
                }
            } else if words.take("drop") && words.take("table") {
                self.drop_tables(words)?;
            } else if words.take("alter") && words.take("table") {
                self.alter(words)?;
            }
        }
        Ok(())
    }

    /// Whether the table has the column.
    #[cfg(test)]
    pub fn has(&self, table: &str, column: &str) -> bool {
        self.tables
            .get(table)
            .is_some_and(|columns| columns.contains(column))
    }

    /// What only one of the databases has.
    pub fn differences(&self, sqlite: &Self) -> Vec<String> {
        self.differences_named(sqlite, "in postgres", "in sqlite")
    }

    /// What only one of two schemas has, each called by its name.
    pub fn differences_named(&self, other: &Self, here: &str, there: &str) -> Vec<String> {
        let mut found = Vec::new();
        for (one, another, place) in [(self, other, here), (other, self, there)] {
            for (table, columns) in &one.tables {
                match another.tables.get(table) {
                    None => found.push(format!("table {table} is only {place}")),
                    Some(others) => found.extend(
                        columns
                            .difference(others)
                            .map(|column| format!("column {table}.{column} is only {place}")),
                    ),
                }
            }
        }
        found
    }

    fn create(&mut self, mut words: Words<'_>) -> Result<(), String> {
        let exists_is_fine = words.take_all(&["if", "not", "exists"]);
        let table = words.name()?;
        if self.tables.contains_key(&table) {
            return if exists_is_fine {
                Ok(())
            } else {
                Err(format!("table {table} is there already"))
            };
        }
        let items = words
            .parenthesised()
            .ok_or_else(|| format!("cannot read the columns of table {table}"))?;
        let mut columns = BTreeSet::new();
        for item in items {
            let mut item = Words(&item);
            if !item.is_constraint() {
                let column = item.name()?;
                if !columns.insert(column.clone()) {
                    return Err(format!("column {table}.{column} is there twice"));
                }
            }
        }
        self.tables.insert(table, columns);
        Ok(())
    }

    fn drop_tables(&mut self, mut words: Words<'_>) -> Result<(), String> {
        let missing_is_fine = words.take_all(&["if", "exists"]);
        for item in words.list() {
            let table = Words(&item).name()?;
            if self.tables.remove(&table).is_none() && !missing_is_fine {
                return Err(format!("there is no table {table}"));
            }
        }
        Ok(())
    }

    fn alter(&mut self, mut words: Words<'_>) -> Result<(), String> {
        let missing_is_fine = words.take_all(&["if", "exists"]);
        words.take("only");
        let mut table = words.name()?;
        if !self.tables.contains_key(&table) {
            return if missing_is_fine {
                Ok(())
            } else {
                Err(format!("there is no table {table}"))
            };
        }
        for action in words.list() {
            let mut action = Words(&action);
            if action.take_all(&["rename", "to"]) {
                let name = action.name()?;
                let columns = self.tables.remove(&table).unwrap_or_default();
                if self.tables.insert(name.clone(), columns).is_some() {
                    return Err(format!("table {name} is there already"));
                }
                table = name;
            } else if let Some(columns) = self.tables.get_mut(&table) {
                alter_columns(&table, columns, action)?;
            }
        }
        Ok(())
    }
}

/// Applies one action of ALTER TABLE that adds, drops or renames a column, and passes over any other.
fn alter_columns(
    table: &str,
    columns: &mut BTreeSet<String>,
    mut action: Words<'_>,
) -> Result<(), String> {
    let add = |columns: &mut BTreeSet<String>, column: String| {
        if columns.insert(column.clone()) {
            Ok(())
        } else {
            Err(format!("column {table}.{column} is there already"))
        }
    };
    let remove = |columns: &mut BTreeSet<String>, column: &str| {
        if columns.remove(column) {
            Ok(())
        } else {
            Err(format!("there is no column {table}.{column}"))
        }
    };
    let verb = action.take_any(&["add", "drop", "rename"]);
    if verb.is_none() || action.is_constraint() {
        return Ok(());
    }
    action.take("column");
    let lenient = action.take_all(&["if", "not", "exists"]) || action.take_all(&["if", "exists"]);
    let column = action.name()?;
    match verb {
        Some("add") if lenient && columns.contains(&column) => Ok(()),
        Some("add") => add(columns, column),
        Some("drop") if lenient && !columns.contains(&column) => Ok(()),
        Some("drop") => remove(columns, &column),
        _ if action.take("to") => {
            remove(columns, &column)?;
            add(columns, action.name()?)
        }
        _ => Err(format!(
            "cannot read how column {table}.{column} is renamed"
        )),
    }
}

/// The rest of a statement, read from its front.
#[derive(Clone, Copy)]
struct Words<'a>(&'a [Token]);

impl Words<'_> {
    fn take(&mut self, word: &str) -> bool {
        let found = self.0.first().is_some_and(|token| token.is(word));
        if found {
            self.0 = &self.0[1..];
        }
        found
    }

    fn take_all(&mut self, words: &[&str]) -> bool {
        let found = words.len() <= self.0.len()
            && words.iter().zip(self.0).all(|(word, token)| token.is(word));
        if found {
            self.0 = &self.0[words.len()..];
        }
        found
    }

    fn take_any<'w>(&mut self, words: &[&'w str]) -> Option<&'w str> {
        words.iter().find(|word| self.take(word)).copied()
    }

    fn is_constraint(&self) -> bool {
        CONSTRAINTS
            .iter()
            .any(|word| self.0.first().is_some_and(|token| token.is(word)))
    }

    /// A table's or column's name, without the schema it may be prefixed with.
    fn name(&mut self) -> Result<String, String> {
        match self.0.split_first() {
            Some((Token::Word(word) | Token::Quoted(word), rest)) => {
                self.0 = rest;
                Ok(word.rsplit('.').next().unwrap_or(word).to_owned())
            }
            other => Err(format!(
                "a name was expected, not {:?}",
                other.map(|(token, _)| token)
            )),
        }
    }

    /// The items between the parentheses that begin here.
    fn parenthesised(&self) -> Option<Vec<Vec<Token>>> {
        let [Token::Symbol('('), rest @ ..] = self.0 else {
            return None;
        };
        let mut depth = 1_usize;
        let end = rest.iter().position(|token| {
            depth = token.depth_after(depth);
            depth == 0
        })?;
        Some(Words(&rest[..end]).list())
    }

    /// The items up to the end, split at the commas that no parentheses hold.
    fn list(&self) -> Vec<Vec<Token>> {
        let mut items = vec![Vec::new()];
        let mut depth = 0_usize;
        for token in self.0 {
            depth = token.depth_after(depth);
            match items.last_mut() {
                Some(item) if depth > 0 || *token != Token::Symbol(',') => item.push(token.clone()),
                _ => items.push(Vec::new()),
            }
        }
        items
    }
}

#[cfg(test)]
#[path = "sql/tests.rs"]
mod tests;

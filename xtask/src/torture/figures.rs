//! The figures that long tests tell, added up over passes.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The databases, each a column.
const DATABASES: [&str; 2] = ["sqlite", "postgres"];
/// Figures whose names end so are measures and no counts: of several, the highest is kept.
const MEASURES: [&str; 2] = [" ms", ": most"];

/// Figures by name and database.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Figures(BTreeMap<String, [Option<u64>; DATABASES.len()]>);

impl Figures {
    /// Adds what a pass told: lines of a name, a database and a number between tabs. Other lines are shown and left out.
    pub fn add(&mut self, text: &str) {
        for line in text.lines() {
            if self.add_line(line).is_none() {
                eprintln!("xtask: {line:?} is no figure");
            }
        }
    }

    fn add_line(&mut self, line: &str) -> Option<()> {
        let mut fields = line.split('\t');
        let (name, database, number) = (fields.next()?, fields.next()?, fields.next()?);
        let column = DATABASES.iter().position(|known| *known == database)?;
        let number: u64 = number.parse().ok()?;
        let row = self.0.entry(name.to_owned()).or_default();
        let is_measure = MEASURES.iter().any(|end| name.ends_with(end));
        row[column] = Some(match row[column] {
            None => number,
            Some(known) if is_measure => known.max(number),
            Some(known) => known.saturating_add(number),
        });
        Some(())
    }

    /// A table for people, and for documents: it is Markdown.
    pub fn table(&self) -> String {
        let width = self.0.keys().map(|name| name.chars().count()).max();
        let width = width.unwrap_or(0).max("figure".len());
        let mut table = format!(
            "| {:width$} | {:>9} | {:>9} |\n",
            "figure", DATABASES[0], DATABASES[1]
        );
        let line = "-".repeat(width);
        // Writing to a string does not fail.
        let _ = writeln!(table, "|-{line}-|-{0}:|-{0}:|", "-".repeat(9));
        for (name, numbers) in &self.0 {
            let [sqlite, postgres] = numbers
                .map(|number| number.map_or_else(|| "-".to_owned(), |number| number.to_string()));
            let _ = writeln!(table, "| {name:width$} | {sqlite:>9} | {postgres:>9} |");
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_added_up_and_measures_are_not() {
        let mut figures = Figures::default();
        figures.add("kills\tsqlite\t100\nkills\tpostgres\t100\nlate: median ms\tpostgres\t120\n");
        figures
            .add("kills\tsqlite\t100\nlate: median ms\tpostgres\t90\nbefore it: most\tsqlite\t1\n");
        figures.add("before it: most\tsqlite\t0\nnonsense\nx\toracle\t1\nx\tsqlite\tmany\n");
        let expected = "\
| figure          |    sqlite |  postgres |
|-----------------|----------:|----------:|
| before it: most |         1 |         - |
| kills           |       200 |       100 |
| late: median ms |         - |       120 |
";
        assert_eq!(figures.table(), expected);
    }

    #[test]
    fn no_figures_make_an_empty_table() {
        assert_eq!(Figures::default().table().lines().count(), 2);
    }
}

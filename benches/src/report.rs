//! The table of goals, and the same as JSON.

use crate::measure::PER_REQUEST;
use crate::rows::{Goal, Row};
use crate::spread::{self, Round, Spread};
use serde_json::{Map, Value, json};

/// What one row came to.
pub struct Measured {
    row: &'static Row,
    /// Every figure over its rounds, or why the row failed.
    figures: Result<Vec<(&'static str, Spread)>, String>,
}

impl Measured {
    /// Puts the rounds of a row together.
    pub fn new(row: &'static Row, rounds: anyhow::Result<Vec<Round>>) -> Self {
        let figures = rounds.map(|rounds| spread::over_rounds(&rounds));
        Self {
            row,
            figures: figures.map_err(|error| format!("{error:#}")),
        }
    }

    /// The name of the row, if it failed.
    pub fn failed(&self) -> Option<&'static str> {
        self.figures.is_err().then_some(self.row.name)
    }

    fn figure(&self, name: &str) -> Option<Spread> {
        let figures = self.figures.as_ref().ok()?;
        let (_, spread) = figures.iter().find(|(other, _)| *other == name)?;
        Some(*spread)
    }

    /// Figures that are neither goals nor costs of a request.
    fn others(&self) -> impl Iterator<Item = &(&'static str, Spread)> {
        let figures = self.figures.iter().flatten();
        figures.filter(|(name, _)| {
            !PER_REQUEST.contains(name) && self.row.goals.iter().all(|goal| goal.figure != *name)
        })
    }
}

/// The report for people: goals, then what a request costs, then everything else.
pub fn table(measured: &[Measured]) -> String {
    let mut goals = vec![row(["row", "figure", "goal", "median", "min–max", "met"])];
    let mut costs = vec![row(["row"].into_iter().chain(PER_REQUEST))];
    let mut others = Vec::new();
    for one in measured {
        let name = one.row.name;
        if let Err(error) = &one.figures {
            goals.push(row([name, "failed", "", "", "", "no"]));
            others.push(format!("{name} failed: {error}"));
            continue;
        }
        for goal in one.row.goals {
            let (median, range, met) = match one.figure(goal.figure) {
                Some(spread) => (shown(spread.median), range(spread), met(*goal, spread)),
                None => ("not measured".to_owned(), String::new(), ""),
            };
            goals.push(row([
                name,
                goal.figure,
                &goal.shown(),
                &median,
                &range,
                met,
            ]));
        }
        let medians = PER_REQUEST.map(|cost| one.figure(cost).map(|spread| shown(spread.median)));
        if medians.iter().any(Option::is_some) {
            let medians = medians.map(Option::unwrap_or_default);
            costs.push(row([name]
                .into_iter()
                .chain(medians.iter().map(String::as_str))));
        }
        let also: Vec<String> = one
            .others()
            .map(|(name, spread)| format!("{name} {} ({})", shown(spread.median), range(*spread)))
            .collect();
        if !also.is_empty() {
            others.push(format!("{name}: {}", also.join("; ")));
        }
    }
    let mut text = aligned(&goals);
    if costs.len() > 1 {
        text.extend(["\nPer request, medians:\n\n", &aligned(&costs)]);
    }
    text.extend(["\n", &others.join("\n"), "\n"]);
    text
}

/// The report for programs.
pub fn json(measured: &[Measured], is_quick: bool) -> Value {
    let rows: Vec<Value> = measured.iter().map(row_json).collect();
    json!({"cores": crate::serve::cores(), "quick": is_quick, "rows": rows})
}

fn row_json(one: &Measured) -> Value {
    let goals: Vec<Value> = (one.row.goals.iter())
        .filter_map(|goal| {
            let spread = one.figure(goal.figure)?;
            let is_met = goal.is_met(spread.median);
            Some(json!({"figure": goal.figure, "goal": goal.shown(), "measured": spread, "met": is_met}))
        })
        .collect();
    let costs: Map<String, Value> = PER_REQUEST
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), json!(one.figure(name)?))))
        .collect();
    let others: Map<String, Value> = one
        .others()
        .map(|(name, spread)| ((*name).to_owned(), json!(spread)))
        .collect();
    json!({
        "row": one.row.name,
        "about": one.row.about,
        "failure": one.figures.as_ref().err(),
        "goals": goals,
        "per_request": costs,
        "others": others,
    })
}

fn met(goal: Goal, spread: Spread) -> &'static str {
    if goal.is_met(spread.median) {
        "yes"
    } else {
        "no"
    }
}

fn range(spread: Spread) -> String {
    format!("{}–{}", shown(spread.min), shown(spread.max))
}

/// About three digits.
fn shown(value: f64) -> String {
    let decimals = match value.abs() {
        size if size >= 99.95 => 0,
        size if size >= 9.995 => 1,
        size if size >= 0.995 => 2,
        _ => 3,
    };
    format!("{value:.decimals$}")
}

fn row<'a>(cells: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    cells.into_iter().map(str::to_owned).collect()
}

/// A Markdown table whose columns are aligned for those who read it as text. The first row is its head.
fn aligned(rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let columns = rows.first().map_or(0, Vec::len);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        for (cell, width) in row.iter().zip(&widths) {
            text.extend([format!("| {cell:width$} ")]);
        }
        text += "|\n";
        if number == 0 {
            for width in &widths {
                text.extend(["|".to_owned(), "-".repeat(width + 2)]);
            }
            text += "|\n";
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_about_three_digits() {
        let values = [0.012_34, 0.999, 1.2345, 12.345, 123.45, 99.99];
        assert_eq!(
            values.map(shown),
            ["0.012", "1.00", "1.23", "12.3", "123", "100"]
        );
    }

    #[test]
    fn columns_are_aligned() {
        let rows = [row(["a", "long"]), row(["wide", "–"])];
        let expected = "| a    | long |\n|------|------|\n| wide | –    |\n";
        assert_eq!(aligned(&rows), expected);
    }

    #[test]
    fn a_row_that_failed_is_in_both_reports() {
        let row = &crate::rows::ALL[0];
        let failed = [Measured::new(
            row,
            Err(anyhow::anyhow!("401 instead of 200")),
        )];
        assert!(table(&failed).contains("401 instead of 200"));
        assert_eq!(
            json(&failed, true)["rows"][0]["failure"],
            "401 instead of 200"
        );
        assert_eq!(failed[0].failed(), Some(row.name));
    }

    #[test]
    fn a_goal_is_held_against_the_median() {
        let row = &crate::rows::ALL[0];
        let round = |value| Round(row.goals.iter().map(|goal| (goal.figure, value)).collect());
        let measured = [Measured::new(
            row,
            Ok(vec![round(1.0), round(1e9), round(2e9)]),
        )];
        let report = json(&measured, false);
        assert_eq!(report["rows"][0]["goals"][0]["measured"]["median"], 1e9);
        assert_eq!(report["rows"][0]["goals"][0]["met"], false);
    }
}

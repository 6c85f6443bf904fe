//! Spending per day as a chart: bars that the server draws, and the same figures as a table.

use gih_domain::ledger::DaySpending;

use crate::format::{day, thousands};

/// The height of the drawing, in its own units; it is stretched to the room there is.
const HEIGHT: i64 = 1_000;
/// What one day takes of the width.
const DAY_WIDTH: usize = 10;

/// What `chart.html` draws, under the name `chart`.
#[derive(Debug)]
pub(crate) struct Chart {
    /// The days, oldest first.
    pub days: Vec<Day>,
    /// What the drawing says to those who do not see it.
    pub summary: String,
    /// What the top of the drawing stands for, in credits.
    pub top: String,
    /// All that was charged.
    pub charged: String,
    /// All that was given back.
    pub refunded: String,
    /// The width of the drawing, in its own units.
    pub width: usize,
    /// Whether nothing was charged nor given back.
    pub is_empty: bool,
}

/// A day of it: two bars, and the figures.
#[derive(Debug)]
pub(crate) struct Day {
    /// `2026-04-30`.
    pub date: String,
    /// What was charged, in credits.
    pub charged: String,
    /// What was given back.
    pub refunded: String,
    /// Where its bars begin.
    pub x: usize,
    /// The bar of what was charged.
    pub charged_bar: Bar,
    /// That of what was given back.
    pub refunded_bar: Bar,
}

/// A bar: where it begins, measured from above, and how high it is. One of nothing has no height.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bar {
    /// From above.
    pub y: i64,
    /// Down to the ground.
    pub height: i64,
}

impl Chart {
    /// Draws these days, oldest first.
    pub fn of(spending: &[DaySpending]) -> Self {
        let most = spending
            .iter()
            .map(|spent| spent.charged.get().max(spent.refunded.get()))
            .max()
            .unwrap_or(0);
        let top = round_up(most);
        // Credits are below 10^15, so this stays inside 64 bits. What is there at all can be seen.
        let bar = |credits: i64| {
            let height = (credits * HEIGHT / top).max(credits.signum() * HEIGHT / 100);
            Bar {
                y: HEIGHT - height,
                height,
            }
        };
        let days: Vec<Day> = spending
            .iter()
            .enumerate()
            .map(|(place, spent)| Day {
                date: day(spent.day),
                charged: thousands(spent.charged.get()),
                refunded: thousands(spent.refunded.get()),
                x: place * DAY_WIDTH,
                charged_bar: bar(spent.charged.get()),
                refunded_bar: bar(spent.refunded.get()),
            })
            .collect();
        let charged: i64 = spending.iter().map(|spent| spent.charged.get()).sum();
        let refunded: i64 = spending.iter().map(|spent| spent.refunded.get()).sum();
        let (charged, refunded) = (thousands(charged), thousands(refunded));
        let span = match (days.first(), days.last()) {
            (Some(first), Some(last)) => format!("{} to {}", first.date, last.date),
            _ => "no days".to_owned(),
        };
        Self {
            summary: format!(
                "Credits per day, {span}: {charged} charged and {refunded} given back in all."
            ),
            top: thousands(top),
            charged,
            refunded,
            width: days.len().max(1) * DAY_WIDTH,
            is_empty: most == 0,
            days,
        }
    }

    /// The first day and the last.
    pub fn ends(&self) -> (&str, &str) {
        (
            self.days.first().map_or("", |day| &day.date),
            self.days.last().map_or("", |day| &day.date),
        )
    }
}

/// The next number of the kind 1, 2, 5, 10, 20, 50, …, so that an axis ends at a round one.
fn round_up(number: i64) -> i64 {
    let mut step = 1_i64;
    loop {
        for factor in [1, 2, 5] {
            if step * factor >= number {
                return step * factor;
            }
        }
        step *= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::time;
    use gih_domain::credits::Credits;

    fn spent(day: &str, charged: u32, refunded: u32) -> DaySpending {
        DaySpending {
            day: time(day),
            charged: Credits::from_u32(charged),
            refunded: Credits::from_u32(refunded),
        }
    }

    #[test]
    fn bars_are_as_high_as_their_figures() {
        let chart = Chart::of(&[
            spent("2026-04-29", 400, 8),
            spent("2026-04-30", 0, 100),
            spent("2026-05-01", 1, 0),
        ]);
        assert_eq!(chart.top, "500");
        let heights = |place: usize| {
            let day = &chart.days[place];
            (day.charged_bar.height, day.refunded_bar.height)
        };
        assert_eq!(heights(0), (800, 16));
        assert_eq!(heights(1), (0, 200));
        assert_eq!(heights(2), (10, 0), "what is there can be seen");
        assert_eq!(
            (chart.charged.as_str(), chart.refunded.as_str()),
            ("401", "108")
        );
        assert!(chart.summary.contains("2026-04-29 to 2026-05-01"));
    }

    #[test]
    fn any_amount_can_be_drawn() {
        let mut days = vec![spent("2026-04-29", 0, 0)];
        assert!(Chart::of(&days).is_empty);
        assert!(Chart::of(&[]).is_empty);
        days[0].charged = Credits::new(Credits::MAX).unwrap();
        let chart = Chart::of(&days);
        let whole = Bar {
            y: 0,
            height: HEIGHT,
        };
        assert_eq!(chart.days[0].charged_bar, whole);
        assert_eq!(chart.top, "1,000,000,000,000,000");
    }
}

//! Spending per day as bars, drawn here (`chart.html`): their measures are attributes, their colours classes.

use gih_domain::ledger::DaySpending;

use crate::format::{day, thousands};

/// How high the drawing is, in its own units.
const HEIGHT: i64 = 1_000;
/// How wide one day is.
const SLOT: usize = 20;
/// The least of a bar that is anything at all, so that it can be seen.
const LEAST: i64 = 12;

/// The chart, ready to be drawn.
pub(crate) struct Chart {
    pub bars: Vec<Bar>,
    pub width: usize,
    /// What the top line stands for, and the one in the middle.
    pub top: String,
    pub middle: String,
    pub charged: String,
    pub refunded: String,
    /// What was kept of it in all.
    pub net: String,
    /// Whether there is anything to be seen.
    pub is_empty: bool,
}

/// One day.
pub(crate) struct Bar {
    pub day: String,
    pub charged: String,
    pub refunded: String,
    pub charged_area: Option<Rectangle>,
    pub refunded_area: Option<Rectangle>,
}

/// Where a bar stands.
pub(crate) struct Rectangle {
    pub x: usize,
    pub y: i64,
    pub width: usize,
    pub height: i64,
}

impl Chart {
    /// The chart of these days, in their order.
    pub fn new(days: &[DaySpending]) -> Self {
        let most = days
            .iter()
            .map(|day| day.charged.max(day.refunded).get())
            .max()
            .unwrap_or(0);
        let top = round_up(most);
        let sum =
            |amount: fn(&DaySpending) -> i64| days.iter().map(amount).fold(0, i64::saturating_add);
        let charged = sum(|day| day.charged.get());
        let refunded = sum(|day| day.refunded.get());
        let bars = days.iter().enumerate().map(|(place, spent)| {
            let x = place * SLOT;
            Bar {
                day: day(spent.day),
                charged: thousands(spent.charged.get()),
                refunded: thousands(spent.refunded.get()),
                charged_area: rectangle(x + 3, 8, spent.charged.get(), top),
                refunded_area: rectangle(x + 12, 5, spent.refunded.get(), top),
            }
        });
        Self {
            bars: bars.collect(),
            width: days.len() * SLOT,
            top: thousands(top),
            middle: thousands(top / 2),
            charged: thousands(charged),
            refunded: thousands(refunded),
            net: thousands(charged.saturating_sub(refunded)),
            is_empty: most == 0,
        }
    }

    /// The first day.
    pub fn first(&self) -> &str {
        self.bars.first().map_or("", |bar| bar.day.as_str())
    }

    /// The last.
    pub fn last(&self) -> &str {
        self.bars.last().map_or("", |bar| bar.day.as_str())
    }
}

fn rectangle(x: usize, width: usize, amount: i64, top: i64) -> Option<Rectangle> {
    if amount <= 0 || top <= 0 {
        return None;
    }
    let height = i128::from(amount) * i128::from(HEIGHT) / i128::from(top);
    let height = i64::try_from(height).unwrap_or(HEIGHT).clamp(LEAST, HEIGHT);
    Some(Rectangle {
        x,
        y: HEIGHT - height,
        width,
        height,
    })
}

/// The next round number: 2, 4 or 10 times a power of ten, so that half of it is a whole number too.
fn round_up(most: i64) -> i64 {
    let mut power = 1_i64;
    loop {
        for step in [2, 4, 10] {
            let round = power.saturating_mul(step);
            if round >= most {
                return round;
            }
        }
        power = power.saturating_mul(10);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::time;
    use gih_domain::credits::Credits;

    fn spent(charged: u32, refunded: u32) -> DaySpending {
        DaySpending {
            day: time("2026-05-01"),
            charged: Credits::from_u32(charged),
            refunded: Credits::from_u32(refunded),
        }
    }

    #[test]
    fn the_scale_is_round() {
        for (most, top) in [
            (0, 2),
            (2, 2),
            (3, 4),
            (41, 100),
            (400, 400),
            (1_001, 2_000),
        ] {
            assert_eq!(round_up(most), top, "{most}");
        }
        assert_eq!(round_up(i64::MAX), i64::MAX);
    }

    #[test]
    fn bars_are_in_proportion_and_small_ones_are_seen() {
        let chart = Chart::new(&[spent(200, 100), spent(1, 0), spent(0, 0)]);
        let height = |bar: &Option<Rectangle>| bar.as_ref().map(|bar| (bar.y, bar.height));
        assert_eq!(height(&chart.bars[0].charged_area), Some((0, 1_000)));
        assert_eq!(height(&chart.bars[0].refunded_area), Some((500, 500)));
        assert_eq!(height(&chart.bars[1].charged_area), Some((988, 12)));
        assert_eq!(height(&chart.bars[2].charged_area), None);
        assert_eq!((chart.net.as_str(), chart.middle.as_str()), ("101", "100"));
        assert!(!chart.is_empty);
        assert!(Chart::new(&[spent(0, 0)]).is_empty);
        assert!(Chart::new(&[]).is_empty);
    }
}

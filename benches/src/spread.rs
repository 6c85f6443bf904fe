//! Medians, percentiles, and the figures of rounds.

use serde::Serialize;

/// A figure over all rounds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    pub median: f64,
    pub min: f64,
    pub max: f64,
}

impl Spread {
    /// `None` without values.
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let middle = sorted.len() / 2;
        let median = if sorted.len() % 2 == 1 {
            sorted[middle]
        } else {
            f64::midpoint(sorted[middle - 1], sorted[middle])
        };
        Some(Self { median, min, max })
    }
}

/// The value that so many percent of the sorted values are not above; 0 without values.
pub fn percentile(sorted: &[f64], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

/// The figures of one round, by name.
#[derive(Clone, Debug, Default)]
pub struct Round(pub Vec<(&'static str, f64)>);

impl Round {
    /// Adds a figure.
    pub fn add(&mut self, name: &'static str, value: f64) {
        self.0.push((name, value));
    }

    /// A figure that was added.
    pub fn get(&self, name: &str) -> Option<f64> {
        let figure = self.0.iter().find(|(other, _)| *other == name)?;
        Some(figure.1)
    }
}

/// Every figure of the rounds over those rounds that have it, in the order in which they first come.
pub fn over_rounds(rounds: &[Round]) -> Vec<(&'static str, Spread)> {
    let mut names: Vec<&'static str> = Vec::new();
    for (name, _) in rounds.iter().flat_map(|round| &round.0) {
        if !names.contains(name) {
            names.push(name);
        }
    }
    let values = |name| {
        let figures = rounds.iter().flat_map(|round| &round.0);
        let of_name = figures.filter(|(other, _)| *other == name);
        of_name.map(|(_, value)| *value).collect::<Vec<_>>()
    };
    names
        .into_iter()
        .filter_map(|name| Some((name, Spread::of(&values(name))?)))
        .collect()
}

#[cfg(test)]
#[allow(clippy::float_cmp)] // values that are exact
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_median_and_extremes() {
        let spread = |values: &[f64]| Spread::of(values).map(|s| (s.median, s.min, s.max));
        assert_eq!(spread(&[3.0, 1.0, 2.0]), Some((2.0, 1.0, 3.0)));
        assert_eq!(spread(&[4.0, 1.0]), Some((2.5, 1.0, 4.0)));
        assert_eq!(spread(&[]), None);
    }

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let sorted = [1.0, 2.0, 3.0, 4.0];
        assert_eq!(percentile(&sorted, 50), 2.0);
        assert_eq!(percentile(&sorted, 99), 4.0);
        assert_eq!(percentile(&sorted, 0), 1.0);
        assert_eq!(percentile(&[], 50), 0.0);
    }

    #[test]
    fn figures_are_gathered_by_name_over_rounds() {
        let rounds = [Round(vec![("a", 1.0), ("b", 5.0)]), Round(vec![("a", 3.0)])];
        let over = over_rounds(&rounds);
        assert_eq!(over.len(), 2);
        assert_eq!((over[0].0, over[0].1.median), ("a", 2.0));
        assert_eq!((over[1].0, over[1].1.max), ("b", 5.0));
    }
}

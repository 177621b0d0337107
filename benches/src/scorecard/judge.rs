//! Judging: a figure against its goal. Made for the rows of the scorecard.

/// Figures are printed with this many parts of one, and judged as they are printed.
const PARTS: f64 = 1000.0;

/// What a figure has to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limit {
    /// This, or less.
    AtMost(f64),
    /// This, or more.
    AtLeast(f64),
}

/// What a figure is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// Within the limit.
    Reached,
    /// Outside of it, by so much.
    Missed(f64),
}

impl Limit {
    /// Judges `figure`, rounded as it is printed. `None` if it is no number.
    #[must_use]
    pub fn judge(self, figure: f64) -> Option<Verdict> {
        let beyond = match self {
            Limit::AtMost(limit) => printed(figure) - limit,
            Limit::AtLeast(limit) => limit - printed(figure),
        };
        let beyond = printed(beyond);
        let missed = if beyond > 0.0 { Verdict::Missed(beyond) } else { Verdict::Reached };
        figure.is_finite().then_some(missed)
    }
}

/// `figure` without digits that mean nothing.
#[must_use]
pub fn printed(figure: f64) -> f64 {
    (figure * PARTS).round() / PARTS
}

/// The quotients, or the differences, of each round.
pub(super) fn of_rounds(of: &[f64], to: &[f64], by: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    of.iter().zip(to).map(|(of, to)| by(*of, *to)).collect()
}

#[cfg(test)]
mod tests {
    use super::Verdict::{Missed, Reached};
    use super::*;

    #[test]
    fn a_figure_at_its_goal_has_reached_it() {
        for goal in [0.7, 1.03, 1.05, 1.1, 1.15, 1.2, 65.0, 250.0] {
            assert_eq!(Limit::AtMost(goal).judge(goal), Some(Reached), "{goal}");
            assert_eq!(Limit::AtLeast(goal).judge(goal), Some(Reached), "{goal}");
            assert_eq!(Limit::AtMost(goal).judge(goal - 0.001), Some(Reached), "{goal}");
            assert_eq!(Limit::AtMost(goal).judge(goal + 0.001), Some(Missed(0.001)), "{goal}");
            assert_eq!(Limit::AtLeast(goal).judge(goal - 0.001), Some(Missed(0.001)), "{goal}");
            assert_eq!(Limit::AtLeast(goal).judge(goal + 0.001), Some(Reached), "{goal}");
        }
    }

    #[test]
    fn what_is_printed_at_its_goal_is_judged_so() {
        assert_eq!(Limit::AtMost(1.05).judge(1.050_4), Some(Reached));
        assert_eq!(Limit::AtMost(1.05).judge(1.050_6), Some(Missed(0.001)));
        assert_eq!(Limit::AtLeast(2.0).judge(1.999_6), Some(Reached));
        assert_eq!(Limit::AtLeast(2.0).judge(1.999_4), Some(Missed(0.001)));
    }

    #[test]
    fn a_miss_says_by_how_much() {
        assert_eq!(Limit::AtMost(1.1).judge(4.23), Some(Missed(3.13)));
        assert_eq!(Limit::AtLeast(2.0).judge(1.25), Some(Missed(0.75)));
    }

    #[test]
    fn no_number_has_reached_no_goal() {
        for none in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(Limit::AtMost(1.0).judge(none), None);
            assert_eq!(Limit::AtLeast(1.0).judge(none), None);
        }
    }
}

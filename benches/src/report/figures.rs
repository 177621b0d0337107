//! The figures of one line, in two forms.

use serde_json::{Value, json};
use syslet_benches::{compare, mixed_slow};

/// What a measurement says of one contender.
pub(crate) trait Figures {
    /// The names of the columns, as wide as the columns.
    fn head() -> String;

    /// The columns.
    fn columns(&self) -> String;

    /// The fields of an object.
    fn fields(&self) -> Value;
}

impl Figures for compare::Summary {
    fn head() -> String {
        format!("{:>11} {:>9} {:>12}", "ns/call", "ratio", "cpu ns/call")
    }

    fn columns(&self) -> String {
        format!("{:>11.1} {:>9.3} {:>12.1}", self.ns_per_call, self.ratio, self.cpu_ns_per_call)
    }

    fn fields(&self) -> Value {
        json!({
            "calls_per_round": self.calls_per_round,
            "ns_per_call": rounded(self.ns_per_call, 10.0),
            "cpu_ns_per_call": rounded(self.cpu_ns_per_call, 10.0),
            "ratio_to_direct": rounded(self.ratio, 10_000.0),
        })
    }
}

impl Figures for mixed_slow::Summary {
    fn head() -> String {
        format!(
            "{:>11} {:>11} {:>7} {:>11} {:>11} {:>7}",
            "p50 mixed", "p50 alone", "ratio", "p99 mixed", "p99 alone", "ratio"
        )
    }

    fn columns(&self) -> String {
        let (mixed, alone) = (self.mixed, self.alone);
        let columns = |mixed, alone| format!("{mixed:>11} {alone:>11} {:>7.2}", quotient(mixed, alone));
        format!("{} {}", columns(mixed.p50_ns, alone.p50_ns), columns(mixed.p99_ns, alone.p99_ns))
    }

    fn fields(&self) -> Value {
        let (mixed, alone) = (self.mixed, self.alone);
        json!({
            "fast_calls": self.calls,
            "p50_mixed_ns": mixed.p50_ns,
            "p50_alone_ns": alone.p50_ns,
            "p50_ratio": rounded(quotient(mixed.p50_ns, alone.p50_ns), 10_000.0),
            "p99_mixed_ns": mixed.p99_ns,
            "p99_alone_ns": alone.p99_ns,
            "p99_ratio": rounded(quotient(mixed.p99_ns, alone.p99_ns), 10_000.0),
        })
    }
}

#[allow(clippy::cast_precision_loss, reason = "a minute's nanoseconds fit")]
fn quotient(over: u64, under: u64) -> f64 {
    over as f64 / under as f64
}

/// `value` without digits that mean nothing.
fn rounded(value: f64, parts: f64) -> f64 {
    (value * parts).round() / parts
}

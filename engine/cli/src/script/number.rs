//! Integers as scripts write them.

use crate::script::error::ScriptError;
use crate::script::source::Span;
use crate::script::syntax::Unit;

/// The smallest integer: −2⁶³.
const LOW: i128 = i64::MIN as i128;
/// The largest integer: 2⁶⁴−1.
const HIGH: i128 = u64::MAX as i128;

/// An integer, and its unit if it has one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    Plain(i128),
    WithUnit(u64, Unit),
}

/// Reads text that begins with a digit, or with `-` and a digit, and has letters and digits only.
pub(crate) fn read(text: &str, span: Span) -> Result<Number, ScriptError> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    if let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        return plain(negative, hex, 16, span);
    }
    if let Some(octal) = digits.strip_prefix("0o").or_else(|| digits.strip_prefix("0O")) {
        return plain(negative, octal, 8, span);
    }
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    let (digits, unit) = digits.split_at(end);
    if digits.len() > 1 && digits.starts_with('0') {
        return Err(leading_zero(digits, span));
    }
    let Number::Plain(number) = plain(negative, digits, 10, span)? else { return Err(no_integer(span)) };
    if unit.is_empty() {
        return Ok(Number::Plain(number));
    }
    let unit = Unit::named(unit).ok_or_else(|| unknown_unit(unit, span))?;
    with_unit(number, unit, span)
}

fn plain(negative: bool, digits: &str, radix: u32, span: Span) -> Result<Number, ScriptError> {
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return Err(no_integer(span));
    }
    let magnitude = i128::from_str_radix(digits, radix).map_err(|_| too_large(span))?;
    let number = if negative { -magnitude } else { magnitude };
    if (LOW..=HIGH).contains(&number) { Ok(Number::Plain(number)) } else { Err(too_large(span)) }
}

fn with_unit(number: i128, unit: Unit, span: Span) -> Result<Number, ScriptError> {
    let count = u64::try_from(number)
        .map_err(|_| ScriptError::new(span, "a quantity with a unit cannot be negative"))?;
    if count.checked_mul(unit.1).is_none() {
        let base = if unit.is_time() { "nanoseconds" } else { "bytes" };
        return Err(ScriptError::new(span, format!("that is more than 2^64-1 {base}")));
    }
    Ok(Number::WithUnit(count, unit))
}

fn no_integer(span: Span) -> ScriptError {
    ScriptError::new(span, "this is no integer").help("write it in decimal, as 0x… or as 0o…")
}

fn too_large(span: Span) -> ScriptError {
    ScriptError::new(span, "this integer does not fit 64 bits").help("it must lie between -2^63 and 2^64-1")
}

fn leading_zero(digits: &str, span: Span) -> ScriptError {
    let digits = digits.trim_start_matches('0');
    ScriptError::new(span, "an integer does not begin with 0")
        .help(format!("write 0o{digits} if octal is meant, {digits} if not"))
}

fn unknown_unit(unit: &str, span: Span) -> ScriptError {
    ScriptError::new(span, format!("unknown unit `{unit}`")).help("units are ns us ms s KiB MiB GiB")
}

/// The 64 bits of an integer.
pub(crate) fn bits(number: i128) -> u64 {
    u64::try_from(number).unwrap_or_else(|_| i64::try_from(number).map_or(u64::MAX, i64::cast_unsigned))
}

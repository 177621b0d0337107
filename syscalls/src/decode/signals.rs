//! Signals in words, and sets of them. The decoders of values, structures and statuses call these.

use crate::constants::process;
use crate::decode::reader::Reader;

/// The first signal that has no name.
const REAL_TIME: u32 = 32;

/// The signals in a set; `~` and the missing ones, when they are fewer.
pub(super) fn set(reader: Reader<'_>) -> Option<String> {
    let bits = reader.u64(0)?;
    let most = bits.count_ones() > u64::BITS / 2;
    let shown = if most { !bits } else { bits };
    let names: Vec<String> =
        (0..u64::BITS).filter(|bit| shown >> bit & 1 == 1).map(|bit| name(bit + 1)).collect();
    Some(format!("{}[{}]", if most { "~" } else { "" }, names.join(" ")))
}

/// A signal by its name, or by its number when no signal has it.
pub(super) fn signal(number: i32) -> String {
    match u32::try_from(number) {
        Ok(signal @ 1..=u64::BITS) => format!("SIG{}", name(signal)),
        _ => number.to_string(),
    }
}

fn name(signal: u32) -> String {
    let known = process::SIGNAL.iter().find(|(_, value)| *value == i64::from(signal));
    match known {
        Some((name, _)) => name.trim_start_matches("SIG").to_owned(),
        None if signal == REAL_TIME => "RTMIN".to_owned(),
        None => format!("RT_{}", signal - REAL_TIME),
    }
}

//! Makes records that show when they are torn, for the tests beside it: every word but the first follows from the number.

use syslet_abi::{Kind, RecordWord};

/// A submission of so many words, at least 2; its second word is its ticket.
pub(crate) fn submission(ticket: u64, words: usize) -> Vec<u8> {
    record(Kind::CALL, ticket, words).iter().flat_map(|word| word.to_ne_bytes()).collect()
}

/// A completion of so many words, at least 2.
pub(crate) fn completion(number: u64, words: usize) -> Vec<u64> {
    record(Kind::DONE, number, words)
}

/// The number of a record that is whole.
///
/// # Panics
/// When any word of it is of another record, or of none.
pub(crate) fn number_of(words: &[u64]) -> u64 {
    let word = RecordWord::unpack(words[0]);
    assert_eq!(word.len as usize, 8 * words.len(), "the length is the record's: {words:x?}");
    assert_eq!(words[1..], record(word.kind, words[1], words.len())[1..], "the record is whole");
    words[1]
}

fn record(kind: Kind, number: u64, words: usize) -> Vec<u64> {
    let len = u32::try_from(8 * words).expect("test records are short");
    let rest = (2..words).map(|index| number << 8 | index as u64);
    [RecordWord { len, kind, flags: 0 }.pack(), number].into_iter().chain(rest).collect()
}

//! Vectors and messages of any bytes: nothing that is built leads out of the areas.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use syslet_abi::RawResult;
use syslet_syscalls::{ArgType, Len, check_arguments, prepare, row_by_name, settle, written};

use crate::native::{DATA, OUT, address_of, built};
use crate::submission::{A, Submission};

const CALLS: [&str; 9] =
    ["readv", "writev", "preadv2", "sendmsg", "recvmsg", "sendmmsg", "recvmmsg", "pwritev", "pselect6"];
const OUT_LEN: u32 = 256;

#[derive(Clone, Debug)]
struct Case {
    call: &'static str,
    data: Vec<u64>,
    at: u32,
    out: u32,
    count: u64,
    result: i64,
}

/// Mostly words that could be right, so that the door lets some of it pass.
fn case() -> impl Strategy<Value = Case> {
    let word = prop_oneof![
        8 => Just(0_u64),
        8 => 0_u64..4,
        8 => (0_u64..40).prop_map(|words| words * 8),
        4 => 0_u64..320,
        1 => any::<u64>(),
        1 => any::<u64>().prop_map(|low| u64::MAX - low % 64),
    ];
    let data = prop::collection::vec(word, 8..40);
    let at = prop_oneof![3 => Just(0_u32), 1 => 0_u32..64];
    let count = prop_oneof![9 => 0_u64..4, 1 => any::<u64>()];
    let result = prop_oneof![-3_i64..200, any::<i64>()];
    let call = prop::sample::select(&CALLS[..]);
    (call, data, at, 0_u32..16, count, result).prop_map(|(call, data, at, out, count, result)| Case {
        call,
        data,
        at,
        out,
        count,
        result,
    })
}

impl Case {
    /// The call with its structure at `at`, all other arguments zero but the count behind it.
    fn submission(&self) -> (Submission, usize) {
        let row = row_by_name(self.call).expect("it has a row");
        let index = row.args.iter().position(|arg| arg.ty.has_addresses()).expect("it has a vector");
        let mut args = vec![A::Value(0); row.args.len()];
        let inout = row.args[index].ty.direction() == syslet_syscalls::Direction::InOut;
        args[index] = if inout { A::InOut(self.at, self.out) } else { A::In(self.at.into()) };
        if let Len::Times(by, _) = row.args[index].len {
            args[usize::from(by)] = A::Value(self.count);
        }
        let data = crate::native::bytes(&self.data);
        (Submission::new(self.call, &args, &data, OUT_LEN), index)
    }
}

/// What one built call may name.
struct Areas<'a> {
    storage: &'a [u64],
    /// Where the bytes must lie.
    bytes: std::ops::Range<u64>,
}

impl Areas<'_> {
    fn range(&self, at: u64, len: u64) {
        let inside = at >= self.bytes.start && at.checked_add(len).is_some_and(|end| end <= self.bytes.end);
        assert!(if len == 0 { at == 0 } else { inside }, "{at:#x} {len:#x}");
    }

    /// The words of an array in the storage.
    fn array(&self, at: u64, words: u64) -> &[u64] {
        let begin = at.checked_sub(address_of(self.storage, 0)).expect("behind the storage's start");
        assert_eq!(begin % 8, 0);
        let begin = usize::try_from(begin / 8).expect("inside");
        &self.storage[begin..][..usize::try_from(words).expect("inside")]
    }

    fn vector(&self, at: u64, count: u64) {
        if count > 0 {
            self.array(at, 2 * count).chunks(2).for_each(|entry| self.range(entry[0], entry[1]));
        }
    }

    fn header(&self, words: &[u64]) {
        self.range(words[0], words[1]);
        self.vector(words[2], words[3]);
        self.range(words[4], words[5]);
    }
}

/// Whether the door lets it pass; if so, everything that the kernel would follow is looked at.
fn follow(case: &Case) -> bool {
    let (submission, index) = case.submission();
    let (call, row) = (submission.call(), submission.row);
    if check_arguments(row, &call).is_err() {
        return false;
    }
    let (args, mut storage) = built(&submission);
    let ty = row.args[index].ty;
    let data_end = DATA + call.data().len() as u64;
    let bytes = if ty.receives() { OUT..OUT + u64::from(OUT_LEN) } else { DATA..data_end };
    let areas = Areas { storage: &storage, bytes };
    match ty {
        ArgType::Gather | ArgType::Scatter => {
            areas.vector(args[index], if case.call == "pselect6" { 1 } else { case.count });
        }
        ArgType::SendMessage | ArgType::ReceiveMessage => areas.header(areas.array(args[index], 7)),
        _ if case.count == 0 => {}
        _ => areas.array(args[index], 8 * case.count).chunks(8).for_each(|words| areas.header(words)),
    }
    assert!(8 * storage.len() <= 2 * call.data().len(), "what is built stays small");
    // A kernel that writes anything to what was built, and returns anything.
    storage.fill(0x1234_5678_9abc_def0);
    let mut out = [0xaa; OUT_LEN as usize];
    prepare(row, &call, &mut out);
    settle(row, &call, RawResult(case.result), &storage, &mut out);
    assert!(written(row, &call, RawResult(case.result), &out) <= out.len());
    true
}

/// ABI-61: whatever the bytes are, what is built names nothing outside of the areas and of what was built itself.
#[test]
fn nothing_leads_out_of_the_areas() {
    let mut runner = TestRunner::deterministic();
    let mut passed = std::collections::BTreeMap::new();
    for _ in 0..5_000 {
        let case = case().new_tree(&mut runner).expect("a case").current();
        let (yes, no) = passed.entry(case.call).or_insert((0, 0));
        *if follow(&case) { yes } else { no } += 1;
    }
    assert_eq!(passed.len(), CALLS.len());
    let both = |&(yes, no): &(u32, u32)| yes > 50 && no > 50;
    assert!(passed.values().all(both), "the door lets some pass, and some not: {passed:?}");
}

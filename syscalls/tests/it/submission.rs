//! Submissions for tests, written down as one writes a call.

use syslet_abi::{
    ArgKind, ArgKinds, AskRepr, AttributeFlags, AttributeId, Call, CallFlags, CallRepr, Inout, Limits,
};
use syslet_syscalls::{Row, row_by_name};

/// One argument.
#[derive(Clone, Copy, Debug)]
pub(crate) enum A {
    /// A plain value.
    Value(u64),
    /// An offset in DATA.
    In(u64),
    /// An offset in the out area.
    Out(u64),
    /// An offset in DATA, one in the out area.
    InOut(u32, u32),
}

/// A submission's bytes, with the row of its call.
#[derive(Debug)]
pub(crate) struct Submission {
    pub(crate) row: &'static Row,
    record: Vec<u8>,
}

impl Submission {
    pub(crate) fn new(name: &str, args: &[A], data: &[u8], out_len: u32) -> Submission {
        let row = row_by_name(name).expect("the call has a row");
        let mut kinds = ArgKinds::default();
        let mut values = Vec::new();
        for (index, arg) in args.iter().enumerate() {
            let (kind, value) = match *arg {
                A::Value(value) => (ArgKind::VALUE, value),
                A::In(at) => (ArgKind::IN, at),
                A::Out(at) => (ArgKind::OUT, at),
                A::InOut(data, out) => (ArgKind::INOUT, Inout { out, data }.pack()),
            };
            kinds = kinds.with(index, kind);
            values.push(value);
        }
        let ask = AskRepr { id: AttributeId::DATA, flags: AttributeFlags::NONE, payload: data };
        let repr = CallRepr {
            flags: CallFlags::NONE,
            user_data: 0,
            nr: row.numbers.here().map_or(0, u32::from),
            kinds,
            args: &values,
            out_len,
            attributes: &[ask],
        };
        let mut record = vec![0; repr.len_bytes()];
        repr.emit(&mut record);
        Submission { row, record }
    }

    pub(crate) fn call(&self) -> Call<'_> {
        self.within(4096)
    }

    /// The same for records that only a large ring would take.
    pub(crate) fn long_call(&self) -> Call<'_> {
        self.within(1 << 20)
    }

    fn within(&self, bytes: usize) -> Call<'_> {
        let limits = Limits { record_bytes_max: bytes, out_bytes_max: bytes };
        Call::check(&self.record, &limits).expect("the structure is sound")
    }
}

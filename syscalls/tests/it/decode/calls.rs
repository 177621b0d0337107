//! Calls for the decoder, written down as one writes them, with what came back.

use syslet_abi::{
    ArgKind, ArgKinds, AskRepr, AttributeFlags, AttributeId, Call, CallFlags, CallRepr, DoneFlags, Inout,
    RawResult, padded,
};
use syslet_syscalls::decode::{Answer, Decoder};
use syslet_syscalls::row_by_name;

/// A submission and its completion.
#[derive(Debug)]
pub(crate) struct Made {
    nr: u32,
    kinds: ArgKinds,
    values: Vec<u64>,
    data: Vec<u8>,
    out_len: usize,
    came: Vec<u8>,
}

/// The call of that name, without arguments.
pub(crate) fn made(name: &str) -> Made {
    let row = row_by_name(name).unwrap_or_else(|| panic!("{name} has no row"));
    numbered(row.numbers.here().unwrap_or_else(|| panic!("{name} has no number here")).into())
}

/// The call of that number, without arguments.
pub(crate) fn numbered(nr: u32) -> Made {
    let (kinds, values, data, came) = (ArgKinds::default(), Vec::new(), Vec::new(), Vec::new());
    Made { nr, kinds, values, data, out_len: 0, came }
}

impl Made {
    fn push(mut self, kind: ArgKind, value: u64) -> Made {
        self.kinds = self.kinds.with(self.values.len(), kind);
        self.values.push(value);
        self
    }

    /// Plain values.
    pub(crate) fn v<const N: usize>(self, values: [i64; N]) -> Made {
        values.into_iter().fold(self, |made, value| made.push(ArgKind::VALUE, value.cast_unsigned()))
    }

    /// Bytes in DATA.
    pub(crate) fn bytes(mut self, bytes: &[u8]) -> Made {
        let at = self.append(bytes);
        self.push(ArgKind::IN, at)
    }

    /// A string in DATA, with its NUL.
    pub(crate) fn text(self, text: &str) -> Made {
        self.bytes(&[text.as_bytes(), b"\0"].concat())
    }

    /// An offset into DATA, whatever lies there.
    pub(crate) fn input_at(self, at: u64) -> Made {
        self.push(ArgKind::IN, at)
    }

    /// Both offsets, whatever lies there.
    pub(crate) fn inout_at(self, both: u64) -> Made {
        self.push(ArgKind::INOUT, both)
    }

    /// Room for so many bytes, and what is found there afterwards.
    pub(crate) fn out(mut self, len: usize, came: &[u8]) -> Made {
        let at = self.reserve(len, came);
        self.push(ArgKind::OUT, at)
    }

    /// Room that no argument names by itself.
    pub(crate) fn room(mut self, len: usize, came: &[u8]) -> Made {
        self.reserve(len, came);
        self
    }

    /// Bytes that go both ways.
    pub(crate) fn inout(mut self, before: &[u8], after: &[u8]) -> Made {
        let data = u32::try_from(self.append(before)).expect("tests are small");
        let out = u32::try_from(self.reserve(before.len(), after)).expect("tests are small");
        self.push(ArgKind::INOUT, Inout { out, data }.pack())
    }

    fn append(&mut self, bytes: &[u8]) -> u64 {
        self.data.resize(padded(self.data.len()), 0);
        let at = self.data.len();
        self.data.extend_from_slice(bytes);
        at as u64
    }

    fn reserve(&mut self, len: usize, came: &[u8]) -> u64 {
        let at = padded(self.out_len);
        self.out_len = at + len;
        self.came.resize(at, 0);
        self.came.extend_from_slice(came);
        at as u64
    }

    /// The submission's bytes.
    pub(crate) fn record(&self) -> Vec<u8> {
        let ask = AskRepr { id: AttributeId::DATA, flags: AttributeFlags::NONE, payload: &self.data };
        let repr = CallRepr {
            flags: CallFlags::NONE,
            user_data: 0,
            nr: self.nr,
            kinds: self.kinds,
            args: &self.values,
            out_len: u32::try_from(self.out_len).expect("tests are small"),
            attributes: if self.data.is_empty() { &[] } else { std::slice::from_ref(&ask) },
        };
        let mut record = vec![0; repr.len_bytes()];
        repr.emit(&mut record);
        record
    }

    /// Does something with the call, which the door has not looked at.
    pub(crate) fn with<T>(&self, look: impl FnOnce(&Call<'_>) -> T) -> T {
        look(&Call::admitted(&self.record()))
    }

    /// The line for this result.
    pub(crate) fn gives(&self, result: i64) -> String {
        self.printed(Decoder::default(), result, DoneFlags::NONE)
    }

    /// The line for this error.
    pub(crate) fn fails(&self, errno: i32) -> String {
        self.gives(-i64::from(errno))
    }

    /// The line of this decoder.
    pub(crate) fn printed(&self, decoder: Decoder, result: i64, flags: DoneFlags) -> String {
        let data = (self.out_len > 0).then_some(&self.came[..]);
        let answer = Answer { result: RawResult(result), flags, data };
        decoder.answered(&self.record(), &answer)
    }

    /// The line before the call is made.
    pub(crate) fn asked(&self) -> String {
        Decoder::default().record(&self.record())
    }
}

/// Numbers of 64 bits, one behind the other.
pub(crate) fn longs<const N: usize>(numbers: [i64; N]) -> Vec<u8> {
    numbers.into_iter().flat_map(i64::to_ne_bytes).collect()
}

/// Numbers of 32 bits, one behind the other.
pub(crate) fn ints<const N: usize>(numbers: [i32; N]) -> Vec<u8> {
    numbers.into_iter().flat_map(i32::to_ne_bytes).collect()
}

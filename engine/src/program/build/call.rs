//! A call of a program that is being built: number, arguments, attributes.

use std::marker::PhantomData;
use std::time::Duration;

use syslet_abi::{AtomFlags, AttributeFlags, AttributeId, Kind};
use syslet_attrs::{DeadlineAsked, RetryAsk, RetryOn};

use crate::program::build::draft::Draft;
use crate::program::build::value::Arg;

/// A call that gives a `T`: its number, its arguments, and its attributes.
#[derive(Clone, Debug)]
#[must_use]
pub struct Call<'p, T> {
    nr: u32,
    args: Vec<Arg<'p>>,
    flags: AtomFlags,
    attributes: Vec<(AttributeId, AttributeFlags, Vec<u8>)>,
    gives: PhantomData<T>,
}

impl<'p, T> Call<'p, T> {
    /// The call with this number, for example `libc::SYS_read`. Its arguments follow in their order.
    pub fn new(nr: impl TryInto<u32>) -> Call<'p, T> {
        Call {
            // A number that is no call's is refused as a foreign one.
            nr: nr.try_into().unwrap_or(u32::MAX),
            args: Vec::new(),
            flags: AtomFlags::NONE,
            attributes: Vec::new(),
            gives: PhantomData,
        }
    }

    /// The next argument.
    pub fn arg(mut self, arg: impl Into<Arg<'p>>) -> Call<'p, T> {
        self.args.push(arg.into());
        self
    }

    /// The descriptor is a regular local file: the call does not sleep for ever.
    pub fn storage(mut self) -> Call<'p, T> {
        self.flags = self.flags.with(AtomFlags::STORAGE);
        self
    }

    /// It can be stopped without its program: [`crate::Which::Atom`].
    pub fn stoppable(mut self) -> Call<'p, T> {
        self.flags = self.flags.with(AtomFlags::STOPPABLE);
        self
    }

    /// Never run it, and the atoms behind it, in the submitter.
    pub fn away(mut self) -> Call<'p, T> {
        self.flags = self.flags.with(AtomFlags::ASYNC);
        self
    }

    /// Asks for an attribute of this call; ATOMS has its return.
    pub fn attribute(mut self, id: AttributeId, flags: AttributeFlags, payload: &[u8]) -> Call<'p, T> {
        self.attributes.push((id, flags, payload.to_vec()));
        self
    }

    /// Asks when it was made, and for how long.
    pub fn timing(self) -> Call<'p, T> {
        self.attribute(AttributeId::TIMING, AttributeFlags::NONE, &[])
    }

    /// A short transfer is continued, until its count or the end of file.
    pub fn until_count(self) -> Call<'p, T> {
        let ask = RetryAsk { on: RetryOn::SHORT.with(RetryOn::INTERRUPTED), ..RetryAsk::default() };
        self.attribute(AttributeId::RETRY, AttributeFlags::REQUIRED, &ask.payload())
    }

    /// It is stopped when it takes longer; its value is −ETIME then, or the bytes that it has moved.
    pub fn within(self, time: Duration) -> Call<'p, T> {
        let ns = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.attribute(AttributeId::DEADLINE, AttributeFlags::REQUIRED, &DeadlineAsked::After(ns).emit())
    }

    pub(crate) fn draft(self) -> Draft {
        let draft = Draft::new(Kind::CALL, self.nr, &self.args);
        Draft { flags: self.flags, attributes: self.attributes, ..draft }
    }
}

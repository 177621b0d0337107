//! Completions as the application reads them: `Ring::completions` gives them.

use syslet_abi::{AttributeId, Done, DoneFlags, RawResult, Return, Returns, Status};
use syslet_attrs::TimingValue;

use syslet_syscalls::decode::{self, Answer, Decoder};

use crate::queues::drain_buffer::Reader;
use crate::submission::Submission;

/// One completion: the raw result, and one return for each attribute that was asked for.
#[derive(Clone, Copy)]
pub struct Completion<'a> {
    done: Done<'a>,
}

/// The completions that are ready. Those that are not read are there the next time.
#[derive(Debug)]
pub struct Completions<'a> {
    records: Reader<'a>,
}

impl<'a> Completion<'a> {
    /// The completion in these words, which the engine has built.
    #[inline]
    pub(crate) fn new(record: &'a [u64]) -> Completion<'a> {
        Completion { done: Done::trusted(bytemuck::cast_slice(record)) }
    }

    /// The word given with the submission.
    #[must_use]
    #[inline]
    pub fn user_data(&self) -> u64 {
        self.done.user_data()
    }

    /// The raw result: `decode()` gives the value or the error number.
    #[must_use]
    #[inline]
    pub fn result(&self) -> RawResult {
        self.done.result()
    }

    /// Flags that say, for example, that the call did not run.
    #[must_use]
    #[inline]
    pub fn flags(&self) -> DoneFlags {
        self.done.flags()
    }

    /// The bytes that the call wrote into the out area; `None` without an out area, or when the call did not run.
    #[must_use]
    #[inline]
    pub fn data(&self) -> Option<&'a [u8]> {
        self.done
            .attribute(AttributeId::DATA)
            .filter(|data| data.status == Status::HANDLED)
            .map(|data| data.value)
    }

    /// When the call was queued, started and finished; `None` when TIMING was not asked for or not handled.
    #[must_use]
    #[inline]
    pub fn timing(&self) -> Option<TimingValue> {
        let timing = self.done.attribute(AttributeId::TIMING)?;
        (timing.status == Status::HANDLED).then(|| TimingValue::parse(timing.value)).flatten()
    }

    /// The return of one attribute, if it was asked for: its status, and its value if that is HANDLED. [`crate::attrs`] has the
    /// types that read the value: `DeadlineValue::parse`, `CacheValue::parse` and so on.
    #[must_use]
    #[inline]
    pub fn attribute(&self, id: AttributeId) -> Option<Return<'a>> {
        self.done.attribute(id)
    }

    /// All attribute returns: DATA first if there is one, the others in the order asked.
    #[must_use]
    #[inline]
    pub fn returns(&self) -> Returns<'a> {
        self.done.returns()
    }

    /// The call and its result, as strace prints them: `close(3) = 0`. `submission` is the one that this completes, with
    /// the same arguments as when it was pushed.
    #[must_use]
    pub fn decoded(&self, submission: &Submission, decoder: &Decoder) -> String {
        decoder.answered(submission.bytes(), &Answer::of(&self.done))
    }

    /// The record as it came through the ring.
    #[must_use]
    #[inline]
    pub fn bytes(&self) -> &'a [u8] {
        self.done.bytes()
    }
}

/// The result in words, the data, and the number of returns.
impl std::fmt::Debug for Completion<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let data = self.data().map(|data| decode::quoted(data, SHOWN_BYTES));
        f.debug_struct("Completion")
            .field("user_data", &self.user_data())
            .field("result", &format_args!("{}", decode::plain_result(self.result())))
            .field("flags", &self.flags())
            .field("data", &format_args!("{}", data.as_deref().unwrap_or("none")))
            .field("returns", &self.done.returns().count())
            .finish()
    }
}

/// As many bytes of data as [`Decoder::default`] shows.
const SHOWN_BYTES: usize = 32;

impl Completions<'_> {
    pub(crate) fn new(records: Reader<'_>) -> Completions<'_> {
        Completions { records }
    }
}

impl<'a> Iterator for Completions<'a> {
    type Item = Completion<'a>;

    #[inline]
    fn next(&mut self) -> Option<Completion<'a>> {
        self.records.next().map(Completion::new)
    }
}

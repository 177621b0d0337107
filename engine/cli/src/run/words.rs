//! A step in words, for printers of text: as it was written until it is built, then in the decoder's words. Memory that
//! the command holds does not travel, so the decoder knows its address only: it stays as it was written.

use syslet::abi::Call;
use syslet::syscalls::decode::{Answer, Decoder, quoted};
use syslet::{DoneFlags, RawResult};

use crate::plan::{Operand, Passed, Shown, Source, Step, Way};
use crate::report::Data;

/// How steps are put into words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words {
    decoder: Decoder,
    shown_bytes: usize,
}

impl Words {
    /// Of data at most so many bytes, of descriptors their paths when asked.
    pub(crate) fn new(shown_bytes: usize, fd_paths: bool) -> Words {
        Words { decoder: Decoder::default().shown_bytes(shown_bytes).fd_paths(fd_paths), shown_bytes }
    }

    /// The arguments of a step that was never built.
    pub(crate) fn written(&self, step: &Step) -> Vec<String> {
        step.operands.iter().map(|operand| self.as_written(operand)).collect()
    }

    /// The arguments of a step that is about to be submitted.
    pub(crate) fn before(&self, step: &Step, call: &Call<'_>) -> Vec<String> {
        let word = |(index, operand): (usize, &Operand)| {
            if travels(operand) { self.decoder.argument(call, index, None) } else { self.as_written(operand) }
        };
        step.operands.iter().enumerate().map(word).collect()
    }

    /// The arguments of a step that is over: those that came back are put into words again. The others keep their words, as
    /// a descriptor may be another one or closed by now.
    pub(crate) fn after(
        &self,
        step: &Step,
        call: &Call<'_>,
        mut before: Vec<String>,
        answer: &Answer<'_>,
        data: &[Data],
    ) -> Vec<String> {
        for (index, operand) in step.operands.iter().enumerate() {
            let held = data.iter().find(|data| data.argument == index && data.name.is_none());
            match (&operand.passed, held) {
                (passed, _) if comes_back(passed) => {
                    before[index] = self.decoder.argument(call, index, Some(answer));
                }
                (_, Some(data)) => before[index] = quoted(&data.bytes, self.shown_bytes),
                _ => {}
            }
        }
        before
    }

    /// The result of a step.
    pub(crate) fn result(&self, call: &Call<'_>, answer: &Answer<'_>) -> String {
        self.decoder.result(call, answer)
    }

    /// A value of which nothing is known but its bits: an atom's, or a group's.
    pub(crate) fn value(&self, result: RawResult, flags: DoneFlags) -> String {
        self.decoder.value(result, flags)
    }

    /// The contents of a group's areas; zeros at their end are left out.
    pub(crate) fn areas(&self, data: &[Data]) -> Vec<(String, String)> {
        let held = |data: &Data| {
            let len = data.bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            Some((data.name.clone()?, quoted(&data.bytes[..len], self.shown_bytes)))
        };
        data.iter().filter_map(held).collect()
    }

    fn as_written(&self, operand: &Operand) -> String {
        match &operand.shown {
            Shown::Written(text) | Shown::Number(text) => text.clone(),
            Shown::Bytes(bytes) => quoted(bytes, self.shown_bytes),
        }
    }
}

/// Whether all of an argument is in the submission.
fn travels(operand: &Operand) -> bool {
    match operand.passed {
        Passed::Value(source) => !matches!(source.base(), Source::Address(_)),
        Passed::Memory { way, .. } | Passed::Out { way, .. } => way != Way::Held,
    }
}

/// Whether the completion has more to say of an argument.
fn comes_back(passed: &Passed) -> bool {
    matches!(passed, Passed::Memory { way: Way::InOut, .. } | Passed::Out { way: Way::Out, .. })
}

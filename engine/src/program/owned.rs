//! A program as a value: built once, submitted as often as wanted with other inputs.

use std::sync::OnceLock;

use syslet_abi::{CALL_ARGS_OFFSET, Limits, ProgramRepr, USER_DATA_OFFSET};
use syslet_syscalls::decode::Decoder;

use crate::program::build::Builder;
use crate::program::validate::{Flow, Seen};
use crate::refused::Refused;

/// A program of calls: an owned record. It can be pushed as often as wanted, its inputs changed in between.
#[derive(Clone)]
pub struct Program {
    words: Vec<u64>,
    /// The findings of admission, until the bytes change.
    seen: OnceLock<Seen>,
}

/// A program is checked by itself against these; the ring has its own.
const LIMITS: Limits = Limits { record_bytes_max: usize::MAX, out_bytes_max: u32::MAX as usize };

impl Program {
    /// Writes a program.
    ///
    /// # Errors
    /// As [`Program::of`].
    pub fn build(write: impl for<'p> FnOnce(&mut Builder<'p>)) -> Result<Program, Refused> {
        let mut builder = Builder::new();
        write(&mut builder);
        builder.finish(Program::of)
    }

    /// The program with these fields.
    ///
    /// # Errors
    /// The refusal that a push would give, as far as it can be told without an engine.
    pub fn of(repr: &ProgramRepr<'_>) -> Result<Program, Refused> {
        let mut words = vec![0; repr.len_bytes() / 8];
        repr.emit(bytemuck::cast_slice_mut(&mut words));
        let record = bytemuck::cast_slice(&words);
        let checked = syslet_abi::Program::check(record, &LIMITS).map_err(Refused::from);
        let checked = checked.and_then(|program| Flow::default().check(&program));
        checked.map_err(|refused| refused.in_program(record))?;
        Ok(Program { words, seen: OnceLock::new() })
    }

    /// The record, as the rings carry it.
    #[must_use]
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        bytemuck::cast_slice(&self.words)
    }

    /// Where admission keeps its findings.
    pub(crate) fn seen(&self) -> &OnceLock<Seen> {
        &self.seen
    }

    /// The program in words: `syslet { 0: close(3); 1: close(4) }`.
    #[must_use]
    pub fn decoded(&self, decoder: &Decoder) -> String {
        decoder.record(self.bytes())
    }

    /// Changes the word that the completion echoes.
    #[inline]
    pub fn set_user_data(&mut self, user_data: u64) {
        self.words[USER_DATA_OFFSET / 8] = user_data;
    }

    /// Changes the first contents of a register.
    ///
    /// # Panics
    /// When the program has fewer.
    #[inline]
    pub fn set_input(&mut self, index: usize, contents: u64) {
        let count = syslet_abi::Program::admitted(self.bytes()).register_count();
        assert!(index < count, "input {index} of {count}");
        self.words[CALL_ARGS_OFFSET / 8 + index] = contents;
    }

    /// The bytes that travel with it, for others in their place. The next push checks the program anew.
    #[must_use]
    pub fn data_mut(&mut self) -> &mut [u8] {
        self.seen = OnceLock::new();
        let data = syslet_abi::Program::admitted(self.bytes()).data_range();
        &mut bytemuck::cast_slice_mut(&mut self.words)[data]
    }
}

/// Here, because a refusal knows no programs.
impl Refused {
    /// As [`Refused::explain`] of a program, with the atom at fault: `syslet { 0: dup(7, 0x8) } refused: … (atom 0, argument 2)`.
    #[must_use]
    pub fn explain_program(&self, program: &Program) -> String {
        self.explain_record(program.bytes())
    }

    /// The second half of [`Refused::explain_program`].
    #[must_use]
    pub fn why_program(&self, program: &Program) -> String {
        self.why_record(program.bytes())
    }
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let program = syslet_abi::Program::admitted(self.bytes());
        f.debug_struct("Program")
            .field("atoms", &format_args!("{}", self.decoded(&Decoder::default())))
            .field("user_data", &program.user_data())
            .field("bytes", &self.bytes().len())
            .finish()
    }
}

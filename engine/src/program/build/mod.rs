//! Writing programs: calls one after the other, blocks as closures. The value of a call is there to be used once the
//! call is written, so no value can be named before it is made. Applications write programs with it.

mod call;
mod draft;
pub mod calls;
mod value;

use std::marker::PhantomData;

use syslet_abi::{
    AskRepr, AtomFlags, AtomRepr, AttributeFlags, AttributeId, CallFlags, Kind, ProgramRepr, REGISTERS_MAX,
    StepOp, Target, Test as AbiTest, padded,
};

pub use crate::program::build::call::Call;
use crate::program::build::draft::{Draft, Label, Lead, asks, asks_of};
pub use crate::program::build::value::{Area, Arg, Data, Fd, Number, Register, Test, Value, Width};
use crate::program::build::value::{Brand, Word};

/// Writes one program.
#[derive(Debug)]
pub struct Builder<'p> {
    atoms: Vec<Draft>,
    /// The way out.
    finally: Vec<Draft>,
    /// Where each label stands, once it does.
    labels: Vec<Option<usize>>,
    /// Behind the last group.
    group_end: usize,
    /// Begin and end of the loops around.
    loops: Vec<(Label, Label)>,
    registers: Vec<u64>,
    data: Vec<u8>,
    out_len: usize,
    scratch_len: usize,
    flags: CallFlags,
    budget: u32,
    attributes: Vec<(AttributeId, AttributeFlags, Vec<u8>)>,
    brand: Brand<'p>,
}

/// As many atoms as a program runs at most, if it says nothing else.
const BUDGET: u32 = 1_000_000;

impl<'p> Builder<'p> {
    /// A program without atoms.
    pub(crate) fn new() -> Builder<'p> {
        Builder {
            atoms: Vec::new(),
            finally: Vec::new(),
            labels: Vec::new(),
            group_end: 0,
            loops: Vec::new(),
            registers: Vec::new(),
            data: Vec::new(),
            out_len: 0,
            scratch_len: 0,
            flags: CallFlags::NONE,
            budget: BUDGET,
            attributes: Vec::new(),
            brand: PhantomData,
        }
    }

    /// A register that each submission gives its first contents, counted from 0 in this order:
    /// [`Program::set_input`](crate::program::Program::set_input).
    ///
    /// # Panics
    /// When the program has 16 registers already.
    pub fn input(&mut self) -> Register<'p> {
        self.register(0)
    }

    /// A register with these first contents.
    ///
    /// # Panics
    /// When the program has 16 registers already.
    pub fn register(&mut self, contents: u64) -> Register<'p> {
        assert!(self.registers.len() < REGISTERS_MAX, "a program has {REGISTERS_MAX} registers");
        self.registers.push(contents);
        Register::new(self.registers.len() - 1)
    }

    /// Bytes that calls read.
    pub fn bytes(&mut self, bytes: &[u8]) -> Data<'p> {
        self.data.resize(padded(self.data.len()), 0);
        let at = self.data.len();
        self.data.extend_from_slice(bytes);
        Data::new(at)
    }

    /// A path, or another string.
    pub fn path(&mut self, path: &std::ffi::CStr) -> Data<'p> {
        self.bytes(path.to_bytes_with_nul())
    }

    /// Memory that calls write, and later ones may read. It comes back with the completion.
    pub fn area(&mut self, len: usize) -> Area<'p> {
        let at = padded(self.out_len);
        self.out_len = at.saturating_add(len);
        Area::new(at, len)
    }

    /// Memory for the program alone: it does not come back. At most 1 MiB in all.
    pub fn scratch(&mut self, len: usize) -> Area<'p> {
        let at = padded(self.scratch_len);
        self.scratch_len = at.saturating_add(len);
        Area::scratch(at, len)
    }

    /// Makes a call.
    pub fn call<T>(&mut self, call: Call<'p, T>) -> Made<'_, 'p, T> {
        let at = self.push(call.draft());
        Made { builder: self, at, value: Value::new(at) }
    }

    /// Has a call made on every way out, behind those that were given before. It is left out if something that it is
    /// given was not made, or failed.
    pub fn finally<T>(&mut self, call: Call<'p, T>) {
        let draft = call.draft();
        self.finally.push(Draft { flags: draft.flags.with(AtomFlags::FINALLY), ..draft });
    }

    /// `register = value`
    pub fn set(&mut self, register: Register<'p>, value: impl Into<Arg<'p>>) {
        self.step(StepOp::SET, &[register.place(), value.into()]);
    }

    /// `register += value`
    pub fn add(&mut self, register: Register<'p>, value: impl Into<Arg<'p>>) {
        self.step(StepOp::ADD, &[register.place(), value.into()]);
    }

    /// `register -= value`
    pub fn subtract(&mut self, register: Register<'p>, value: impl Into<Arg<'p>>) {
        self.step(StepOp::SUBTRACT, &[register.place(), value.into()]);
    }

    /// Reads a number in memory, at [`Area`] or [`Data`].
    pub fn load(&mut self, register: Register<'p>, from: impl Into<Arg<'p>>, width: Width) {
        self.step(StepOp::LOAD, &[register.place(), from.into(), width.arg()]);
    }

    /// Writes a number into memory.
    pub fn store(&mut self, to: Area<'p>, width: Width, value: impl Into<Arg<'p>>) {
        self.step(StepOp::STORE, &[to.into(), width.arg(), value.into()]);
    }

    /// Ends the program, by the way out, if the value passes the test. The value is the program's result then.
    pub fn stop_if(&mut self, value: impl Into<Arg<'p>>, test: Test<'p>) {
        self.ask(value, test, Lead::Stop, Lead::Next);
    }

    /// Leaves the loop around, if the value passes the test.
    ///
    /// # Panics
    /// When there is none.
    pub fn break_if(&mut self, value: impl Into<Arg<'p>>, test: Test<'p>) {
        let (_, end) = self.innermost();
        self.ask(value, test, Lead::To(end), Lead::Next);
    }

    /// Begins the loop around anew, if the value passes the test.
    ///
    /// # Panics
    /// When there is none.
    pub fn continue_if(&mut self, value: impl Into<Arg<'p>>, test: Test<'p>) {
        let (begin, _) = self.innermost();
        self.ask(value, test, Lead::To(begin), Lead::Next);
    }

    /// Runs a block if the value passes the test.
    pub fn when(&mut self, value: impl Into<Arg<'p>>, test: Test<'p>, block: impl FnOnce(&mut Builder<'p>)) {
        self.when_else(value, test, block, |_| {});
    }

    /// Runs one block or the other.
    pub fn when_else(
        &mut self,
        value: impl Into<Arg<'p>>,
        test: Test<'p>,
        block: impl FnOnce(&mut Builder<'p>),
        otherwise: impl FnOnce(&mut Builder<'p>),
    ) {
        let (other, end) = (self.label(), self.label());
        self.ask(value, test, Lead::Next, Lead::To(other));
        block(self);
        let jump = self.step(StepOp::JUMP, &[]);
        let before = self.atoms.len();
        self.place(other);
        otherwise(self);
        if self.atoms.len() == before {
            // Nothing to jump over.
            self.atoms.pop();
            self.labels[other.0] = Some(jump);
        } else {
            self.atoms[jump].then = Lead::To(end);
        }
        self.place(end);
    }

    /// Runs a block again and again, until something in it leaves.
    pub fn repeat(&mut self, block: impl FnOnce(&mut Builder<'p>)) {
        let (begin, end) = (self.label(), self.label());
        self.place(begin);
        self.loops.push((begin, end));
        block(self);
        self.loops.pop();
        self.go_back(begin);
        self.place(end);
    }

    /// Leads from the end of a loop to its begin: from the last atom, if it leads nowhere else and nothing leads behind it.
    fn go_back(&mut self, begin: Label) {
        let behind = self.atoms.len();
        let is_free = behind > self.group_end && !self.labels.contains(&Some(behind));
        if let Some(last) = self.atoms.last_mut().filter(|_| is_free) {
            let leads = [Some(&mut last.then), (last.test != AbiTest::ALWAYS).then_some(&mut last.otherwise)];
            let mut behind = leads.into_iter().flatten().filter(|lead| **lead == Lead::Next).peekable();
            if behind.peek().is_some() {
                behind.for_each(|lead| *lead = Lead::To(begin));
                return;
            }
        }
        let jump = self.step(StepOp::JUMP, &[]);
        self.atoms[jump].then = Lead::To(begin);
    }

    /// Has calls made side by side, and goes on when all are over. Gives how many have succeeded.
    pub fn together(&mut self, calls: impl FnOnce(&mut Group<'_, 'p>)) -> Value<'p, Number> {
        self.first(0, calls)
    }

    /// The same, but goes on when `enough` have succeeded: the others are stopped.
    pub fn first(&mut self, enough: usize, calls: impl FnOnce(&mut Group<'_, 'p>)) -> Value<'p, Number> {
        let head = self.step(StepOp::TOGETHER, &[]);
        calls(&mut Group { builder: self });
        let count = self.atoms.len() - head - 1;
        self.atoms[head].args = vec![Word::number(count), Word::number(enough)];
        self.group_end = self.atoms.len();
        Value::new(head)
    }

    /// At most so many atoms are run, those of the way out not counted; a million if nothing is said.
    pub fn budget(&mut self, atoms: u32) {
        self.budget = atoms;
    }

    /// Adds flags.
    pub fn flags(&mut self, flags: CallFlags) {
        self.flags = self.flags.with(flags);
    }

    /// Asks for an attribute of the whole program.
    pub fn attribute(&mut self, id: AttributeId, flags: AttributeFlags, payload: &[u8]) {
        self.attributes.push((id, flags, payload.to_vec()));
    }

    /// Asks for ATOMS: the value of each atom.
    pub fn atoms(&mut self) {
        self.attribute(AttributeId::ATOMS, AttributeFlags::NONE, &[]);
    }

    fn innermost(&self) -> (Label, Label) {
        *self.loops.last().expect("there is a loop around")
    }

    fn label(&mut self) -> Label {
        self.labels.push(None);
        Label(self.labels.len() - 1)
    }

    /// The label stands before the atom that is written next.
    fn place(&mut self, label: Label) {
        self.labels[label.0] = Some(self.atoms.len());
    }

    fn push(&mut self, draft: Draft) -> usize {
        self.atoms.push(draft);
        self.atoms.len() - 1
    }

    fn step(&mut self, op: StepOp, args: &[Arg<'p>]) -> usize {
        self.push(Draft::new(Kind::STEP, op.0, args))
    }

    fn ask(&mut self, value: impl Into<Arg<'p>>, test: Test<'p>, then: Lead, otherwise: Lead) {
        let at = self.step(StepOp::COMPARE, &[value.into()]);
        self.lead(at, test, then, otherwise);
    }

    fn lead(&mut self, at: usize, test: Test<'p>, then: Lead, otherwise: Lead) {
        let draft = &mut self.atoms[at];
        (draft.test, draft.operand) = (test.test, test.operand);
        (draft.then, draft.otherwise) = if test.is_negated { (otherwise, then) } else { (then, otherwise) };
    }

    /// Lays the program out, and gives the result of `make` for its fields.
    pub(crate) fn finish<T>(self, make: impl FnOnce(&ProgramRepr<'_>) -> T) -> T {
        let end = self.atoms.len();
        let target = |lead: Lead| match lead {
            Lead::Next => Target::NEXT,
            Lead::Stop => Target::STOP,
            Lead::To(label) => match self.labels[label.0].filter(|at| *at < end) {
                Some(at) => Target(u16::try_from(at).unwrap_or(Target::STOP.0)),
                None => Target::STOP,
            },
        };
        let out_len = if self.scratch_len > 0 { padded(self.out_len) } else { self.out_len };
        let args =
            |draft: &Draft| -> Vec<u64> { draft.args.iter().map(|word| word.placed(out_len)).collect() };
        let drafts: Vec<&Draft> = self.atoms.iter().chain(&self.finally).collect();
        let placed: Vec<Vec<u64>> = drafts.iter().map(|draft| args(draft)).collect();
        let asks: Vec<Vec<AskRepr<'_>>> = drafts.iter().map(|draft| asks(&draft.attributes)).collect();
        let atom = |draft: &Draft| AtomRepr {
            kind: draft.kind,
            flags: draft.flags,
            nr: draft.nr,
            kinds: draft.kinds,
            args: &[],
            test: draft.test,
            operand: draft.operand,
            then: target(draft.then),
            otherwise: target(draft.otherwise),
            attributes: &[],
        };
        let atoms: Vec<AtomRepr<'_>> = drafts
            .iter()
            .zip(&asks)
            .zip(&placed)
            .map(|((draft, asks), args)| AtomRepr { args, attributes: asks, ..atom(draft) })
            .collect();
        let data = (!self.data.is_empty()).then_some(AskRepr {
            id: AttributeId::DATA,
            flags: AttributeFlags::NONE,
            payload: &self.data,
        });
        let attributes: Vec<AskRepr<'_>> = data.into_iter().chain(asks_of(&self.attributes)).collect();
        let repr = ProgramRepr {
            flags: self.flags,
            user_data: 0,
            registers: &self.registers,
            budget: self.budget,
            out_len: u32::try_from(out_len).unwrap_or(u32::MAX),
            scratch_len: u32::try_from(self.scratch_len).unwrap_or(u32::MAX),
            attributes: &attributes,
            atoms: &atoms,
        };
        make(&repr)
    }
}

/// A call that was just written: its value, and where the program goes when it fails.
#[derive(Debug)]
pub struct Made<'b, 'p, T> {
    pub(crate) builder: &'b mut Builder<'p>,
    pub(crate) at: usize,
    pub(crate) value: Value<'p, T>,
}

impl<'p, T> Made<'_, 'p, T> {
    /// The program goes on, whether the call fails or not.
    pub fn value(self) -> Value<'p, T> {
        self.value
    }

    /// An error ends the program, by the way out.
    pub fn or_stop(self) -> Value<'p, T> {
        self.stop_if(Test::error())
    }

    /// An error leaves the loop around.
    ///
    /// # Panics
    /// When there is none.
    pub fn or_break(self) -> Value<'p, T> {
        self.break_if(Test::error())
    }

    /// A value that passes the test ends the program, by the way out.
    pub fn stop_if(self, test: Test<'p>) -> Value<'p, T> {
        self.builder.lead(self.at, test, Lead::Stop, Lead::Next);
        self.value
    }

    /// A value that passes the test leaves the loop around.
    ///
    /// # Panics
    /// When there is none.
    pub fn break_if(self, test: Test<'p>) -> Value<'p, T> {
        let (_, end) = self.builder.innermost();
        self.builder.lead(self.at, test, Lead::To(end), Lead::Next);
        self.value
    }

    /// A value that passes the test begins the loop around anew.
    ///
    /// # Panics
    /// When there is none.
    pub fn continue_if(self, test: Test<'p>) -> Value<'p, T> {
        let (begin, _) = self.builder.innermost();
        self.builder.lead(self.at, test, Lead::To(begin), Lead::Next);
        self.value
    }
}

/// Calls that run side by side.
#[derive(Debug)]
pub struct Group<'b, 'p> {
    pub(crate) builder: &'b mut Builder<'p>,
}

impl<'p> Group<'_, 'p> {
    /// Makes a call beside the others.
    pub fn call<T>(&mut self, call: Call<'p, T>) -> Value<'p, T> {
        Value::new(self.builder.push(call.draft()))
    }
}

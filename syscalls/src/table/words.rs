//! The words that rows are written in. A row starts with its class and names its differences from the plain case, in which
//! the call yields nothing, touches the process only, keeps all descriptors and all memory, and is made again after EINTR
//! if it can sleep at all.

use super::sizes::IOVEC;
use crate::argument::{Arg, ArgType, Direction, Form, Len, Width, Written};
use crate::condition::{Condition, RestartWhen, ScopeWhen, When};
use crate::harm::Harm;
use crate::kick::Kick;
use crate::nature::{Class, Scope};
use crate::nonblocking::NonBlockingForm;
use crate::restart::Restart;
use crate::row::{Descriptors, Memory, Numbers, Row, Yields};
use crate::widths::Widths;

/// Stands for a number where an architecture lacks the call.
pub(super) const NO: u16 = u16::MAX;

/// A call that never sleeps; numbers for x86_64 and aarch64.
pub(super) const fn instant(name: &'static str, numbers: [u16; 2], args: &'static [Arg]) -> Row {
    row(Class::Instant, name, numbers, args)
}

/// A call that may wait for storage; numbers for x86_64 and aarch64.
pub(super) const fn storage(name: &'static str, numbers: [u16; 2], args: &'static [Arg]) -> Row {
    row(Class::Storage, name, numbers, args)
}

/// A call with a wait that depends on its descriptor; numbers for x86_64 and aarch64.
pub(super) const fn descriptor(name: &'static str, numbers: [u16; 2], args: &'static [Arg]) -> Row {
    row(Class::Descriptor, name, numbers, args)
}

/// A call that may sleep for ever; numbers for x86_64 and aarch64.
pub(super) const fn sleeps(name: &'static str, numbers: [u16; 2], args: &'static [Arg]) -> Row {
    row(Class::Sleeps, name, numbers, args)
}

/// A number without its call: the answer is ENOSYS.
pub(super) const fn gone(
    why: &'static str,
    name: &'static str,
    numbers: [u16; 2],
    args: &'static [Arg],
) -> Row {
    let mut row = row(Class::Instant, name, numbers, args);
    row.gone = Some(why);
    row
}

const fn row(class: Class, name: &'static str, numbers: [u16; 2], args: &'static [Arg]) -> Row {
    Row {
        name,
        numbers: Numbers { x86_64: existing(numbers[0]), aarch64: existing(numbers[1]) },
        args,
        yields: Yields::Nothing,
        class,
        when: &[],
        scope: Scope::Process,
        scope_when: &[],
        descriptors: Descriptors::Kept,
        memory: Memory::Kept,
        danger: None,
        is_built: builds(args),
        widths: Widths::of(args),
        descriptor: descriptor_of(args),
        addresses: addresses(args),
        nonblocking: None,
        blocking_only: None,
        restart: if matches!(class, Class::Instant) { Restart::Uninterrupted } else { Restart::Again },
        restart_when: &[],
        kick: Kick::Never(match class {
            Class::Instant => "it does not sleep",
            Class::Storage => "it may be done in part, or done, when a signal ends it",
            Class::Descriptor => "a signal may cut it short",
            Class::Sleeps => "its submitter tries it without sleeping, or a worker makes it",
        }),
        gone: None,
    }
}

/// Whether an argument is a structure with addresses, or a command can make it one.
const fn builds(args: &[Arg]) -> bool {
    let mut at = 0;
    while at < args.len() {
        let mut form = 0;
        while form < args[at].forms.len() {
            if args[at].forms[form].arg.ty.has_addresses() {
                return true;
            }
            form += 1;
        }
        if args[at].ty.has_addresses() {
            return true;
        }
        at += 1;
    }
    false
}

const fn descriptor_of(args: &[Arg]) -> Option<u8> {
    let mut at = 0;
    while (at as usize) < args.len() {
        if args[at as usize].ty.is_descriptor() {
            return Some(at);
        }
        at += 1;
    }
    None
}

const fn addresses(args: &[Arg]) -> u8 {
    let (mut addresses, mut at) = (0, 0);
    while at < args.len() {
        addresses |= (!matches!(args[at].ty.direction(), Direction::Value) as u8) << at;
        at += 1;
    }
    addresses
}

const fn existing(number: u16) -> Option<u16> {
    if number == NO { None } else { Some(number) }
}

impl Row {
    pub(super) const fn yields(mut self, yields: Yields) -> Row {
        self.yields = yields;
        self
    }

    pub(super) const fn when(mut self, when: &'static [When]) -> Row {
        self.when = when;
        self
    }

    pub(super) const fn scope(mut self, scope: Scope) -> Row {
        self.scope = scope;
        self
    }

    /// No engine makes the call, because of this harm.
    pub(super) const fn ends(mut self, harm: Harm) -> Row {
        self.scope = Scope::EngineLife(harm);
        self.restart = Restart::Never("no thread of an engine makes it");
        self
    }

    pub(super) const fn scope_when(mut self, when: &'static [ScopeWhen]) -> Row {
        self.scope_when = when;
        self
    }

    pub(super) const fn descriptors(mut self, descriptors: Descriptors) -> Row {
        self.descriptors = descriptors;
        self
    }

    pub(super) const fn memory(mut self, memory: Memory) -> Row {
        self.memory = memory;
        self
    }

    pub(super) const fn danger(mut self, why: &'static str) -> Row {
        self.danger = Some(why);
        self
    }

    pub(super) const fn restart(mut self, restart: Restart) -> Row {
        self.restart = restart;
        self
    }

    pub(super) const fn restart_when(mut self, when: &'static [RestartWhen]) -> Row {
        self.restart_when = when;
        self
    }

    /// A submitter that is held in it is taken out.
    pub(super) const fn kick(mut self, kick: Kick) -> Row {
        self.kick = kick;
        self
    }

    pub(super) const fn nonblocking(mut self, nonblocking: NonBlockingForm) -> Row {
        self.nonblocking = Some(nonblocking);
        self
    }

    pub(super) const fn blocking_only(mut self, why: &'static str) -> Row {
        self.blocking_only = Some(why);
        self
    }
}

/// The low 32 bits of the argument are this number: it is an int.
const fn equals(arg: u8, number: u32) -> Condition {
    Condition { arg, mask: 0xffff_ffff, equals: number as u64 }
}

/// The argument has this bit.
const fn contains(arg: u8, bit: u32) -> Condition {
    Condition { arg, mask: bit as u64, equals: bit as u64 }
}

/// That class when the low 32 bits of the argument are this number.
pub(super) const fn is(arg: u8, number: u32, class: Class) -> When {
    When { given: equals(arg, number), class }
}

/// That class when the argument has this bit.
pub(super) const fn has(arg: u8, bit: u32, class: Class) -> When {
    When { given: contains(arg, bit), class }
}

/// That scope when the low 32 bits of the argument are this number.
pub(super) const fn scope_is(arg: u8, number: u32, scope: Scope) -> ScopeWhen {
    ScopeWhen { given: equals(arg, number), also: None, scope }
}

/// That scope when the argument has this bit.
pub(super) const fn scope_has(arg: u8, bit: u32, scope: Scope) -> ScopeWhen {
    ScopeWhen { given: contains(arg, bit), also: None, scope }
}

impl ScopeWhen {
    /// Only if the low 32 bits of that argument are this number, too.
    pub(super) const fn and_is(mut self, arg: u8, number: u32) -> ScopeWhen {
        self.also = Some(equals(arg, number));
        self
    }

    /// Only if all 64 bits of that argument are this number, too: it is a long.
    pub(super) const fn and_long(mut self, arg: u8, number: u64) -> ScopeWhen {
        self.also = Some(Condition { arg, mask: u64::MAX, equals: number });
        self
    }

    /// Only if that argument has this bit, too.
    pub(super) const fn and_has(mut self, arg: u8, bit: u32) -> ScopeWhen {
        self.also = Some(contains(arg, bit));
        self
    }
}

/// That answer to EINTR when the argument has this bit.
pub(super) const fn restart_has(arg: u8, bit: u32, restart: Restart) -> RestartWhen {
    RestartWhen { given: contains(arg, bit), restart }
}

/// The same call with this bit set in that argument.
pub(super) const fn flag(arg: u8, bit: u32) -> NonBlockingForm {
    NonBlockingForm::Flag(arg, bit as u64)
}

const fn value(name: &'static str, ty: ArgType) -> Arg {
    Arg { name, ty, width: ty.width(), len: Len::None, written: Written::Never, forms: &[] }
}

macro_rules! values {
    ($($word:ident = $ty:ident, $doc:literal;)*) => {
        $(#[doc = $doc] pub(super) const fn $word(name: &'static str) -> Arg { value(name, ArgType::$ty) })*
    };
}

values! {
    fd = Fd, "An open descriptor.";
    dirfd = DirFd, "A directory's descriptor, or AT_FDCWD.";
    size = Size, "A length or count of memory.";
    flags = Flags, "A set of bits.";
    mode = Mode, "File mode bits.";
    int = Int, "A signed integer.";
    uint = Uint, "An unsigned integer.";
    offset = Offset, "A position in a file.";
    pid = Pid, "A process, thread or process group.";
    id = Id, "A user or group.";
    signal = Signal, "A signal number.";
    clock = Clock, "A clock.";
    command = Command, "The operation of a multiplexed call.";
    address = Address, "An address that is itself the point.";
    opaque = Opaque, "Memory with pointers in it, or a word with a meaning that another argument decides.";
}

/// A path.
pub(super) const fn path(name: &'static str) -> Arg {
    Arg { name, ty: ArgType::Path, width: Width::Bits64, len: Len::Nul, written: Written::Never, forms: &[] }
}

/// Another string.
pub(super) const fn text(name: &'static str) -> Arg {
    Arg { name, ty: ArgType::Text, width: Width::Bits64, len: Len::Nul, written: Written::Never, forms: &[] }
}

/// Bytes that the call reads.
pub(super) const fn input(name: &'static str, len: Len) -> Arg {
    Arg { name, ty: ArgType::In, width: Width::Bits64, len, written: Written::Never, forms: &[] }
}

/// A structure that the call reads.
pub(super) const fn input_of(name: &'static str, bytes: u32) -> Arg {
    input(name, Len::Const(bytes))
}

/// Bytes that the call writes.
pub(super) const fn output(name: &'static str, len: Len, written: Written) -> Arg {
    Arg { name, ty: ArgType::Out, width: Width::Bits64, len, written, forms: &[] }
}

/// A structure that the call writes when it succeeds.
pub(super) const fn output_of(name: &'static str, bytes: u32) -> Arg {
    output(name, Len::Const(bytes), Written::Whole)
}

/// As many bytes as that argument counts; the call fills as many as its result says.
pub(super) const fn buffer(name: &'static str, counted_by: u8) -> Arg {
    output(name, Len::Arg(counted_by), Written::Result)
}

/// A structure that the call reads and writes.
pub(super) const fn update_of(name: &'static str, bytes: u32) -> Arg {
    Arg { ty: ArgType::InOut, ..output_of(name, bytes) }
}

/// Structures or bits that name descriptors, read and written.
pub(super) const fn descriptors(name: &'static str, len: Len) -> Arg {
    Arg { ty: ArgType::Descriptors, ..output(name, len, Written::Whole) }
}

/// As many `struct iovec` as that argument counts, for bytes that the call reads.
pub(super) const fn gather(name: &'static str, counted_by: u8) -> Arg {
    Arg { ty: ArgType::Gather, ..input(name, Len::Times(counted_by, IOVEC)) }
}

/// As many `struct iovec` as that argument counts, for bytes that the call writes.
pub(super) const fn scatter(name: &'static str, counted_by: u8) -> Arg {
    Arg { ty: ArgType::Scatter, ..input(name, Len::Times(counted_by, IOVEC)) }
}

/// One address and one size, of bytes that the call reads.
pub(super) const fn packed(name: &'static str) -> Arg {
    Arg { ty: ArgType::Gather, ..input_of(name, IOVEC) }
}

/// One message or several, with addresses in them.
pub(super) const fn messages(name: &'static str, ty: ArgType, len: Len) -> Arg {
    let written = if let ArgType::SendMessage = ty { Written::Never } else { Written::Whole };
    Arg { ty, ..output(name, len, written) }
}

/// A structure that the call reads and writes.
pub(super) const fn update(name: &'static str, len: Len) -> Arg {
    Arg { len, ..update_of(name, 1) }
}

/// As many bytes as the number that the argument points to says, before the call and after it.
pub(super) const fn sized(name: &'static str, by: u8) -> Arg {
    output(name, Len::At(by), Written::At(by))
}

/// The same, of which at least so many may be written.
pub(super) const fn at_least(name: &'static str, by: u8, bytes: u32) -> Arg {
    output(name, Len::AtLeast(by, bytes), Written::At(by))
}

impl Arg {
    /// Another argument can give it another form.
    pub(super) const fn or(mut self, forms: &'static [Form]) -> Arg {
        self.forms = forms;
        self
    }
}

/// An address of a socket.
pub(super) const fn socket_address(name: &'static str, counted_by: u8) -> Arg {
    Arg { ty: ArgType::SocketAddress, ..input(name, Len::Arg(counted_by)) }
}

/// An argument in a form that another one decides; where none matches, memory that the table does not describe.
pub(super) const fn formed(name: &'static str, forms: &'static [Form]) -> Arg {
    Arg { forms, ..opaque(name) }
}

/// The form of the argument when the low 32 bits of argument `by` are one of these.
pub(super) const fn on(by: u8, equals: &'static [u32], arg: Arg) -> Form {
    Form { by, mask: u32::MAX, equals, also: None, arg, danger: None }
}

impl Form {
    /// Only if the low 32 bits of that argument are this number, too.
    pub(super) const fn and(mut self, by: u8, number: u32) -> Form {
        self.also = Some((by, number));
        self
    }

    /// Only these bits of the deciding argument count.
    pub(super) const fn masked(mut self, mask: u32) -> Form {
        self.mask = mask;
        self
    }

    pub(super) const fn danger(mut self, why: &'static str) -> Form {
        self.danger = Some(why);
        self
    }
}

impl Arg {
    /// The kernel takes all 64 bits.
    pub(super) const fn bits_64(mut self) -> Arg {
        self.width = Width::Bits64;
        self
    }

    /// The kernel takes the low 32 bits.
    pub(super) const fn bits_32(mut self) -> Arg {
        self.width = Width::Bits32;
        self
    }

    /// The kernel ignores it.
    pub(super) const fn ignored(mut self) -> Arg {
        self.width = Width::Ignored;
        self
    }
}

/// A form has no name of its own.
pub(super) const IT: &str = "";

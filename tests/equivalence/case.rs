//! A case: one call, how its fresh state and its arguments are made, and what cannot be equal.

use std::ops::Range;

use crate::world::World;

/// An argument, as every way of making the call can pass it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Arg {
    /// The 64 bits.
    Value(u64),
    /// The address of memory that the state owns and looks at afterwards.
    Memory(u64),
    /// Bytes that the call reads.
    In(Vec<u8>),
    /// Room for so many bytes; without a number for as many as the row says.
    Out(Option<usize>),
    /// Bytes that the call reads and writes.
    InOut(Vec<u8>),
}

macro_rules! values {
    ($($number:ty)*) => {
        $(impl From<$number> for Arg {
            fn from(value: $number) -> Arg {
                Arg::Value(i64::from(value).cast_unsigned())
            }
        })*
    };
}
values! { i32 u32 i64 }

impl From<u64> for Arg {
    fn from(value: u64) -> Arg {
        Arg::Value(value)
    }
}

impl From<usize> for Arg {
    fn from(value: usize) -> Arg {
        Arg::Value(value as u64)
    }
}

/// Arguments in the order of the call.
macro_rules! args {
    ($($arg:expr),* $(,)?) => { vec![$($crate::case::Arg::from($arg)),*] };
}
pub(crate) use args;

/// Room for what the row says.
pub(crate) fn out() -> Arg {
    Arg::Out(None)
}

/// Room for so many bytes.
pub(crate) fn room(len: usize) -> Arg {
    Arg::Out(Some(len))
}

/// Bytes that the call reads.
pub(crate) fn input(bytes: impl AsRef<[u8]>) -> Arg {
    Arg::In(bytes.as_ref().to_vec())
}

/// A string that the call reads.
pub(crate) fn text(text: &str) -> Arg {
    Arg::In([text.as_bytes(), b"\0"].concat())
}

/// Bytes that the call reads and writes.
pub(crate) fn inout(bytes: impl AsRef<[u8]>) -> Arg {
    Arg::InOut(bytes.as_ref().to_vec())
}

/// A length beside an address, read and written.
pub(crate) fn length(len: u32) -> Arg {
    inout(len.to_ne_bytes())
}

/// A timespec, an itimerspec's half, anything of 64-bit words.
pub(crate) fn words(words: &[i64]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_ne_bytes()).collect()
}

/// A pollfd, a pair of ids, anything of 32-bit words.
pub(crate) fn ints(ints: &[i32]) -> Vec<u8> {
    ints.iter().flat_map(|int| int.to_ne_bytes()).collect()
}

/// Makes fresh state and gives the arguments.
pub(crate) type Setup = Box<dyn Fn(&mut World) -> Vec<Arg>>;
/// Ends the sleep of a call.
pub(crate) type Unblock = Box<dyn Fn(&World) + Send + Sync>;

/// What cannot be equal, or is known to be otherwise.
#[derive(Debug, Default)]
pub(crate) struct Allowed {
    /// Only whether it succeeds is compared, not the number.
    pub(crate) result: bool,
    /// Bytes of out arguments that differ: times, ids.
    pub(crate) bytes: Vec<(usize, Range<usize>)>,
    /// The same in the state's memory, in each block.
    pub(crate) memory: Vec<Range<usize>>,
    /// The argument that holds new descriptors.
    pub(crate) descriptors: Option<usize>,
    /// The result is a number where the row says that it is a descriptor.
    pub(crate) number: bool,
    /// Only the submitter makes it: what ends its sleep reaches no worker.
    pub(crate) submitter: bool,
    /// It answers about the thread: what a worker says of itself is not compared.
    pub(crate) thread: bool,
    /// Arguments that no bad one is made of.
    pub(crate) kept: Vec<usize>,
    /// Good arguments fail too: the call needs what no test has, or would do harm.
    pub(crate) fails: bool,
    /// The end of an out argument is not always written.
    pub(crate) loose: Vec<usize>,
}

/// One call with good arguments, further bad ones, and what may differ.
pub(crate) struct Case {
    pub(crate) call: &'static str,
    pub(crate) good: Setup,
    pub(crate) bad: Vec<Setup>,
    pub(crate) unblock: Option<Unblock>,
    /// Its row has a non-blocking form, which is not for this file.
    pub(crate) is_blocking_only: bool,
    pub(crate) left: fn(&World) -> String,
    /// It runs in a process of its own, with namespaces of its own.
    pub(crate) is_alone: bool,
    pub(crate) allowed: Allowed,
}

/// A call that does not sleep.
pub(crate) fn case(call: &'static str, good: impl Fn(&mut World) -> Vec<Arg> + 'static) -> Case {
    Case {
        call,
        good: Box::new(good),
        bad: Vec::new(),
        unblock: None,
        is_blocking_only: false,
        left: |_| String::new(),
        is_alone: false,
        allowed: Allowed::default(),
    }
}

/// A call that sleeps until `unblock` is called in another thread.
pub(crate) fn sleeping(
    call: &'static str,
    good: impl Fn(&mut World) -> Vec<Arg> + 'static,
    unblock: impl Fn(&World) + Send + Sync + 'static,
) -> Case {
    Case { unblock: Some(Box::new(unblock)), ..case(call, good) }
}

impl Case {
    /// Bad arguments beyond those that the row's types tell.
    pub(crate) fn bad(mut self, bad: impl Fn(&mut World) -> Vec<Arg> + 'static) -> Case {
        self.bad.push(Box::new(bad));
        self
    }

    /// No first attempt is made of it, though its row has a non-blocking form.
    pub(crate) fn blocking_only(mut self) -> Case {
        self.is_blocking_only = true;
        self
    }

    /// Compares this as well, looked at afterwards.
    pub(crate) fn left(mut self, left: fn(&World) -> String) -> Case {
        self.left = left;
        self
    }

    /// Runs it in a process with namespaces of its own.
    pub(crate) fn alone(mut self) -> Case {
        self.is_alone = true;
        self
    }

    /// Results differ on success.
    pub(crate) fn any_result(mut self) -> Case {
        self.allowed.result = true;
        self
    }

    /// These bytes of that argument differ.
    pub(crate) fn any_bytes(mut self, arg: usize, bytes: Range<usize>) -> Case {
        self.allowed.bytes.push((arg, bytes));
        self
    }

    /// These bytes of the state's memory differ.
    pub(crate) fn any_memory(mut self, bytes: Range<usize>) -> Case {
        self.allowed.memory.push(bytes);
        self
    }

    /// That argument holds new descriptors.
    pub(crate) fn descriptors(mut self, arg: usize) -> Case {
        self.allowed.descriptors = Some(arg);
        self
    }

    /// The result is no descriptor, with these arguments.
    pub(crate) fn no_descriptor(mut self) -> Case {
        self.allowed.number = true;
        self
    }

    /// A signal to the submitter ends it, which workers do not get.
    pub(crate) fn in_the_submitter(mut self) -> Case {
        self.allowed.submitter = true;
        self
    }

    /// A worker answers about itself.
    pub(crate) fn of_the_thread(mut self) -> Case {
        self.allowed.thread = true;
        self
    }

    /// No bad argument is made of this one.
    pub(crate) fn keep(mut self, arg: usize) -> Case {
        self.allowed.kept.push(arg);
        self
    }

    /// It fails with good arguments too.
    pub(crate) fn fails(mut self) -> Case {
        self.allowed.fails = true;
        self
    }

    /// The kernel may leave the end of that argument unwritten.
    pub(crate) fn loose(mut self, arg: usize) -> Case {
        self.allowed.loose.push(arg);
        self
    }
}

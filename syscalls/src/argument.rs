//! One argument of a row: its type, its width, the way its bytes go, and how far they reach. The rows of the table are
//! made of these, and every rule about arguments reads them.

/// The way an argument's bytes go.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Direction {
    /// Not through memory: the 64 bits are the argument.
    Value,
    /// Read by the call.
    In,
    /// Written by the call.
    Out,
    /// Read, then written.
    InOut,
    /// Memory that the table does not describe: passed as VALUE only.
    Opaque,
}

/// How many of an argument's 64 bits the kernel takes. The others may be anything: they change nothing about the call,
/// and they are passed on as they are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Width {
    /// All of them: a long, a size, an address.
    Bits64,
    /// The low 32: an int.
    Bits32,
    /// The low 16: the bits of a file's mode.
    Bits16,
    /// None of them.
    Ignored,
}

impl Width {
    /// How many bits they are.
    #[must_use]
    pub const fn bits(self) -> u32 {
        match self {
            Width::Bits64 => 64,
            Width::Bits32 => 32,
            Width::Bits16 => 16,
            Width::Ignored => 0,
        }
    }

    /// The bits that count.
    #[must_use]
    pub const fn mask(self) -> u64 {
        match self {
            Width::Bits64 => u64::MAX,
            Width::Bits32 => 0xffff_ffff,
            Width::Bits16 => 0xffff,
            Width::Ignored => 0,
        }
    }
}

/// The type of an argument.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ArgType {
    /// An open descriptor.
    Fd,
    /// A descriptor of a directory, or AT_FDCWD.
    DirFd,
    /// A path, NUL-terminated.
    Path,
    /// Another string, NUL-terminated.
    Text,
    /// Bytes or a structure that the call reads.
    In,
    /// An address of a socket that the call reads. Some families put descriptors into theirs.
    SocketAddress,
    /// Bytes or a structure that the call writes.
    Out,
    /// A structure or array that the call reads and writes.
    InOut,
    /// An array of structures that name descriptors (poll's), read and written.
    Descriptors,
    /// An array of `struct iovec` for reading: the bytes that it names lie in DATA, as the array does.
    Gather,
    /// An array of `struct iovec` for writing: the bytes that it names lie in the out area, the array in DATA.
    Scatter,
    /// A `struct msghdr` that is sent: all of it lies in DATA.
    SendMessage,
    /// A `struct msghdr` that is received: name, bytes and control data lie in the out area.
    ReceiveMessage,
    /// An array of `struct mmsghdr` that is sent.
    SendMessages,
    /// An array of `struct mmsghdr` that is received.
    ReceiveMessages,
    /// A length or count of memory.
    Size,
    /// A set of bits.
    Flags,
    /// File mode bits.
    Mode,
    /// A signed integer.
    Int,
    /// An unsigned integer.
    Uint,
    /// A position in a file.
    Offset,
    /// A process, thread or process group.
    Pid,
    /// A user or group.
    Id,
    /// A signal number.
    Signal,
    /// A clock.
    Clock,
    /// The operation of a multiplexed call.
    Command,
    /// An address that is itself the point: a mapping, a futex.
    Address,
    /// Memory that holds further pointers, or a word with a meaning that another argument decides.
    Opaque,
}

impl ArgType {
    /// The way the bytes of this type go.
    #[must_use]
    pub const fn direction(self) -> Direction {
        match self {
            ArgType::Path
            | ArgType::Text
            | ArgType::In
            | ArgType::SocketAddress
            | ArgType::Gather
            | ArgType::Scatter
            | ArgType::SendMessage => Direction::In,
            ArgType::Out => Direction::Out,
            ArgType::InOut
            | ArgType::Descriptors
            | ArgType::ReceiveMessage
            | ArgType::SendMessages
            | ArgType::ReceiveMessages => Direction::InOut,
            ArgType::Address | ArgType::Opaque => Direction::Opaque,
            _ => Direction::Value,
        }
    }

    /// How wide an argument of this type is, where a row does not say otherwise.
    #[must_use]
    pub const fn width(self) -> Width {
        match self {
            ArgType::Size | ArgType::Offset | ArgType::Address | ArgType::Opaque => Width::Bits64,
            ArgType::Mode => Width::Bits16,
            _ if matches!(self.direction(), Direction::Value) => Width::Bits32,
            _ => Width::Bits64,
        }
    }

    /// Whether its structures hold addresses, which the engine makes from offsets.
    #[must_use]
    pub const fn has_addresses(self) -> bool {
        matches!(
            self,
            ArgType::Gather
                | ArgType::Scatter
                | ArgType::SendMessage
                | ArgType::ReceiveMessage
                | ArgType::SendMessages
                | ArgType::ReceiveMessages
        )
    }

    /// Whether the call writes the memory that those addresses name.
    #[must_use]
    pub const fn receives(self) -> bool {
        matches!(self, ArgType::Scatter | ArgType::ReceiveMessage | ArgType::ReceiveMessages)
    }

    /// Whether the argument names a descriptor that the call uses.
    #[must_use]
    pub const fn is_descriptor(self) -> bool {
        matches!(self, ArgType::Fd | ArgType::DirFd)
    }
}

/// How many bytes an argument reaches from its address.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Len {
    /// It is no address, or its shape is not described.
    None,
    /// As many as this.
    Const(u32),
    /// As many as that argument says.
    Arg(u8),
    /// That argument's count, times so many bytes.
    Times(u8, u32),
    /// As many as that argument says, and so many before them.
    Plus(u8, u32),
    /// That argument's count of bits, in whole 64-bit words.
    Bits(u8),
    /// Up to and with the first NUL.
    Nul,
    /// As many as the 32-bit number that the argument points to (a socklen).
    At(u8),
    /// The same, but at least so many: some protocols read or write as many even where the number is smaller.
    AtLeast(u8, u32),
    /// As many as that number of elements, of so many bytes each.
    AtTimes(u8, u32),
    /// As many as that argument says, but at least so many.
    ArgLeast(u8, u32),
    /// A head, and behind it elements, counted by a 32-bit number in the head.
    Counted {
        /// The offset of the count in the head.
        at: u8,
        /// The bytes of the head.
        head: u32,
        /// The bytes of an element.
        each: u32,
    },
    /// As many as the 32-bit number at this byte of them says; when that is zero, as many as the second field.
    Sized(u8, u32),
    /// So many, and as many more as the 32-bit number at their begin says.
    Headed(u32),
    /// One for each 4096 bytes that the other argument counts; a part of 4096 bytes counts as a whole.
    Pages(u8),
}

impl Len {
    /// The argument and the byte in its memory at which the 32-bit number stands that the rule of argument `index` reads.
    #[must_use]
    pub(crate) const fn number(self, index: usize) -> Option<(usize, usize)> {
        match self {
            Len::At(by) | Len::AtLeast(by, _) | Len::AtTimes(by, _) => Some((by as usize, 0)),
            Len::Sized(at, _) | Len::Counted { at, .. } => Some((index, at as usize)),
            Len::Headed(_) => Some((index, 0)),
            _ => None,
        }
    }
}

/// How many of those bytes the call has written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Written {
    /// None: the call only reads them.
    Never,
    /// All, when the call succeeds.
    Whole,
    /// As many as the result says.
    Result,
    /// As many as the result says, but the call may leave them as they were.
    Perhaps,
    /// The result, and so many bytes before it.
    Plus(u32),
    /// The result, times so many bytes.
    Times(u32),
    /// As many as the 32-bit number that the call left where the argument points.
    At(u8),
    /// The same number, times so many bytes.
    AtTimes(u8, u32),
    /// All, when the call was interrupted.
    Interrupted,
}

/// The argument that one becomes when another argument says so: the command of a multiplexed call, the type of a structure.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    /// The argument that decides.
    pub by: u8,
    /// The low 32 bits of it that decide.
    pub mask: u32,
    /// The values that select this form.
    pub equals: &'static [u32],
    /// The value that another argument must have as well, by its low 32 bits: the level of a socket's option.
    pub also: Option<(u8, u32)>,
    /// The argument in this form; it has no name of its own.
    pub arg: Arg,
    /// The reason for which safe code must not make the call then, where nothing else forbids it.
    pub danger: Option<&'static str>,
}

impl Form {
    #[allow(clippy::cast_possible_truncation, reason = "the kernel takes a command's low 32 bits")]
    fn matches(&self, value: impl Fn(usize) -> Option<u64>) -> bool {
        let word = |by: u8| value(usize::from(by)).map(|value| value as u32);
        self.also.is_none_or(|(by, number)| word(by) == Some(number))
            && word(self.by).is_some_and(|word| self.equals.contains(&(word & self.mask)))
    }

    /// Whether safe code may pass the argument in this form.
    #[must_use]
    pub fn is_safe(&self) -> bool {
        self.danger.is_none()
            && self.arg.ty.direction() != Direction::Opaque
            && self.arg.ty != ArgType::Descriptors
    }
}

/// One argument of a row.
#[derive(Clone, Copy, Debug)]
pub struct Arg {
    /// The name in the kernel's prototype, leading underscores left out.
    pub name: &'static str,
    /// Its type.
    pub ty: ArgType,
    /// How many of its bits the kernel takes.
    pub width: Width,
    /// How far its bytes reach.
    pub len: Len,
    /// How much of them is written.
    pub written: Written,
    /// Its other forms. Where none matches, the fields above hold.
    pub forms: &'static [Form],
}

impl Arg {
    /// The form that the call's other arguments select; `value` gives them, where they are plain values.
    #[must_use]
    pub fn form(&self, value: impl Fn(usize) -> Option<u64>) -> Option<&'static Form> {
        self.forms.iter().find(|form| form.matches(&value))
    }

    /// This argument as the call's other arguments make it.
    #[must_use]
    #[inline]
    pub fn formed(&self, value: impl Fn(usize) -> Option<u64>) -> &Arg {
        self.form(value).map_or(self, |form| &form.arg)
    }
}

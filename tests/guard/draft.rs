//! Submissions drawn by the rows: what a row says of each argument, and room for exactly that, less or more.

use fastrand::Rng;
use syslet::syscalls::{Arg, ArgType, Direction, Len, Row};
use syslet::{Message, MessageRoom, Submission, SubmissionBuilder};

use crate::bag::Bag;

/// How much room the last address of a call has, beside what its row says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Room {
    Exact,
    /// One byte less.
    Short,
    /// So many bytes more.
    Long(usize),
}

/// What is to be drawn.
#[derive(Debug)]
pub(crate) struct Draft<'a> {
    pub(crate) row: &'a Row,
    /// Values that are not drawn, by argument.
    pub(crate) fixed: Vec<(usize, u64)>,
    /// What lengths and counts are.
    pub(crate) size: usize,
    pub(crate) room: Room,
    /// Which descriptor is lent first.
    pub(crate) fd: usize,
}

/// A call has at most this many arguments.
const ARGS: usize = 6;
/// Elements that a structure counts.
const ELEMENTS_MAX: usize = 20;
/// Nothing that reaches further is drawn.
const EXTENT_MAX: usize = 20_000;
/// Parts of a vector, and messages.
const PARTS_MAX: usize = 4;

/// A submission, and whether the door has to refuse it: an address has too little room, or the table does not know the option.
#[derive(Debug)]
pub(crate) struct Drawn {
    pub(crate) builder: SubmissionBuilder,
    pub(crate) is_refused: bool,
}

impl Draft<'_> {
    /// Draws the rest; nothing where the row does not say how far an address reaches.
    pub(crate) fn draw(&self, bag: &Bag, rng: &mut Rng) -> Option<Drawn> {
        let nr = self.row.numbers.here()?;
        let values = self.values(rng);
        let formed: Vec<&Arg> =
            self.row.args.iter().map(|arg| arg.formed(|by| values.get(by).copied().flatten())).collect();
        let last = formed.iter().rposition(|arg| is_refusedened(arg));
        let mut drawn = Drawn { builder: Submission::call(nr), is_refused: false };
        for (index, arg) in formed.iter().enumerate() {
            let room = if Some(index) == last { self.room } else { Room::Exact };
            drawn = self.argument(drawn, (index, arg), (&formed, &values), room, (bag, rng))?;
        }
        Some(drawn)
    }

    /// The arguments that are plain values; what is drawn depends on what is known of others.
    fn values(&self, rng: &mut Rng) -> [Option<u64>; ARGS] {
        let mut values = [None; ARGS];
        self.fixed.iter().for_each(|(index, value)| values[*index] = Some(*value));
        for with_forms in [false, true] {
            for (index, arg) in self.row.args.iter().enumerate() {
                if values[index].is_some() || arg.forms.is_empty() == with_forms {
                    continue;
                }
                let formed = arg.formed(|by| values[by]);
                if formed.ty.direction() == Direction::Value {
                    let counts_parts = self.row.args.iter().any(|other| {
                        let is_counted = matches!(other.formed(|by| values[by]).len, Len::Times(by, 16..) if usize::from(by) == index);
                        is_counted
                    });
                    values[index] = Some(self.value(formed.ty, counts_parts, rng));
                }
            }
        }
        values
    }

    fn value(&self, ty: ArgType, counts_parts: bool, rng: &mut Rng) -> u64 {
        match ty {
            ArgType::Size if counts_parts => (self.size % (PARTS_MAX + 1)) as u64,
            ArgType::Size => self.size as u64,
            // The process itself.
            ArgType::Pid => *rng.choice(&[0, u64::from(std::process::id())]).expect("one of two"),
            ArgType::Signal => 0,
            ArgType::Flags => match rng.u8(..4) {
                0 => 1 << rng.u8(..20),
                1 => rng.u64(..8),
                _ => 0,
            },
            ArgType::Mode => 0o600,
            _ => match rng.u8(..6) {
                0 => 1,
                1 => rng.u64(..16),
                2 => rng.u64(..0x1_0000),
                3 => self.size as u64,
                4 => u64::MAX,
                _ => 0,
            },
        }
    }

    fn argument(
        &self,
        drawn: Drawn,
        (index, arg): (usize, &Arg),
        others: (&[&Arg], &[Option<u64>; ARGS]),
        room: Room,
        (bag, rng): (&Bag, &mut Rng),
    ) -> Option<Drawn> {
        let Drawn { builder, is_refused } = drawn;
        let whole = |builder| Some(Drawn { builder, is_refused });
        match arg.ty {
            ArgType::Fd => return whole(builder.lend(bag.get(self.fd + index))),
            ArgType::DirFd => return whole(builder.int(libc::AT_FDCWD.into())),
            ArgType::Path | ArgType::Text => return whole(builder.input(&text(rng))),
            _ if arg.ty.has_addresses() => return whole(self.structure(builder, (arg, others.1), rng)?),
            _ => {}
        }
        let direction = arg.ty.direction();
        if direction == Direction::Value {
            return whole(builder.value(others.1[index].unwrap_or(0)));
        }
        if direction == Direction::Opaque {
            // What the table does not know has no extent, whatever room there is.
            let builder =
                if rng.bool() { builder.output(self.size) } else { builder.input(&vec![7; self.size]) };
            return Some(Drawn { builder, is_refused: true });
        }
        let exact = extent(arg.len, others.1, self.size)?;
        if exact > EXTENT_MAX {
            return None;
        }
        let (bytes, is_refused) = match room {
            Room::Short if exact > 0 => (exact - 1, true),
            Room::Long(more) => (exact + more, is_refused),
            _ => (exact, is_refused),
        };
        let builder = match direction {
            Direction::Out => builder.output(bytes),
            _ => {
                let mut content: Vec<u8> = std::iter::repeat_with(|| rng.u8(..)).take(bytes).collect();
                if rng.bool() {
                    content.fill(0);
                }
                self.lengths(&mut content, (index, arg), others.0);
                if direction == Direction::In { builder.input(&content) } else { builder.inout(&content) }
            }
        };
        Some(Drawn { builder, is_refused })
    }

    /// Puts the lengths in that the bytes of an argument are to begin with.
    fn lengths(&self, content: &mut [u8], (index, arg): (usize, &Arg), others: &[&Arg]) {
        let mut put = |at: usize, number: usize| {
            let number = u32::try_from(number).expect("a small number");
            if let Some(place) = content.get_mut(at..at + 4) {
                place.copy_from_slice(&number.to_ne_bytes());
            }
        };
        match arg.len {
            Len::Sized(at, least) => put(at.into(), sized(self.size, at, least).0),
            Len::Counted { at, .. } => put(at.into(), self.size % (ELEMENTS_MAX + 1)),
            Len::Headed(_) => put(0, self.size),
            _ => {}
        }
        let counts = |other: &&&Arg| matches!(other.len, Len::At(by) | Len::AtLeast(by, _) | Len::AtTimes(by, _) if usize::from(by) == index);
        if others.iter().any(|other| counts(&other)) {
            put(0, self.size);
        }
    }

    /// A vector or messages.
    fn structure(
        &self,
        builder: SubmissionBuilder,
        (arg, values): (&Arg, &[Option<u64>; ARGS]),
        rng: &mut Rng,
    ) -> Option<SubmissionBuilder> {
        let count = match arg.len {
            Len::Times(by, _) => usize::try_from(values[usize::from(by)]?).ok()?,
            _ => 1,
        };
        let bytes: Vec<u8> = std::iter::repeat_with(|| rng.u8(..)).take(self.size).collect();
        let rooms: Vec<usize> = (0..PARTS_MAX).map(|_| rng.usize(..=self.size)).collect();
        let parts: Vec<&[u8]> = rooms.iter().map(|room| &bytes[..*room]).collect();
        let name = rng.usize(..=self.size.min(130));
        let message = Message { name: &bytes[..name], parts: &parts, control: &[] };
        let room = MessageRoom { name, parts: &rooms, control: 0 };
        Some(match arg.ty {
            ArgType::Gather => builder.vector(parts.get(..count)?),
            ArgType::Scatter => builder.vector_room(rooms.get(..count)?),
            ArgType::SendMessage => builder.message(&message),
            ArgType::ReceiveMessage => builder.message_room(&room),
            ArgType::SendMessages => builder.messages(&vec![message; count]),
            _ => builder.message_rooms(&vec![room; count]),
        })
    }
}

/// Whether an address can have less room than it reaches, and the door sees it: nothing lies behind it in its area.
fn is_refusedened(arg: &Arg) -> bool {
    let is_plain = !matches!(arg.ty, ArgType::Path | ArgType::Text) && !arg.ty.has_addresses();
    is_plain && !matches!(arg.ty.direction(), Direction::Value | Direction::Opaque)
}

/// How many bytes a rule reaches, with these values of others and lengths of `size`.
fn extent(len: Len, values: &[Option<u64>; ARGS], size: usize) -> Option<usize> {
    let value = |by: u8| usize::try_from(values[usize::from(by)]?).ok().filter(|value| *value < 1 << 20);
    match len {
        Len::Const(bytes) => Some(bytes as usize),
        Len::Arg(by) => value(by),
        Len::Times(by, bytes) => Some(value(by)? * bytes as usize),
        Len::Plus(by, bytes) => Some(value(by)? + bytes as usize),
        Len::Bits(by) => Some(value(by)?.div_ceil(64) * 8),
        Len::At(_) => Some(size),
        Len::AtLeast(_, least) => Some(size.max(least as usize)),
        Len::AtTimes(_, bytes) => Some(size * bytes as usize),
        Len::ArgLeast(by, least) => Some(value(by)?.max(least as usize)),
        Len::Counted { head, each, .. } => Some(head as usize + size % (ELEMENTS_MAX + 1) * each as usize),
        Len::Sized(at, least) => Some(sized(size, at, least).1),
        Len::Headed(bytes) => Some(bytes as usize + size),
        Len::Pages(by) => Some(value(by)?.div_ceil(4096)),
        _ => None,
    }
}

/// The size that a structure says it has, and how far it reaches then.
fn sized(size: usize, at: u8, least: u32) -> (usize, usize) {
    let first = usize::from(at) + 4;
    if size == 0 { (0, least as usize) } else { (size, size.max(first)) }
}

/// A string, mostly one that names something.
fn text(rng: &mut Rng) -> Vec<u8> {
    const NAMES: [&str; 8] =
        ["", ".", "/", "/proc/self/status", "/dev/null", "guard", "user.guard", "/none/such"];
    let name: &str = rng.choice(&NAMES).expect("one of them");
    let mut bytes = name.as_bytes().to_vec();
    if rng.u8(..4) == 0 {
        bytes.extend(std::iter::repeat_n(b'x', rng.usize(..300)));
    }
    bytes.push(0);
    bytes
}

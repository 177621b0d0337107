//! Records made harmless: of whatever a record says, its call becomes one that leaves nothing behind, its descriptors ones of the
//! bag, and its addresses such as nothing of this process is at. All else stays as it is.

use syslet::abi::{ArgKind, ArgKinds, CALL_ARGS_OFFSET, Call, Kind, Limits, NR_OFFSET, Program, RecordWord};
use syslet::syscalls::{ArgType, Class, Direction, row, row_by_name};
use syslet::{CallFlags, abi::AtomFlags};

use crate::bag::Bag;

/// What may be called: all that is asked for without sleeping first, and calls that only look.
const CALLS: &[&str] = &[
    "read",
    "write",
    "pread64",
    "pwrite64",
    "readv",
    "writev",
    "preadv",
    "pwritev",
    "preadv2",
    "pwritev2",
    "recvfrom",
    "recvmsg",
    "recvmmsg",
    "sendto",
    "sendmsg",
    "sendmmsg",
    "accept",
    "accept4",
    "poll",
    "ppoll",
    "select",
    "pselect6",
    "epoll_wait",
    "epoll_pwait",
    "epoll_pwait2",
    "nanosleep",
    "clock_nanosleep",
    "futex",
    "futex_wait",
    "futex_waitv",
    "wait4",
    "waitid",
    "splice",
    "tee",
    "vmsplice",
    "sendfile",
    "copy_file_range",
    "flock",
    "mq_timedsend",
    "mq_timedreceive",
    "io_getevents",
    "io_pgetevents",
    "getdents64",
    "fstat",
    "statx",
    "newfstatat",
    "readlinkat",
    "getcwd",
    "getrandom",
    "uname",
    "clock_gettime",
    "getrusage",
    "times",
    "sysinfo",
    "sched_getaffinity",
    "getgroups",
    "lseek",
    "getsockname",
    "getsockopt",
    "fgetxattr",
    "flistxattr",
    "name_to_handle_at",
    "getpid",
    "gettid",
    "getppid",
    "sched_yield",
    "rt_sigtimedwait",
    "rt_sigsuspend",
    "pause",
    "cachestat",
    "fadvise64",
    "process_vm_readv",
    "timerfd_gettime",
    "timerfd_settime",
];

/// What is made where nothing else may be.
const GETPPID: u32 = if cfg!(target_arch = "x86_64") { 110 } else { 173 };
/// A program is run for so many steps at most.
const BUDGET_MAX: u32 = 300;
/// Where an atom or a submission has the kinds of its arguments.
const KINDS_OFFSET: usize = 24;
/// Where a record has its flags.
const FLAGS_OFFSET: usize = 6;
/// Addresses below this are NULL with an offset; nothing is mapped there.
const SMALL: u64 = 4096;
/// Addresses from here on are the kernel's, or none.
const HUGE: u64 = 1 << 47;

/// What a record has become.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Tamed {
    /// A call or a program that may be pushed, or a request to cancel.
    Sound,
    /// The door has to refuse it.
    Broken,
    /// Nothing that may be pushed.
    Wild,
}

/// Makes a record harmless.
pub fn tame(record: &mut [u8], limits: &Limits, bag: &Bag) -> Tamed {
    if record.len() < RecordWord::BYTES {
        return Tamed::Broken;
    }
    match RecordWord::at(record).kind {
        Kind::SYSLET => program(record, limits, bag),
        Kind::CANCEL => Tamed::Sound,
        _ => call(record, limits, bag),
    }
}

fn call(record: &mut [u8], limits: &Limits, bag: &Bag) -> Tamed {
    let Ok(call) = Call::check(record, limits) else { return Tamed::Broken };
    let (nr, argc, kinds) = (allowed(call.nr(), false), call.argc(), call.kinds());
    put(record, NR_OFFSET, &nr.to_ne_bytes());
    // A call that sleeps in its submitter would hold the whole run.
    if may_sleep(nr) {
        clear_flags(record, 0, CallFlags::SYNC.0 | CallFlags::STORAGE.0);
    }
    arguments(record, 0, (nr, argc, kinds), bag);
    Tamed::Sound
}

fn program(record: &mut [u8], limits: &Limits, bag: &Bag) -> Tamed {
    let Ok(program) = Program::check(record, limits) else { return Tamed::Broken };
    if program.budget() > BUDGET_MAX {
        return Tamed::Wild;
    }
    let calls: Vec<_> = program
        .atoms()
        .filter(|atom| atom.is_call())
        .map(|atom| {
            // No cancel reaches the way out, so nothing may sleep there.
            let is_awake = atom.flags().contains(AtomFlags::FINALLY);
            (atom.offset(), allowed(atom.nr(), is_awake), atom.own().argc(), atom.kinds())
        })
        .collect();
    clear_flags(record, 0, CallFlags::SYNC.0);
    for (at, nr, argc, kinds) in calls {
        put(record, at + NR_OFFSET, &nr.to_ne_bytes());
        clear_flags(record, at, AtomFlags::STORAGE.0);
        arguments(record, at, (nr, argc, kinds), bag);
    }
    Tamed::Sound
}

/// The number itself if it may be called, or another.
fn allowed(nr: u32, is_awake: bool) -> u32 {
    let is_allowed =
        |nr: u32| row(nr).is_some_and(|row| CALLS.contains(&row.name)) && !(is_awake && may_sleep(nr));
    if is_allowed(nr) {
        return nr;
    }
    let name = CALLS[nr as usize % CALLS.len()];
    let other = row_by_name(name).and_then(|row| row.numbers.here()).map_or(nr, u32::from);
    if is_allowed(other) { other } else { GETPPID }
}

fn may_sleep(nr: u32) -> bool {
    row(nr).is_none_or(|row| row.class != Class::Instant || !row.when.is_empty())
}

/// Makes the arguments of the call harmless that begins at byte `at`.
fn arguments(record: &mut [u8], at: usize, (nr, argc, kinds): (u32, usize, ArgKinds), bag: &Bag) {
    let Some(row) = row(nr) else { return };
    let mut kinds = kinds;
    for (index, arg) in row.args.iter().enumerate().take(argc) {
        let (place, kind) = (at + CALL_ARGS_OFFSET + 8 * index, kinds.get(index));
        let is_computed = matches!(kind, ArgKind::RESULT | ArgKind::REGISTER);
        if kind != ArgKind::VALUE && !is_computed {
            continue;
        }
        let value = u64::from_ne_bytes(record[place..place + 8].try_into().expect("eight bytes"));
        // Every form of the argument counts: what may be an address or a descriptor is taken for one.
        let mut types = std::iter::once(arg.ty).chain(arg.forms.iter().map(|form| form.arg.ty));
        let (mut is_address, mut is_descriptor) = (false, false);
        types.by_ref().for_each(|ty: ArgType| {
            is_address |= ty.direction() != Direction::Value;
            is_descriptor |= ty.is_descriptor();
        });
        let tamed = if is_descriptor {
            descriptor(value, bag)
        } else if is_address {
            address(value)
        } else {
            continue;
        };
        put(record, place, &tamed.to_ne_bytes());
        if is_computed {
            kinds = kinds.with(index, ArgKind::VALUE);
        }
    }
    put(record, at + KINDS_OFFSET, &kinds.0.to_ne_bytes());
}

/// A descriptor of the bag, or none; the upper half, which the kernel does not look at, stays.
fn descriptor(value: u64, bag: &Bag) -> u64 {
    #[allow(clippy::cast_possible_truncation, reason = "the kernel takes the low 32 bits")]
    let low = value as u32;
    if low.cast_signed() < 0 {
        return value;
    }
    let number = bag.number(low as usize).cast_unsigned();
    value & !u64::from(u32::MAX) | u64::from(number)
}

/// An address where nothing is.
fn address(value: u64) -> u64 {
    if value < SMALL || value >= HUGE { value } else { value | 1 << 63 }
}

fn clear_flags(record: &mut [u8], at: usize, flags: u16) {
    let place = at + FLAGS_OFFSET;
    let was = u16::from_ne_bytes([record[place], record[place + 1]]);
    put(record, place, &(was & !flags).to_ne_bytes());
}

fn put(record: &mut [u8], at: usize, bytes: &[u8]) {
    record[at..at + bytes.len()].copy_from_slice(bytes);
}

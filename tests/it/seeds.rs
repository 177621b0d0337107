//! What fuzzing begins with (`tests/fuzz/seeds`): submissions and programs of every shape. They are written here, and the files
//! are compared with that, so that they stay what the door takes today.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use syslet::abi::{Call, Cancel, CancelBy, Limits, Program as Checked, RawResult, RecordWord};
use syslet::attrs::{CpuMask, DeadlineAsked};
use syslet::program::build::calls::{close, getppid, pread, read, write};
use syslet::program::{Program, Test, Width};
use syslet::{
    AttributeFlags, AttributeId, CallFlags, DoneFlags, Message, MessageRoom, Submission, SubmissionBuilder,
};

/// Set, it has the test write the files, not compare them.
const WRITE: &str = "SYSLET_WRITE_SEEDS";
const LIMITS: Limits = Limits { record_bytes_max: 4096, out_bytes_max: 65_536 };
/// Targets take a descriptor's number for its place among those that they have.
const FILE: u64 = 0;
const PIPE: u64 = 1;
const SOCKET: u64 = 3;
/// An address that no memory has.
const HUGE: u64 = 1 << 63;
/// Bits that the kernel does not look at.
const JUNK: u64 = 1 << 32;

type Seeds = BTreeMap<&'static str, Vec<u8>>;

fn call(nr: i64) -> SubmissionBuilder {
    Submission::call(nr)
}

fn plain(nr: i64, values: &[u64]) -> Vec<u8> {
    values.iter().fold(call(nr), |call, value| call.value(*value)).build().bytes().to_vec()
}

fn asked(id: AttributeId, payload: &[u8]) -> Vec<u8> {
    let read = call(libc::SYS_pread64).value(FILE).output(64).value(64).value(0);
    read.attribute(id, AttributeFlags::NONE, payload).build().bytes().to_vec()
}

fn cancel(by: CancelBy, value: u64) -> Vec<u8> {
    Cancel::by(7, by, value).emit().to_vec()
}

fn records() -> Seeds {
    let nap = [3600_u64, 0].map(u64::to_ne_bytes).concat();
    let soon = DeadlineAsked::After(1000).emit();
    let room = MessageRoom { name: 16, parts: &[3, 5], control: 0 };
    let message = Message { parts: &[b"ab", b"c"], ..Message::default() };
    let read = call(libc::SYS_read).value(PIPE);
    let whole = |builder: SubmissionBuilder| builder.build().bytes().to_vec();
    BTreeMap::from([
        ("getppid", plain(libc::SYS_getppid, &[])),
        ("null", plain(libc::SYS_read, &[FILE, 0, 64])),
        ("small", plain(libc::SYS_pread64, &[FILE, 8, 64, 0])),
        ("huge", plain(libc::SYS_write, &[SOCKET, HUGE, 64])),
        ("many-parts", plain(libc::SYS_preadv, &[FILE, 8, JUNK, 0, 0])),
        ("one-part", plain(libc::SYS_readv, &[PIPE | JUNK, HUGE, JUNK | 1])),
        ("poll", plain(libc::SYS_poll, &[HUGE, JUNK | 2, 5])),
        ("select", plain(libc::SYS_select, &[64, 8, 0, 0, HUGE])),
        ("futex", plain(libc::SYS_futex, &[8, 0, 1, HUGE, 0, 0])),
        ("splice", plain(libc::SYS_splice, &[PIPE, 0, SOCKET, 0, 100, 0])),
        ("sleeps", whole(read.clone().output(9).value(9).user_data(1))),
        (
            "sleeps-cancelled",
            [whole(read.output(9).value(9).user_data(1)), cancel(CancelBy::USER_DATA, 1)].concat(),
        ),
        (
            "nap",
            whole(call(libc::SYS_nanosleep).input(&nap).output(16).attribute(
                AttributeId::DEADLINE,
                AttributeFlags::REQUIRED,
                &soon,
            )),
        ),
        ("vector", whole(call(libc::SYS_writev).value(SOCKET).vector(&[b"ab", b"", b"c"]).value(3))),
        (
            "vector-room",
            whole(
                call(libc::SYS_preadv2)
                    .value(FILE)
                    .vector_room(&[3, 0, 40])
                    .value(3)
                    .value(0)
                    .value(0)
                    .value(0),
            ),
        ),
        ("message", whole(call(libc::SYS_sendmsg).value(SOCKET).message(&message).value(0))),
        ("messages", whole(call(libc::SYS_sendmmsg).value(SOCKET).messages(&[message; 2]).value(2).value(0))),
        ("message-room", whole(call(libc::SYS_recvmsg).value(SOCKET).message_room(&room).value(0))),
        (
            "message-rooms",
            whole(
                call(libc::SYS_recvmmsg).value(SOCKET).message_rooms(&[room; 2]).value(2).value(0).value(0),
            ),
        ),
        (
            "socket-name",
            whole(call(libc::SYS_getsockname).value(SOCKET).output(28).inout(&28_u32.to_ne_bytes())),
        ),
        ("private", whole(call(libc::SYS_getpid).flags(CallFlags::PRIVATE))),
        ("attributes", asked(AttributeId::AFFINITY, &CpuMask::of([0, 1]).payload())),
        ("checksum", asked(AttributeId::CHECKSUM, &[])),
    ])
}

fn programs() -> Seeds {
    let copy = Program::build(|p| {
        let (buffer, total) = (p.scratch(64), p.register(0));
        p.repeat(|p| {
            let count = p.call(read(0, buffer, 64).storage()).stop_if(Test::non_positive());
            p.add(total, count);
            p.call(write(5, buffer, count)).or_stop();
        });
        p.budget(50);
        p.finally(close(-1));
    });
    let memory = Program::build(|p| {
        let (area, number) = (p.area(16), p.register(3));
        p.store(area, Width::U32, 7);
        p.load(number, area, Width::U32);
        p.when(number, Test::equal(7), |p| {
            p.call(pread(0, area, 8, number)).or_stop();
        });
        p.atoms();
    });
    let together = Program::build(|p| {
        let (one, other) = (p.area(8), p.area(8));
        p.first(1, |group| {
            group.call(read(1, one, 8).stoppable());
            group.call(pread(0, other, 8, 0).timing());
            group.call(getppid());
        });
        p.finally(getppid());
    });
    let made = |program: Result<Program, _>| program.expect("a program").bytes().to_vec();
    BTreeMap::from([("copy", made(copy)), ("memory", made(memory)), ("together", made(together))])
}

/// What the target takes: flags, call, how many attributes; of each id, flags, length, payload.
fn attributes() -> Seeds {
    let one = |call: u8, id: AttributeId, payload: &[u8]| {
        let head = [0, call, 1, id.0.to_le_bytes()[0], 1, u8::try_from(payload.len()).expect("a short one")];
        [&head[..], payload].concat()
    };
    let deadline = DeadlineAsked::After(100_000).emit();
    BTreeMap::from([
        ("timing", one(0, AttributeId::TIMING, &[])),
        ("deadline", one(0x11, AttributeId::DEADLINE, &deadline)),
        ("deadline-nap", one(6, AttributeId::DEADLINE, &deadline)),
        ("retry", one(0x21, AttributeId::RETRY, &syslet::attrs::RetryAsk::default().payload())),
        ("priority", one(1, AttributeId::PRIORITY, &5_i64.to_ne_bytes())),
        ("lane", one(1, AttributeId::LANE, &[1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0])),
        ("nice", one(0, AttributeId::NICE, &5_i64.to_ne_bytes())),
        ("slack", one(0, AttributeId::TIMER_SLACK, &1_u64.to_ne_bytes())),
        ("affinity", one(0, AttributeId::AFFINITY, &CpuMask::of([0]).payload())),
        ("counters", one(3, AttributeId::COUNTERS, &[])),
        ("checksum", one(4, AttributeId::CHECKSUM, &[])),
    ])
}

/// Completions; submissions and programs are looked at as well.
fn decoders() -> Seeds {
    let bare = syslet::abi::Done::bare(7, RawResult(-2), DoneFlags::NONE);
    let params = syslet::Params::default().emit();
    BTreeMap::from([
        ("bare", bare.map(u64::to_ne_bytes).concat()),
        ("params", params.to_vec()),
        ("cancel", cancel(CancelBy::USER_DATA, 1)),
    ])
}

fn folder(target: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target)
}

/// SAFETY-2: what fuzzing begins with is what the bytes look like today.
#[test]
fn seeds_are_current() {
    for (target, seeds) in [
        ("records", records()),
        ("programs", programs()),
        ("attributes", attributes()),
        ("decoders", decoders()),
    ] {
        let folder = folder(target);
        if std::env::var_os(WRITE).is_some() {
            fs::create_dir_all(&folder).expect("a folder");
            seeds.iter().for_each(|(name, bytes)| fs::write(folder.join(name), bytes).expect("written"));
        }
        for (name, bytes) in &seeds {
            let found = fs::read(folder.join(name)).unwrap_or_default();
            assert!(found == *bytes, "{target}/{name} is another: {WRITE}=1 writes it");
        }
    }
}

/// SAFETY-2: the door takes the structure of each seed that is a submission or a program.
#[test]
fn seeds_have_the_right_structure() {
    for (name, bytes) in records() {
        let len = RecordWord::at(&bytes).len as usize;
        assert!(Call::check(&bytes[..len], &LIMITS).is_ok(), "{name}");
    }
    for (name, bytes) in programs() {
        assert!(Checked::check(&bytes, &LIMITS).is_ok(), "{name}");
    }
}

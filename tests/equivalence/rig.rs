//! The engines of a test, and a submission's way through them.
#![allow(unsafe_code, reason = "pushes submissions; every case answers for its own")]

use std::os::fd::{AsRawFd, RawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::Sender;
use std::time::Duration;

use syslet::attrs::WorkerValue;
use syslet::program::{Call, Program};
use syslet::syscalls::{Direction, Len, Row};
use syslet::{
    AttributeFlags, AttributeId, CallFlags, Config, DoneFlags, Engine, Params, Ring, Submission,
    SubmissionBuilder,
};
use syslet_tests::look;

use crate::buffers::{Buffers, formed};
use crate::case::Arg;
use crate::direct::number;
use crate::watch::{PATIENCE, give_up, watchdog};
use crate::world::{World, adopt};

/// Bytes that a buffer of the engine is made dirty with.
const DIRT_BYTES: usize = 16 << 10;

/// How a call is made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Way {
    /// Without workers: the waiting submitter makes it.
    Inline,
    /// There are workers, and SYNC keeps it from them.
    Sync,
    /// There are workers and no wish: instant calls and attempts in the submitter, the rest in a worker.
    Usual,
    /// ASYNC: a worker makes it.
    Pooled,
    /// PRIVATE: a thread of its own makes it, in a worker's place.
    Private,
    /// As the one call of a program that begins in the submitter.
    Program,
    /// As the one call of a program that a worker runs, each argument in a register.
    Registers,
}

impl Way {
    pub(crate) fn is_program(self) -> bool {
        matches!(self, Way::Program | Way::Registers)
    }

    /// Whether a worker makes it.
    pub(crate) fn is_away(self) -> bool {
        matches!(self, Way::Pooled | Way::Registers)
    }
}

/// What is pushed.
enum Packet {
    Call(SubmissionBuilder),
    Program(Program),
}

/// How its bytes are passed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Form {
    /// As addresses.
    Address,
    /// With the submission and its completion.
    Contained,
}

/// What came back.
pub(crate) struct Back {
    pub(crate) result: i64,
    pub(crate) outs: Vec<(usize, Vec<u8>)>,
    pub(crate) worker: WorkerValue,
}

/// One engine without workers and one with.
pub(crate) struct Rig {
    alone: Ring,
    pooled: Ring,
    /// A file of bytes that no call leaves.
    dirt: RawFd,
    worker: i32,
    /// Is told of each call.
    pub(crate) watchdog: Sender<String>,
    _world: World,
}

impl Rig {
    pub(crate) fn new() -> Rig {
        let ring = |config| {
            let engine = Engine::start(config).expect("an engine");
            engine.ring(&Params::default()).expect("a ring")
        };
        let mut world = World::default();
        let dirt = world.at("dirt");
        std::fs::write(&dirt, vec![0xff; DIRT_BYTES]).expect("a temporary folder works");
        let dirt = std::fs::File::open(dirt).expect("a temporary folder works");
        let dirt = world.keep(dirt);
        let alone = ring(Config::default().workers_max(0));
        // One worker: what made its buffer dirty is who gets the call.
        let pooled = ring(Config::default().workers_max(1));
        let mut rig = Rig { alone, pooled, dirt, worker: 0, watchdog: watchdog(), _world: world };
        let worker = rig.finish(Way::Pooled, Submission::call(libc::SYS_getppid).flags(CallFlags::ASYNC));
        rig.worker = worker.1.tid.cast_signed();
        rig
    }

    /// Makes the call; `unblock` is called when it sleeps.
    pub(crate) fn make(
        &mut self,
        row: &Row,
        args: &[Arg],
        (way, form): (Way, Form),
        flags: CallFlags,
        unblock: Option<&(dyn Fn() + Sync)>,
    ) -> Back {
        let buffers = Buffers::new(args, 0);
        let contained = form == Form::Contained;
        let mut call = Submission::call(number(row.name)).flags(flags);
        let mut areas = Vec::new();
        let mut end = 0;
        for (index, (arg, raw)) in args.iter().zip(buffers.raw).enumerate() {
            call = match arg {
                Arg::In(bytes) if contained && travels(row, args, index) => call.input(bytes),
                Arg::InOut(bytes) if contained && travels(row, args, index) => call.inout(bytes),
                Arg::Out(Some(len)) if contained && travels(row, args, index) => call.output(*len),
                _ => {
                    call = call.value(raw);
                    continue;
                }
            };
            if let Arg::Out(Some(_)) | Arg::InOut(_) = arg {
                let len = match arg {
                    Arg::InOut(bytes) => bytes.len(),
                    Arg::Out(len) => len.unwrap_or_default(),
                    _ => 0,
                };
                let at = usize::next_multiple_of(end, 8);
                areas.push((index, at, len));
                end = at + len;
            }
        }
        if end > 0 {
            self.dirty(way);
        }
        let nr = i64::from(number(row.name));
        // Where bytes travel, the engine alone knows their address.
        let moves = contained && !matches!(args[0], Arg::Value(_) | Arg::Memory(_));
        // A signal set is copied (ENGINE-33).
        let moves = moves || matches!(nr, libc::SYS_rt_sigtimedwait | libc::SYS_rt_sigsuspend);
        let first = (!moves).then_some(buffers.raw[0]);
        let packet = if way.is_program() {
            Packet::Program(program(number(row.name), &buffers.raw[..args.len()], way, flags))
        } else {
            Packet::Call(call)
        };
        let (result, worker, mut data) = match unblock {
            None => self.finish_with_data(way, packet),
            Some(unblock) => self.finish_asleep(way, packet, (nr, first), unblock),
        };
        let mut outs = buffers.outs(args);
        assert!(data.len() <= end, "more came back than there was room for");
        data.resize(end, 0);
        for (index, at, len) in areas {
            let out = outs.iter_mut().find(|(out, _)| *out == index).expect("it is an out argument");
            out.1 = data[at..at + len].to_vec();
        }
        Back { result, outs, worker }
    }

    fn ring(&mut self, way: Way) -> &mut Ring {
        if way == Way::Inline { &mut self.alone } else { &mut self.pooled }
    }

    /// Leaves bytes of another call where the next one's out area will be.
    fn dirty(&mut self, way: Way) {
        let dirt = i64::from(self.dirt);
        let read = |flags| {
            let read = Submission::call(libc::SYS_pread64).flags(flags);
            read.int(dirt).output(DIRT_BYTES).value(DIRT_BYTES as u64).value(0)
        };
        if !matches!(way, Way::Pooled | Way::Private) {
            self.finish(way, read(CallFlags::SYNC));
        }
        if matches!(way, Way::Pooled | Way::Private | Way::Usual) {
            self.finish(way, read(CallFlags::ASYNC));
        }
    }

    fn finish(&mut self, way: Way, call: SubmissionBuilder) -> (i64, WorkerValue) {
        let (result, worker, _) = self.finish_with_data(way, Packet::Call(call));
        (result, worker)
    }

    fn finish_with_data(&mut self, way: Way, call: Packet) -> (i64, WorkerValue, Vec<u8>) {
        let ring = self.ring(way);
        push(ring, call);
        assert_eq!(ring.wait(1, Some(PATIENCE)), Ok(1), "the call ends");
        read(ring)
    }

    /// The same for a call that sleeps: in a worker, or in this thread.
    fn finish_asleep(
        &mut self,
        way: Way,
        call: Packet,
        (nr, first): (i64, Option<u64>),
        unblock: &(dyn Fn() + Sync),
    ) -> (i64, WorkerValue, Vec<u8>) {
        let worker = self.worker;
        let ring = self.ring(way);
        push(ring, call);
        if matches!(way, Way::Inline | Way::Sync) {
            asleep_and(nr, first, unblock, || assert_eq!(ring.wait(1, Some(PATIENCE)), Ok(1)));
        } else {
            assert_eq!(ring.wait(1, Some(Duration::ZERO)), Ok(0), "the call sleeps");
            look::until("the worker sleeps in the call", || look::is_asleep_with(worker, nr, first));
            unblock();
            assert_eq!(ring.wait(1, Some(PATIENCE)), Ok(1), "the call ends");
        }
        read(ring)
    }
}

/// Runs `call`, which sleeps in this thread in call `nr` until `unblock` has run.
pub(crate) fn asleep_and<T>(
    nr: i64,
    first: Option<u64>,
    unblock: &(dyn Fn() + Sync),
    call: impl FnOnce() -> T,
) -> T {
    let tid = nix::unistd::gettid().as_raw();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // The call would never end, nor this scope.
            let unblocked = catch_unwind(AssertUnwindSafe(|| {
                look::until("this thread sleeps in the call", || look::is_asleep_with(tid, nr, first));
                unblock();
            }));
            unblocked.unwrap_or_else(|_| give_up(&format!("call {nr} is not found asleep, or not ended")));
        });
        call()
    })
}

/// Whether an argument's bytes can travel: the row says how many they are.
pub(crate) fn travels(row: &Row, args: &[Arg], index: usize) -> bool {
    let arg = formed(row, args, index);
    if matches!(arg.ty.direction(), Direction::Opaque | Direction::Value) {
        return false;
    }
    match arg.len {
        Len::At(by) | Len::AtLeast(by, _) | Len::AtTimes(by, _) => {
            matches!(args[usize::from(by)], Arg::InOut(_))
        }
        _ => true,
    }
}

fn push(ring: &mut Ring, packet: Packet) {
    let pushed = match packet {
        Packet::Call(call) => {
            let call = call.attribute(AttributeId::WORKER, AttributeFlags::NONE, &[]).build();
            // SAFETY: addresses are bad on purpose, or of buffers that live until the completion is read.
            unsafe { ring.push(&call) }
        }
        // SAFETY: as above.
        Packet::Program(program) => unsafe { ring.push_program(&program) },
    };
    pushed.unwrap_or_else(|refused| panic!("refused: {refused}"));
}

/// A program that makes this call.
fn program(nr: u32, args: &[u64], way: Way, flags: CallFlags) -> Program {
    let program = Program::build(|p| {
        p.flags(flags);
        p.attribute(AttributeId::WORKER, AttributeFlags::NONE, &[]);
        let mut call = Call::<()>::new(nr);
        for arg in args {
            call = if way == Way::Registers { call.arg(p.register(*arg)) } else { call.arg(*arg) };
        }
        p.call(call);
    });
    program.expect("a sound program")
}

fn read(ring: &mut Ring) -> (i64, WorkerValue, Vec<u8>) {
    let done = ring.completions().next().expect("one completion");
    assert_eq!(done.flags(), DoneFlags::NONE, "the call has run");
    let worker = done.attribute(AttributeId::WORKER).and_then(|answer| WorkerValue::parse(answer.value));
    (done.result().0, worker.expect("WORKER is known"), done.data().unwrap_or_default().to_vec())
}

/// What a descriptor is that a call has made, its name as `anonymous` gives it. It is closed.
pub(crate) fn made(fd: RawFd, anonymous: impl Fn(&str) -> String) -> String {
    let fd = adopt(fd);
    let raw = i64::from(fd.as_raw_fd());
    let [of_number, of_file] =
        [libc::F_GETFD, libc::F_GETFL].map(|command| crate::direct::sys("fcntl", &[raw, command.into()]));
    let name = std::fs::read_link(format!("/proc/self/fd/{raw}")).unwrap_or_default();
    format!("a descriptor {of_number} {of_file:o} {}", anonymous(&name.to_string_lossy()))
}

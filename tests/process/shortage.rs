//! Engines and rings that are set up, and used, where the process's limits leave them little. Alone in its process: it forks
//! children that take the limits upon them.
#![allow(unsafe_code, reason = "forks, pushes, and asks for locked memory")]

use std::fs::File;
use std::io::{PipeWriter, Read, Write, pipe};
use std::os::fd::{AsRawFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, setrlimit};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use syslet::attrs::TraceValue;
use syslet::program::Program;
use syslet::program::calls::getppid;
use syslet::{
    AttributeFlags, AttributeId, CallFlags, Config, DoneFlags, Engine, Params, Ring, Submission, Which,
};

/// Where nobody is anybody.
const NOBODY: u32 = 65_534;
const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
/// The test is over then, whatever hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a child has to live with.
#[derive(Clone, Copy, Debug)]
enum Limit {
    /// So many bytes more than it has.
    Memory(Resource, u64),
    Value(Resource, u64),
    /// The same, and not as the superuser, who has none.
    OfNobody(Resource, u64),
    /// So many bytes, and all new memory is locked.
    Locked(u64),
}

/// Sets an engine and a ring up and uses them; says what went wrong, in the words of who could not.
fn live(params: &Params, file: Arc<File>) -> Result<(), String> {
    let engine = Engine::start(Config::default().workers_max(4)).map_err(|error| error.to_string())?;
    let mut ring = engine.ring(params).map_err(|error| error.to_string())?;
    let event = ring.event().map(|event| event.as_raw_fd());
    let _canceller = ring.canceller().map_err(|error| error.to_string())?;
    let call = |nr: i64| Submission::call(nr);
    let program = Program::build(|p| {
        p.call(getppid());
    });
    let calls = [
        call(libc::SYS_getppid).build(),
        call(libc::SYS_getppid).flags(CallFlags::ASYNC).build(),
        call(libc::SYS_getppid).flags(CallFlags::SYNC).build(),
        call(libc::SYS_getppid).flags(CallFlags::PRIVATE).build(),
        call(libc::SYS_pread64).lend(&file).output(64).value(64).value(0).build(),
        call(libc::SYS_pread64).lend(&file).output(64).value(64).value(0).flags(CallFlags::ASYNC).build(),
    ];
    for call in &calls {
        ring.push_safe(call).map_err(|refused| refused.to_string())?;
    }
    // SAFETY: it makes a harmless call.
    unsafe { ring.push_program(&program.expect("a program")) }.map_err(|refused| refused.to_string())?;
    ring.wait(calls.len() + 1, None).map_err(|error| error.to_string())?;
    let results: Vec<i64> = ring.completions().map(|done| done.result().0).collect();
    assert_eq!(results.len(), calls.len() + 1, "one completion for each");
    let is_short =
        |result: i64| [libc::EAGAIN, libc::ENOMEM].iter().any(|errno| -i64::from(*errno) == result);
    assert!(results.iter().all(|result| *result > 0 || is_short(*result)), "{results:?}");
    let (reader, _writer) = sleeper(&mut ring)?;
    let _found = ring.cancel(Which::All);
    ring.wait(1, None).map_err(|error| error.to_string())?;
    drop(reader);
    drop(ring);
    engine.close(PATIENCE).map_err(|error| error.to_string())?;
    event.map(|_| ()).map_err(|error| error.to_string())
}

/// A call that sleeps; nothing sleeps where there is no descriptor for a pipe.
fn sleeper(ring: &mut Ring) -> Result<(Option<std::io::PipeReader>, Option<PipeWriter>), String> {
    let Ok((reader, writer)) = pipe() else {
        let call = Submission::call(libc::SYS_getppid).flags(CallFlags::ASYNC).build();
        ring.push_safe(&call).map_err(|refused| refused.to_string())?;
        return Ok((None, None));
    };
    let read = Submission::call(libc::SYS_read).int(reader.as_raw_fd().into()).output(8).value(8);
    // SAFETY: the descriptor stays open until the call is over.
    unsafe { ring.push(&read.flags(CallFlags::ASYNC).build()) }.map_err(|refused| refused.to_string())?;
    ring.submit();
    Ok((Some(reader), Some(writer)))
}

/// What the process has of a resource that counts memory, in bytes.
fn used(resource: Resource) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("/proc is mounted");
    let line = if resource == Resource::RLIMIT_AS { "VmSize:" } else { "VmData:" };
    let found = status.lines().find_map(|found| found.strip_prefix(line)).expect("it is told");
    KIB * found.trim().trim_end_matches(" kB").parse::<u64>().expect("a number")
}

impl Limit {
    fn take(self) {
        let set = |resource, value| setrlimit(resource, value, value).expect("limits can be lowered");
        match self {
            Limit::Memory(resource, more) => set(resource, used(resource) + more),
            Limit::Value(resource, value) => set(resource, value),
            Limit::OfNobody(resource, value) => {
                set(resource, value);
                become_nobody();
            }
            Limit::Locked(value) => {
                set(Resource::RLIMIT_MEMLOCK, value);
                become_nobody();
                // SAFETY: it is about memory that is yet to come.
                assert_eq!(unsafe { libc::mlockall(libc::MCL_FUTURE) }, 0, "it may lock so much");
            }
        }
    }
}

/// The superuser is bound by fewer limits.
fn become_nobody() {
    if nix::unistd::geteuid().is_root() {
        nix::unistd::setresuid(NOBODY.into(), NOBODY.into(), NOBODY.into()).expect("it may be nobody");
    }
}

/// What a child comes to under a limit: nothing, or what it said that it had too little of.
fn outcome(limit: Limit, params: &Params, file: &Arc<File>) -> Result<(), String> {
    let text = child(&format!("{limit:?}, {params:?}"), || {
        limit.take();
        live(params, Arc::clone(file))
    });
    if text.is_empty() { Ok(()) } else { Err(text) }
}

/// Runs `body` in a child, which must end by itself; gives what it has to tell.
fn child(what: &str, body: impl FnOnce() -> Result<(), String>) -> String {
    let (mut reader, mut writer) = pipe().expect("a pipe");
    // SAFETY: the test harness's other thread only waits; the child sets up engines, and ends by itself.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        drop(reader);
        let lived = catch_unwind(AssertUnwindSafe(|| {
            writer.write_all(body().err().unwrap_or_default().as_bytes()).expect("it is read");
        }));
        // SAFETY: leaves without running the parent's exit handlers.
        unsafe { libc::_exit(i32::from(lived.is_err())) };
    }
    drop(writer);
    let pid = Pid::from_raw(pid);
    let started = Instant::now();
    let status = loop {
        let status = waitpid(pid, Some(WaitPidFlag::WNOHANG)).expect("it is this process's child");
        if status != WaitStatus::StillAlive {
            break status;
        }
        if started.elapsed() > PATIENCE {
            nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).expect("it is there");
        }
        std::thread::yield_now();
    };
    assert_eq!(status, WaitStatus::Exited(pid, 0), "{what}");
    let mut text = String::new();
    reader.read_to_string(&mut text).expect("it has told");
    text
}

/// Goes down the limits: each child works, or names `limit`. Says how many of each kind there were.
fn descend(name: &str, limits: impl IntoIterator<Item = Limit>, params: &Params) -> [usize; 2] {
    let file = Arc::new(File::open("/proc/self/exe").expect("/proc is mounted"));
    let mut counts = [0; 2];
    for limit in limits {
        match outcome(limit, params, &file) {
            Ok(()) => counts[0] += 1,
            Err(text) => {
                // Without descriptors to compare a thread with, no worker makes its calls (POOL-20).
                let cannot_compare = name == "RLIMIT_NOFILE" && text.contains("no worker to run it");
                assert!(text.contains(name) || cannot_compare, "{limit:?}: {text}");
                counts[1] += 1;
            }
        }
    }
    counts
}

/// From much to nothing, in small steps where it becomes tight.
fn falling() -> impl Iterator<Item = u64> {
    let step = std::env::var("SYSLET_STEP").map_or(64 * KIB, |bytes| bytes.parse().expect("a number"));
    let tight = (0..=2 * MIB / step).rev().map(move |count| count * step);
    [GIB, 256 * MIB, 64 * MIB, 16 * MIB, 4 * MIB].into_iter().chain(tight)
}

/// ENGINE-34: under limits of memory an engine and its rings work, or say which limit was in the way.
#[test]
fn memory() {
    for (resource, name) in [(Resource::RLIMIT_AS, "RLIMIT_AS"), (Resource::RLIMIT_DATA, "RLIMIT_DATA")] {
        let [worked, said] =
            descend(name, falling().map(|more| Limit::Memory(resource, more)), &Params::default());
        assert!(worked > 0 && said > 0, "{name}: {worked} worked");
    }
}

/// ENGINE-34: what a set-up asks for is asked for then, however much it is.
#[test]
fn large_parameters() {
    let slots = Params { slots: 1 << 24, ..Params::default() };
    let rings = Params { submission_bytes: 1 << 30, completion_bytes: 1 << 30, ..Params::default() };
    let records = Params {
        submission_bytes: 64 << 20,
        submission_record_max: 32 << 20,
        completion_bytes: 64 << 20,
        completion_record_max: 32 << 20,
        ..Params::default()
    };
    for params in [slots, rings, records] {
        for (resource, name) in [(Resource::RLIMIT_AS, "RLIMIT_AS"), (Resource::RLIMIT_DATA, "RLIMIT_DATA")] {
            let limits = [GIB, 128 * MIB, 32 * MIB, MIB].map(|more| Limit::Memory(resource, more));
            let [_, said] = descend(name, limits, &params);
            assert!(said >= 2, "{name}, {params:?}");
        }
    }
}

/// ENGINE-34: no file is behind a ring, so no limit on files ends the process.
#[test]
fn files() {
    let limits = [4 * MIB, MIB, KIB, 1, 0].map(|bytes| Limit::Value(Resource::RLIMIT_FSIZE, bytes));
    assert_eq!(descend("RLIMIT_FSIZE", limits, &Params::default()), [5, 0]);
}

/// ENGINE-34: the same of descriptors.
#[test]
fn descriptors() {
    let limits = (0..=32).rev().map(|count| Limit::Value(Resource::RLIMIT_NOFILE, count));
    let [worked, said] = descend("RLIMIT_NOFILE", limits, &Params::default());
    assert!(worked > 0 && said > 0, "{worked} worked");
}

/// ENGINE-34: the same of threads.
#[test]
fn threads() {
    let limits = [4096, 8, 4, 2, 1, 0].map(|count| Limit::OfNobody(Resource::RLIMIT_NPROC, count));
    let [worked, said] = descend("RLIMIT_NPROC", limits, &Params::default());
    assert!(said > 0, "{worked} worked");
}

/// ENGINE-34: the same of signals, for what needs none.
#[test]
fn signals() {
    let limits = [64, 1].map(|count| Limit::OfNobody(Resource::RLIMIT_SIGPENDING, count));
    let [worked, said] = descend("RLIMIT_SIGPENDING", limits, &Params::default());
    assert_eq!(worked + said, 2);
}

/// ENGINE-34: the same of locked memory, where all that is new is locked.
#[test]
fn locked_memory() {
    // More than this not everybody may lock.
    let limits = [8 * MIB, 4 * MIB, 2 * MIB, MIB, 512 * KIB, 256 * KIB].map(Limit::Locked);
    let [worked, said] = descend("RLIMIT_MEMLOCK", limits, &Params::default());
    assert!(said > 0, "{worked} worked");
}

/// ENGINE-34: a call for whose completion a worker has no memory does not run, and says so; a submitter has it from the
/// beginning, and a call that is removed needs none.
#[test]
fn completions_of_calls() {
    const OUT: usize = 8 << 20;
    const LONG: i64 = OUT.cast_signed() as i64;
    let params = Params {
        completion_bytes: 1 << 27,
        completion_record_max: 1 << 24,
        submission_bytes: 1 << 25,
        submission_record_max: 1 << 24,
        ..Params::default()
    };
    let file = Arc::new(File::open("/proc/self/exe").expect("/proc is mounted"));
    let told = child("long completions", || {
        let engine = Engine::start(Config::default().workers_max(1)).expect("an engine");
        let mut ring = engine.ring(&params).expect("a ring");
        let read = Submission::call(libc::SYS_pread64).lend(&file).output(OUT).value(64).value(0).timing();
        let program = Program::build(|p| {
            p.flags(CallFlags::ASYNC);
            p.area(OUT);
            p.call(getppid());
        })
        .expect("a program");
        let null = Arc::new(File::options().write(true).open("/dev/null").expect("it is there"));
        let long = Submission::call(libc::SYS_write).lend(&null).input(&vec![0; OUT]).value(OUT as u64);
        let long = [CallFlags::ASYNC, CallFlags::SYNC].map(|flags| long.clone().flags(flags).build());
        // What the C library has laid by for a thread counts only when it is used.
        Limit::Memory(Resource::RLIMIT_DATA, MIB).take();
        ring.push_safe(&read.clone().flags(CallFlags::SYNC).build()).expect("accepted");
        ring.push_safe(&read.clone().flags(CallFlags::ASYNC).build()).expect("accepted");
        // SAFETY: it makes a harmless call.
        unsafe { ring.push_program(&program) }.expect("accepted");
        ring.wait(3, None).expect("waited");
        let mut ends: Vec<_> = ring.completions().map(|done| (done.result().0, done.flags())).collect();
        ends.sort_unstable_by_key(|(result, _)| *result);
        let starved = (-i64::from(libc::ENOMEM), DoneFlags::NOT_RUN.with(DoneFlags::ENGINE_RESULT));
        assert_eq!(ends, [starved, starved, (64, DoneFlags::NONE)]);
        // Nor has a worker memory for as long a record.
        for (write, expected) in long.iter().zip([starved, (LONG, DoneFlags::NONE)]) {
            ring.push_safe(write).expect("accepted");
            ring.wait(1, None).expect("waited");
            let ended: Vec<_> = ring.completions().map(|done| (done.result().0, done.flags())).collect();
            assert_eq!(ended, [expected]);
        }
        ring.push_safe(&read.flags(CallFlags::ASYNC).build()).expect("accepted");
        assert_eq!(ring.cancel(Which::All).removed, 1);
        ring.wait(1, None).expect("waited");
        let ended: Vec<_> = ring.completions().map(|done| done.result().0).collect();
        assert_eq!(ended, [-i64::from(libc::ECANCELED)]);
        engine.close(PATIENCE).map_err(|error| error.to_string())
    });
    assert_eq!(told, "");
}

/// ENGINE-34: a line of the trace that is beyond the limit on files, or that nobody reads, is lost, whoever makes the call; it ends
/// no process.
#[test]
fn lines_of_the_trace() {
    let told = child("a trace", || {
        let (broken, end) = pipe().expect("a pipe");
        drop(broken);
        nix::fcntl::fcntl(&end, nix::fcntl::FcntlArg::F_SETFL(nix::fcntl::OFlag::O_NONBLOCK)).expect("set");
        let file = tempfile::tempfile().expect("room for a file");
        Limit::Value(Resource::RLIMIT_FSIZE, 0).take();
        // SAFETY: the signals that would end the process do that in a child of Rust's as well.
        unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
        for trace in [OwnedFd::from(file), OwnedFd::from(end)] {
            let engine = Engine::start(Config::default().trace(trace)).expect("an engine");
            let mut ring = engine.ring(&Params::default()).expect("a ring");
            for flags in [CallFlags::NONE, CallFlags::ASYNC, CallFlags::PRIVATE] {
                let id = TraceValue { id: 7 }.payload();
                let call = Submission::call(libc::SYS_getppid).flags(flags);
                let call = call.attribute(AttributeId::TRACE, AttributeFlags::REQUIRED, &id);
                ring.push_safe(&call.build()).expect("accepted");
                ring.wait(1, None).expect("waited");
                assert_eq!(ring.completions().count(), 1);
            }
            assert_eq!(engine.trace_lost(), 6);
        }
        Ok(())
    });
    assert_eq!(told, "");
}

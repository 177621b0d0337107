//! The trace: where calls with TRACE are told of.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::fd::OwnedFd;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use syslet::attrs::TraceValue;
use syslet::{AttributeId, Config, Engine, Params, StartError, Submission, SubmissionBuilder};

use super::{NONE, WAYS, fd, handled};
use crate::rig::{self, getpid, pid, pipe, run};

fn traced(call: SubmissionBuilder, id: u64) -> SubmissionBuilder {
    call.attribute(AttributeId::TRACE, NONE, &TraceValue { id }.payload())
}

fn unblocked(end: impl Into<OwnedFd>) -> OwnedFd {
    let end = end.into();
    fcntl(&end, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).expect("set");
    end
}

/// The lines without their threads, which are numbers of this process.
fn without_threads(text: &str) -> Vec<&str> {
    let lines = text.lines().map(|line| {
        let (line, thread) = line.split_once(" tid=").expect("a thread");
        assert!(thread.parse::<u32>().is_ok_and(|thread| thread > 0), "{thread}");
        line
    });
    lines.collect()
}

/// ATTR-101: a call with TRACE writes a line before it begins and one behind its end, whoever makes it; one without, and one that
/// is not run, writes none.
#[test]
fn begin_and_end() {
    for (config, flags) in WAYS {
        let (mut reader, writer) = pipe();
        let engine = Engine::start(config().trace(unblocked(writer))).expect("an engine");
        let mut ring = engine.ring(&Params::default()).expect("a ring");
        run(&mut ring, getpid().flags(flags));
        let seen = run(&mut ring, traced(getpid(), 7).flags(flags));
        assert_eq!(handled(&seen, AttributeId::TRACE), TraceValue { id: 7 }.payload());
        run(&mut ring, traced(Submission::call(libc::SYS_close).int(-1), u64::MAX).flags(flags));
        let required = syslet::AttributeFlags::REQUIRED;
        run(&mut ring, traced(getpid(), 8).attribute(AttributeId(99), required, &[]).flags(flags));
        assert_eq!(engine.trace_lost(), 0);
        let mut text = vec![0; 4096];
        let read = reader.read(&mut text).expect("lines");
        let text = std::str::from_utf8(&text[..read]).expect("text");
        let expected = [
            format!("syslet begin id=7 nr={}", libc::SYS_getpid),
            format!("syslet end id=7 result={}", pid()),
            format!("syslet begin id={} nr={}", u64::MAX, libc::SYS_close),
            format!("syslet end id={} result=-9", u64::MAX),
        ];
        assert_eq!(without_threads(text), expected);
    }
}

/// ATTR-101: a call that is handed over begins once.
#[test]
fn handed_over_begins_once() {
    let mut file = tempfile::tempfile().expect("a file");
    let copy: OwnedFd = file.try_clone().expect("a copy").into();
    let (reader, mut writer) = pipe();
    let engine = Engine::start(Config::default().trace(copy)).expect("an engine");
    let mut ring = engine.ring(&Params::default()).expect("a ring");
    let call = Submission::call(libc::SYS_read).int(fd(&reader)).output(8).value(8);
    let other = std::thread::spawn(move || {
        syslet_tests::pool::until("it sleeps in a worker", || engine.stats().blocked == 1);
        writer.write_all(b"x").expect("written");
    });
    assert_eq!(run(&mut ring, traced(call, 3)).result, 1);
    other.join().expect("it has written");
    let mut text = String::new();
    file.rewind().expect("rewound");
    file.read_to_string(&mut text).expect("lines");
    let expected =
        [format!("syslet begin id=3 nr={}", libc::SYS_read), "syslet end id=3 result=1".to_owned()];
    assert_eq!(without_threads(&text), expected);
}

/// ATTR-102: a line that cannot be written is counted, and changes nothing about the call; what could keep calls waiting
/// is refused at the start.
#[test]
fn lost_lines_are_counted() {
    for (config, flags) in WAYS {
        let (reader, writer) = pipe();
        drop(reader);
        let engine = Engine::start(config().trace(unblocked(writer))).expect("an engine");
        let mut ring = engine.ring(&Params::default()).expect("a ring");
        let seen = run(&mut ring, traced(getpid(), 7).flags(flags));
        assert_eq!((seen.result, engine.trace_lost()), (pid(), 2));
        assert_eq!(handled(&seen, AttributeId::TRACE), TraceValue { id: 7 }.payload());
    }
    let (_reader, writer) = pipe();
    let refused = Engine::start(rig::alone().trace(writer.into())).err();
    assert_eq!(refused, Some(StartError::Trace(nix::errno::Errno::EINVAL)));
}

/// ATTR-101: the kernel's own trace has the lines, where there is one that may be written to.
#[test]
fn the_kernel_has_them() {
    const FOLDER: &str = "/sys/kernel/tracing";
    let marker = OpenOptions::new().write(true).open(format!("{FOLDER}/trace_marker"));
    let trace = File::open(format!("{FOLDER}/trace"));
    let (Ok(marker), Ok(mut trace)) = (marker, trace) else { return };
    let engine = Engine::start(rig::alone().trace(marker.into())).expect("an engine");
    let id = 0x7359_0000_0000 + u64::from(std::process::id());
    run(&mut engine.ring(&Params::default()).expect("a ring"), traced(getpid(), id));
    let mut text = String::new();
    trace.read_to_string(&mut text).expect("a trace");
    let on = std::fs::read_to_string(format!("{FOLDER}/tracing_on")).is_ok_and(|on| on.trim() == "1");
    // Where tracing is switched off, the kernel takes no line.
    if on {
        assert!(text.contains(&format!("syslet end id={id} result={}", pid())), "not in the trace");
        assert_eq!(engine.trace_lost(), 0);
    }
}

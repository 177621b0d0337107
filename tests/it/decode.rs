//! Submissions, completions and refusals in words, as the application meets them.

use syslet::attrs::{DeadlineOutcome, RetryEnd, RunBy, Verdict};
use syslet::syscalls::decode::Decoder;
use syslet::{
    CallFlags, DoneFlags, Features, Refusal, RunningCall, Status, Submission, SubmissionBuilder, Unfinished,
};

use crate::rig::{self, push};

fn open(path: &std::ffi::CStr) -> SubmissionBuilder {
    Submission::call(libc::SYS_openat).int(libc::AT_FDCWD.into()).path(path).int(libc::O_CLOEXEC.into())
}

/// Runs a submission; its line and the completion's `Debug`.
fn lines(submission: SubmissionBuilder) -> (String, String) {
    let mut ring = rig::ring();
    let submission = submission.build();
    push(&mut ring, &submission).expect("accepted");
    ring.submit_and_wait(1).expect("waited");
    let done = ring.completions().next().expect("one completion");
    (done.decoded(&submission, &Decoder::default()), format!("{done:?}"))
}

/// DECODE-1, DECODE-10: the line of a call that was made.
#[test]
fn a_call_that_was_made() {
    let (line, debug) = lines(open(c"/nowhere/x").user_data(7));
    assert_eq!(
        line,
        r#"openat(AT_FDCWD, "/nowhere/x", O_RDONLY|O_CLOEXEC) = -1 ENOENT (No such file or directory)"#
    );
    let expected = "Completion { user_data: 7, result: -1 ENOENT (No such file or directory), \
                    flags: DoneFlags(0), data: \"\", returns: 1 }";
    assert_eq!(debug, expected);
    let (line, debug) =
        lines(Submission::call(libc::SYS_readlinkat).int(-100).path(c"/proc/self").output(64).value(64));
    let pid = rig::pid();
    let digits = pid.to_string().len();
    assert_eq!(line, format!(r#"readlinkat(AT_FDCWD, "/proc/self", "{pid}", 64) = {digits}"#));
    assert!(debug.contains(&format!(r#"result: {digits}, flags: DoneFlags(0), data: "{pid}""#)), "{debug}");
}

/// DECODE-15: a submission shows its call, whatever state its record is in.
#[test]
fn debug_of_submissions() {
    let mut submission = open(c"/etc/passwd").user_data(3).build();
    let expected = r#"Submission { call: openat(AT_FDCWD, "/etc/passwd", O_RDONLY|O_CLOEXEC), user_data: 3, bytes: 80, lends: 0 }"#;
    assert_eq!(format!("{submission:?}"), expected);
    submission.set_arg(1, 9999);
    assert!(format!("{submission:?}").contains("openat(AT_FDCWD, in@9999, O_RDONLY|O_CLOEXEC)"));
    let seven = (0..7).fold(Submission::call(libc::SYS_close), SubmissionBuilder::value).build();
    assert!(format!("{seven:?}").contains("call: close(...)"), "{seven:?}");
    let contradicting =
        Submission::call(libc::SYS_getpid).flags(CallFlags::SYNC.with(CallFlags::ASYNC)).build();
    assert!(format!("{contradicting:?}").contains("call: getpid(...)"), "{contradicting:?}");
}

/// DECODE-28: what has a name is shown by it, what has none as a number.
#[test]
fn debug_of_numbers() {
    for (shown, name) in [
        (format!("{:?}", Refusal::SLOTS_FULL), format!("Refusal({} SLOTS_FULL)", Refusal::SLOTS_FULL.0)),
        (format!("{:?}", Status::UNSUPPORTED), "Status(2 unsupported)".to_owned()),
        (format!("{:?}", DoneFlags::NONE), "DoneFlags(0)".to_owned()),
        (
            format!("{:?}", DoneFlags::CANCELLED.with(DoneFlags::NOT_RUN)),
            "DoneFlags(NOT_RUN|CANCELLED)".to_owned(),
        ),
        (format!("{:?}", DoneFlags::RELEASED), "DoneFlags(RELEASED)".to_owned()),
        (
            format!("{:?}", CallFlags::RELEASE.with(CallFlags(1 << 15))),
            "CallFlags(RELEASE|0x8000)".to_owned(),
        ),
        (format!("{:?}", Features::SHARED.or(Features::INLINE)), "Features(INLINE|SHARED)".to_owned()),
        (format!("{:?}", DeadlineOutcome::MISSED), "DeadlineOutcome(2 missed)".to_owned()),
        (format!("{:?}", Verdict::HIT), "Verdict(1 hit)".to_owned()),
        (format!("{:?}", RunBy::NONBLOCKING), "RunBy(3 nonblocking)".to_owned()),
        (format!("{:?}", RetryEnd::END), "RetryEnd(2 end of file)".to_owned()),
        (format!("{:?}", CallFlags(1 << 15)), "CallFlags(0x8000)".to_owned()),
    ] {
        assert_eq!(shown, name);
    }
    let call = |nr, user_data| RunningCall { nr, user_data, tid: 9 };
    let read = call(u32::try_from(libc::SYS_read).unwrap(), 5);
    let one = Unfinished { calls: vec![read] };
    assert_eq!(one.to_string(), "1 call still runs: read (user_data 5) in thread 9");
    let two = Unfinished { calls: vec![read, call(600, 6)] };
    let expected = "2 calls still run: read (user_data 5) in thread 9; call 600 (user_data 6) in thread 9";
    assert_eq!(two.to_string(), expected);
}

/// DECODE-14: a refusal names call and argument, or says what is special about the call.
#[test]
fn refusals() {
    let explained = |submission: SubmissionBuilder| {
        let submission = submission.build();
        push(&mut rig::ring(), &submission).expect_err("refused").explain(&submission)
    };
    assert_eq!(
        explained(Submission::call(libc::SYS_read).value(7).input(b"x").value(1)),
        "read(7, \"x\", 1) refused: the argument's kind contradicts the direction in which the call uses it \
         (argument 2, buf)"
    );
    assert_eq!(
        explained(Submission::call(libc::SYS_exit).value(1)),
        "exit(1) refused: the call would end or replace the thread that makes it: it ends the engine's thread, not the call"
    );
}

//! Everything that can be asked about a thread from outside, and what only the thread itself can tell.
#![allow(unsafe_code, reason = "asks about threads by number")]

use std::collections::BTreeMap;
use std::fs;

use syslet::{CallFlags, Ring, Submission, SubmissionBuilder};

use crate::look;
use crate::rig::{Seen, drain, push};

/// What threads are: by what was asked, each with the answer.
#[derive(Debug)]
pub(crate) struct State(BTreeMap<String, String>);

/// Lines of a thread's status that change by themselves, or with what others of the same user do.
const RESTLESS: [&str; 7] =
    ["voluntary_ctxt_switches", "nonvoluntary_ctxt_switches", "State", "Vm", "Rss", "Threads", "SigQ"];

impl State {
    /// Of these threads and of the calling one, and what a worker says of itself.
    pub(crate) fn of_all(tids: &[i32], ring: &mut Ring) -> State {
        let mut state = State(BTreeMap::new());
        for tid in tids.iter().copied().chain([nix::unistd::gettid().as_raw()]) {
            state.look_from_outside(tid);
        }
        for (name, call) in questions() {
            let done = ask(ring, call);
            state.0.insert(format!("worker {name}"), format!("{} {:?}", done.result, done.data()));
        }
        state
    }

    fn look_from_outside(&mut self, tid: i32) {
        let thread = format!("/proc/self/task/{tid}");
        let mut note =
            |what: &str, answer: String| self.0.insert(format!("{tid} {what}"), answer).map_or((), drop);
        let status = fs::read_to_string(format!("{thread}/status")).expect("the thread lives");
        for line in status.lines().filter(|line| !RESTLESS.iter().any(|restless| line.starts_with(restless)))
        {
            let (what, answer) = line.split_once(':').expect("name and value");
            note(what, answer.trim().to_owned());
        }
        for file in ["comm", "personality", "attr/current", "timerslack_ns", "oom_score_adj"] {
            note(file, fs::read_to_string(format!("{thread}/{file}")).unwrap_or_default());
        }
        for link in
            fs::read_dir(format!("{thread}/ns")).expect("namespaces").flatten().map(|entry| entry.path())
        {
            note(&link.to_string_lossy(), format!("{:?}", fs::read_link(&link)));
        }
        for link in ["cwd", "root"] {
            note(link, format!("{:?}", fs::read_link(format!("{thread}/{link}"))));
        }
        note("descriptors", fs::read_dir(format!("{thread}/fd")).expect("descriptors").count().to_string());
        let mut attr = [0_u64; 7];
        let address = attr.as_mut_ptr().expose_provenance().cast_signed() as libc::c_long;
        let tid = libc::c_long::from(tid);
        for (what, nr, args) in [
            ("priority", libc::SYS_getpriority, [0, tid, 0, 0]),
            ("policy", libc::SYS_sched_getscheduler, [tid, 0, 0, 0]),
            ("ioprio", libc::SYS_ioprio_get, [1, tid, 0, 0]),
            ("attributes", libc::SYS_sched_getattr, [tid, address, 56, 0]),
        ] {
            let [a, b, c, d] = args;
            // SAFETY: these only ask; the last one writes 56 bytes to where `attr` stands.
            note(what, unsafe { libc::syscall(nr, a, b, c, d) }.to_string());
        }
        note("scheduling", format!("{:?}", std::hint::black_box(&attr)));
    }

    /// # Panics
    /// When anything differs, with what does.
    pub(crate) fn assert_same(&self, later: &State, after: &str) {
        let State(before) = self;
        for (what, answer) in before {
            assert_eq!(later.0.get(what), Some(answer), "{what} after {after}");
        }
        assert_eq!(before.len(), later.0.len(), "after {after}");
    }
}

/// Returns when these threads, which are started, block the same signals: who starts a thread blocks all meanwhile.
pub(crate) fn until_settled(tids: &[i32]) {
    let blocked = |tid: &i32| look::status(*tid, "SigBlk").expect("the thread lives");
    look::until("all block the same signals", || tids.iter().all(|tid| blocked(tid) == blocked(&tids[0])));
}

/// Calls by which a thread tells about itself what nobody else can ask.
fn questions() -> Vec<(&'static str, SubmissionBuilder)> {
    let option = |option: i32| {
        Submission::call(libc::SYS_prctl).int(option.into()).value(0).value(0).value(0).value(0)
    };
    vec![
        ("keepcaps", option(libc::PR_GET_KEEPCAPS)),
        ("securebits", option(libc::PR_GET_SECUREBITS)),
        ("timerslack", option(libc::PR_GET_TIMERSLACK)),
        ("seccomp", option(libc::PR_GET_SECCOMP)),
        ("no_new_privs", option(libc::PR_GET_NO_NEW_PRIVS)),
        ("bounding set", option(libc::PR_CAPBSET_READ)),
        ("user ids", Submission::call(libc::SYS_getresuid).output(4).output(4).output(4)),
        ("group ids", Submission::call(libc::SYS_getresgid).output(4).output(4).output(4)),
        ("groups", Submission::call(libc::SYS_getgroups).value(64).output(256)),
        ("affinity", Submission::call(libc::SYS_sched_getaffinity).value(0).value(128).output(128)),
        (
            "memory policy",
            Submission::call(libc::SYS_get_mempolicy).output(4).value(0).value(0).value(0).value(0),
        ),
        ("cwd", Submission::call(libc::SYS_getcwd).output(4096).value(4096)),
        ("umask", Submission::call(libc::SYS_umask).value(0o22)),
        ("thread", Submission::call(libc::SYS_gettid)),
    ]
}

/// Has a worker make the call.
fn ask(ring: &mut Ring, call: SubmissionBuilder) -> Seen {
    const ASKED: u64 = 99;
    push(ring, &call.flags(CallFlags::ASYNC).user_data(ASKED).build()).expect("accepted");
    loop {
        ring.submit_and_wait(1).expect("waited");
        if let Some(done) = drain(ring).into_iter().find(|done| done.user_data == ASKED) {
            return done;
        }
    }
}

/// The first CPU that this process may use.
pub(crate) fn first_cpu() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("/proc is mounted");
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).expect("a line");
    list.trim().split(['-', ',']).next().and_then(|cpu| cpu.parse().ok()).expect("a number")
}

//! `unsafe` has an address: these files and no others.

use super::files::{self, File};
use super::{assert_caught, assert_none, mask};

/// Every file that may contain `unsafe`, and does.
const ALLOWED: &[&str] = &[
    "benches/criterion/attributes.rs",
    "benches/criterion/programs.rs",
    "benches/src/chains/sys.rs",
    "benches/src/chains/syslets.rs",
    "benches/src/chains/uring.rs",
    "benches/src/contender/blocking.rs",
    "benches/src/contender/direct.rs",
    "benches/src/contender/direct_inline.rs",
    "benches/src/contender/direct_nonblocking.rs",
    "benches/src/contender/engine.rs",
    "benches/src/contender/handed.rs",
    "benches/src/contender/io_uring.rs",
    "benches/src/contender/thread_per_call.rs",
    "benches/src/contender/tokio.rs",
    "benches/src/echo/engine.rs",
    "benches/src/echo/uring.rs",
    "benches/src/sleepers/crowd.rs",
    "benches/src/soak/door.rs",
    "engine/cli/src/print/output.rs",
    "engine/cli/src/probe/files.rs",
    "engine/cli/src/run/interrupt.rs",
    "engine/cli/src/run/submit.rs",
    "engine/cli/src/table/kernel/child.rs",
    "engine/cli/src/table/uring/probe.rs",
    "engine/src/sys/fork.rs",
    "engine/src/sys/interrupt.rs",
    "engine/src/guard/block.rs",
    "engine/src/ring/inline.rs",
    "engine/src/confinement/landlock.rs",
    "engine/src/confinement/calls.rs",
    "engine/src/pool/executor.rs",
    "engine/src/parking/files.rs",
    "engine/src/pool/poller.rs",
    "engine/src/pool/reap.rs",
    "engine/src/pool/reserve.rs",
    "engine/src/pool/work.rs",
    "engine/src/sys/disposable.rs",
    "engine/src/sys/disposable/tests.rs",
    "engine/src/pool/worker.rs",
    "engine/src/exec/signals.rs",
    "engine/src/exec/signals/tests.rs",
    "engine/src/sys/thread.rs",
    "engine/src/sys/thread/tests.rs",
    "engine/src/program/program_calls.rs",
    "engine/src/program/one_call.rs",
    "engine/src/program/parallel/tests.rs",
    "engine/src/program/run.rs",
    "engine/src/ring/prepared.rs",
    "engine/src/ring/push.rs",
    "engine/src/ring/private.rs",
    "engine/src/ring/exec.rs",
    "tests/it/exec.rs",
    "engine/src/ring/here.rs",
    "engine/src/engine.rs",
    "engine/src/queues/private_lane/mod.rs",
    "engine/src/sys/barrier.rs",
    "engine/src/queues/memory.rs",
    "engine/src/exec/runner.rs",
    "engine/src/exec/usage.rs",
    "engine/src/exec/thread_setup.rs",
    "engine/src/exec/signal_sets.rs",
    "engine/src/exec/signal_sets/tests.rs",
    "engine/src/exec/signalfd.rs",
    "engine/src/exec/signalfd/tests.rs",
    "engine/src/exec/attempt.rs",
    "engine/src/exec/checksum.rs",
    "engine/src/exec/retry.rs",
    "engine/src/exec/retry/tests.rs",
    "engine/src/nonblocking/mod.rs",
    "engine/src/cancel/shutdown.rs",
    "engine/src/cancel/timer.rs",
    "engine/src/cancel/kick.rs",
    "engine/src/cancel/signal.rs",
    "engine/src/cancel/signal/tests.rs",
    "engine/src/nonblocking/restart.rs",
    "engine/src/nonblocking/query.rs",
    "engine/src/nonblocking/probe.rs",
    "engine/src/nonblocking/probe/tests.rs",
    "engine/src/nonblocking/tests/restart.rs",
    "engine/src/nonblocking/tests/rig.rs",
    "engine/src/notify/futex.rs",
    "syscalls/src/invoke.rs",
    "syscalls/src/sites.rs",
    "syscalls/tests/it/invoke.rs",
    "tests/cancel/signal.rs",
    "tests/cancel/step.rs",
    "tests/cancel/stuck.rs",
    "tests/equivalence/alone.rs",
    "tests/equivalence/direct.rs",
    "tests/equivalence/rig.rs",
    "tests/equivalence/world.rs",
    "tests/fuzz/src/bag.rs",
    "tests/fuzz/src/bench.rs",
    "tests/src/enclosed.rs",
    "tests/guard/sockets.rs",
    "tests/process/kick/beside.rs",
    "tests/process/kick/held.rs",
    "tests/process/kick/never.rs",
    "tests/process/program_fds.rs",
    "tests/it/extents/raw.rs",
    "tests/programs/hostile.rs",
    "tests/programs/private.rs",
    "tests/it/call_is_call.rs",
    "tests/it/inline.rs",
    "tests/it/pool/events.rs",
    "tests/it/pool/hand.rs",
    "tests/src/pool.rs",
    "tests/src/rig.rs",
    "tests/it/nonblocking/rig.rs",
    "tests/it/structures/direct.rs",
    "tests/process/acting/refused.rs",
    "tests/process/acting/retry.rs",
    "tests/process/allocation.rs",
    "tests/process/confine.rs",
    "tests/process/confine_files.rs",
    "tests/process/confine_more.rs",
    "tests/process/confined.rs",
    "tests/process/copies.rs",
    "tests/process/copies/library.rs",
    "tests/process/fork.rs",
    "tests/process/sigpipe.rs",
    "tests/process/spawn_failure.rs",
    "tests/process/sweep.rs",
    "tests/process/syscalls.rs",
    "tests/process/threads.rs",
    "tests/process/fork_pool.rs",
    "tests/process/private.rs",
    "tests/process/private/state.rs",
    "tests/process/signals.rs",
    "tests/process/shortage.rs",
    "tests/process/internal_signals.rs",
];

fn faults(files: &[File], allowed: &[&str]) -> Vec<String> {
    let mut faults = Vec::new();
    for file in files.iter().filter(|file| !allowed.contains(&file.path.as_str())) {
        if let Some(line) = first_unsafe(file) {
            faults.push(format!("{}:{line}: `unsafe` in a file that is not listed for it", file.path));
        }
    }
    for path in allowed {
        match files.iter().find(|file| file.path == *path) {
            None => faults.push(format!("{path}: listed for `unsafe`, but there is no such file")),
            Some(file) if first_unsafe(file).is_none() => {
                faults.push(format!("{path}: listed for `unsafe`, but has none"));
            }
            Some(_) => {}
        }
    }
    faults
}

fn first_unsafe(file: &File) -> Option<usize> {
    let code = mask::code(&file.text);
    code.lines().position(|line| mask::has_word(line, "unsafe")).map(|at| at + 1)
}

#[test]
fn only_listed_files_contain_unsafe() {
    assert_none(&faults(&files::rust(), ALLOWED));
}

#[test]
fn an_unlisted_unsafe_is_caught() {
    let file = |text: &str| File { path: "a.rs".into(), text: text.into() };
    assert_caught(&faults(&[file("fn f() {\n    unsafe { g() }\n}\n")], &[]), "a.rs:2: `unsafe`");
    assert_caught(&faults(&[file("pub unsafe fn f() {}\n")], &[]), "a.rs:1: `unsafe`");
    assert_none(&faults(&[file("#![forbid(unsafe_code)]\n// unsafe\nconst A: &str = \"unsafe\";\n")], &[]));
}

#[test]
fn a_listing_without_need_is_caught() {
    let safe = File { path: "a.rs".into(), text: "// unsafe\n".into() };
    assert_caught(&faults(&[safe], &["a.rs"]), "has none");
    assert_caught(&faults(&[], &["b.rs"]), "no such file");
}

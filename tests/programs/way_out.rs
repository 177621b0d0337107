//! What runs on every way out.

use std::os::fd::AsRawFd as _;
use std::time::Duration;

use syslet::attrs::DeadlineAsked;
use syslet::program::build::calls::{close, getppid, openat, read, write};
use syslet::program::{Builder, Test};
use syslet::{AttributeFlags, AttributeId, CallFlags, Config, DoneFlags, Engine, Params, Which};

use crate::rig::{everywhere, next, pipe_ends, program, push, run};

/// A word is written into a pipe on the way out; how the program ends is `how`'s to write.
fn leaving(how: impl for<'p> Fn(&mut Builder<'p>), check: impl Fn(&syslet_tests::rig::Seen)) {
    let ((reads, _writes), _, writes) = pipe_ends();
    everywhere(
        |p| {
            let word = p.bytes(b"out");
            how(p);
            p.finally(write(writes, word, 3));
        },
        |came| {
            check(&came);
            let mut word = [0; 8];
            assert_eq!(nix::unistd::read(&reads, &mut word), Ok(3));
        },
    );
}

/// SYSLET-11, SYSLET-13: the way out is run at the end, after a stop, and without a budget; the result is not its own.
#[test]
fn every_way_out_is_run() {
    let ppid = i64::from(nix::unistd::getppid().as_raw());
    leaving(
        |p| {
            p.call(getppid()).value();
        },
        |came| assert_eq!(came.end(), (ppid, DoneFlags::NONE)),
    );
    leaving(
        |p| {
            p.call(getppid()).stop_if(Test::non_zero());
            p.call(getppid()).stop_if(Test::zero());
        },
        |came| {
            assert_eq!(came.end(), (ppid, DoneFlags::NONE));
            assert_eq!(came.atoms().iter().map(|(atom, ..)| *atom).collect::<Vec<_>>(), [0, 2]);
        },
    );
    leaving(
        |p| {
            p.budget(5);
            p.repeat(|p| {
                p.call(getppid()).value();
            });
        },
        |came| assert_eq!(came.end(), (-i64::from(libc::ELOOP), DoneFlags::ENGINE_RESULT)),
    );
}

/// SYSLET-12: what was not opened, or is closed, is not closed; what failed on the way out is said.
#[test]
fn what_is_not_there_is_left_alone() {
    let ran =
        |came: &syslet_tests::rig::Seen| came.atoms().iter().map(|(atom, ..)| *atom).collect::<Vec<_>>();
    everywhere(
        |p| {
            let path = p.path(c"/does/not/exist");
            let fd = p.call(openat(libc::AT_FDCWD, path, libc::O_RDONLY, 0)).or_stop();
            let other = p.call(openat(libc::AT_FDCWD, path, libc::O_RDONLY, 0)).or_stop();
            p.finally(close(fd));
            p.finally(close(other));
        },
        |came| assert_eq!((came.end(), ran(&came)), ((-2, DoneFlags::NONE), vec![0])),
    );
    everywhere(
        |p| {
            let path = p.path(c"/");
            let fd = p.call(openat(libc::AT_FDCWD, path, libc::O_RDONLY, 0)).or_stop();
            p.call(close(fd)).value();
            p.finally(close(fd));
        },
        |came| assert_eq!((came.end(), ran(&came)), ((0, DoneFlags::NONE), vec![0, 1])),
    );
    everywhere(
        |p| {
            let path = p.path(c"/");
            let fd = p.call(openat(libc::AT_FDCWD, path, libc::O_RDONLY, 0)).or_stop();
            p.finally(close(fd));
            p.finally(close(fd));
        },
        |came| assert_eq!((came.flags, ran(&came)), (DoneFlags::NONE, vec![0, 1])),
    );
}

/// SYSLET-12: what was closed beside other calls, or on the way out, is not closed again; what a close that was not made has left
/// open is.
#[test]
fn each_descriptor_is_closed_once() {
    let ran =
        |came: &syslet_tests::rig::Seen| came.atoms().iter().map(|(atom, ..)| *atom).collect::<Vec<_>>();
    everywhere(
        |p| {
            let path = p.path(c"/");
            let fd = p.call(openat(libc::AT_FDCWD, path, libc::O_RDONLY, 0)).or_stop();
            p.together(|g| {
                g.call(close(fd));
                g.call(getppid());
            });
            p.finally(close(fd));
        },
        |came| assert_eq!((came.end(), ran(&came)), ((2, DoneFlags::NONE), vec![0, 1, 2, 3])),
    );
    everywhere(
        |p| {
            let path = p.path(c"/");
            let fd = p.call(openat(libc::AT_FDCWD, path, libc::O_RDONLY, 0)).or_stop();
            p.finally(close(fd));
            p.finally(close(fd));
        },
        |came| assert_eq!((came.flags, ran(&came)), (DoneFlags::NONE, vec![0, 1])),
    );
    everywhere(
        |p| {
            let path = p.path(c"/");
            let fd = p.call(openat(libc::AT_FDCWD, path, libc::O_RDONLY, 0)).or_stop();
            // Nobody can honour it, so the call is not made.
            let refused = close(fd).attribute(AttributeId(0x7000), AttributeFlags::REQUIRED, &[]);
            p.call(refused).value();
            p.finally(close(fd));
        },
        |came| {
            let refused = (-i64::from(libc::EOPNOTSUPP), DoneFlags::ENGINE_RESULT);
            assert_eq!((came.end(), ran(&came)), (refused, vec![0, 1, 2]));
        },
    );
}

/// SYSLET-13: a call of the way out that fails is said, the first of them by its number, and the others run.
#[test]
fn failures_on_the_way_out_are_said() {
    everywhere(
        |p| {
            p.call(getppid()).value();
            p.finally(getppid());
            p.finally(close(-1));
            p.finally(close(-2));
            p.finally(getppid());
        },
        |came| {
            assert_eq!(came.flags, DoneFlags::FINALLY_FAILED);
            assert_eq!(came.atoms().len(), 5);
            let (_, value) = came.answer(AttributeId::ATOMS).unwrap();
            let head = syslet::attrs::AtomsValue::parse(value).unwrap().head;
            assert_eq!((head.steps, head.last, head.finally_failed), (1, 0, Some(2)));
        },
    );
}

/// SYSLET-21, SYSLET-11: a cancelled program that waits in a worker leaves by the way out; one that has not begun does not
/// run at all.
#[test]
fn cancelled_programs_clean_up() {
    let mut ring = crate::rig::ring(1);
    let ((_reads, _writes), never, _) = pipe_ends();
    let ((told, _told), _, tells) = pipe_ends();
    for flags in [CallFlags::NONE, CallFlags::ASYNC] {
        let waiting = |p: &mut Builder<'_>| {
            let (word, buffer) = (p.bytes(b"out"), p.area(8));
            p.call(write(tells, word, 1)).value();
            p.call(read(never, buffer, 8)).value();
            p.call(getppid()).value();
            p.finally(write(tells, word, 3));
        };
        let mut word = [0; 8];
        let running = push(&mut ring, &program(flags, waiting)).unwrap();
        ring.wait(1, Some(Duration::ZERO)).unwrap();
        ring.submit();
        assert_eq!(nix::unistd::read(&told, &mut word), Ok(1));
        let queued = push(&mut ring, &program(CallFlags::ASYNC, waiting)).unwrap();
        ring.submit();
        assert_eq!(ring.cancel(Which::Ticket(queued)).removed, 1);
        assert_eq!(ring.cancel(Which::Ticket(running)).signalled, 1);
        let mut came = [next(&mut ring), next(&mut ring)];
        came.sort_by_key(|came| !came.flags.contains(DoneFlags::NOT_RUN));
        let not_run = DoneFlags::NOT_RUN.with(DoneFlags::ENGINE_RESULT).with(DoneFlags::CANCELLED);
        assert_eq!(came[0].end(), (-i64::from(libc::ECANCELED), not_run));
        // Whether the call had begun is a matter of a moment.
        assert!(
            [-i64::from(libc::EINTR), -i64::from(libc::ECANCELED)].contains(&came[1].result),
            "{:?}",
            came[1]
        );
        assert!(came[1].flags.contains(DoneFlags::CANCELLED) && !came[1].flags.contains(DoneFlags::NOT_RUN));
        let ran: Vec<_> = came[1].atoms().iter().map(|(atom, ..)| *atom).collect();
        assert_eq!(ran, [0, 1, 3]);
        assert_eq!(nix::unistd::read(&told, &mut word), Ok(3), "one of the two has left");
    }
}

/// SYSLET-14: a cancel does not reach the way out.
#[test]
fn the_way_out_is_not_stopped() {
    let mut ring = crate::rig::ring(1);
    let ((_reads, writes), reads, _) = pipe_ends();
    let ((told, _told), _, tells) = pipe_ends();
    let sleeping = program(CallFlags::ASYNC, |p| {
        let (word, buffer) = (p.bytes(b"word"), p.area(8));
        p.call(getppid()).value();
        p.finally(write(tells, word, 4));
        p.finally(read(reads, buffer, 8));
    });
    let ticket = push(&mut ring, &sleeping).unwrap();
    ring.submit();
    assert_eq!(nix::unistd::read(&told, &mut [0; 8]), Ok(4));
    let found = ring.cancel(Which::Ticket(ticket));
    assert_eq!((found.signalled, found.removed, found.uninterruptible), (0, 0, 1));
    nix::unistd::write(&writes, b"word").unwrap();
    let came = next(&mut ring);
    assert_eq!(came.end(), (i64::from(nix::unistd::getppid().as_raw()), DoneFlags::NONE));
    assert_eq!(came.atoms()[2].3, 4);
}

/// SYSLET-22, SYSLET-11: a program that never sleeps is ended by its deadline as well, whoever runs it, and leaves by the way out.
#[test]
fn busy_programs_are_late() {
    // So many take much longer than the deadline, wherever they run.
    const BUDGET: u32 = 200_000_000;
    for (workers_max, flags) in [(0, CallFlags::NONE), (2, CallFlags::NONE), (2, CallFlags::ASYNC)] {
        let config = Config::default().workers_max(workers_max).program_steps_max(BUDGET);
        let mut ring = Engine::start(config).unwrap().ring(&Params::default()).unwrap();
        let busy = program(flags, |p| {
            p.budget(BUDGET);
            let asked = DeadlineAsked::After(2_000_000).emit();
            p.attribute(AttributeId::DEADLINE, AttributeFlags::REQUIRED, &asked);
            let n = p.register(0);
            p.repeat(|p| p.add(n, 1));
            p.finally(getppid());
        });
        // One that is late before it begins says nothing here.
        let mut runs = std::iter::repeat_with(|| run(&mut ring, &busy));
        let came = runs.find(|came| !came.flags.contains(DoneFlags::NOT_RUN)).expect("there is no end");
        let late = (-i64::from(libc::ETIME), DoneFlags::CANCELLED.with(DoneFlags::ENGINE_RESULT));
        assert_eq!(came.end(), late, "{workers_max} {flags:?}");
        assert_eq!(came.atoms().last().map(|(atom, _, runs, _)| (*atom, *runs)), Some((1, 1)));
    }
}

/// SYSLET-36, SYSLET-11: another thread ends a program that never sleeps and that its submitter runs; it leaves by the way out.
/// CANCEL-21: also one that was alone when it was begun.
#[test]
fn busy_programs_are_stopped() {
    // Where nobody stops it, it ends after a minute.
    const BUDGET: u32 = 200_000_000;
    let cases = [(0, CallFlags::NONE), (2, CallFlags::SYNC), (2, CallFlags::NONE)];
    for ((workers_max, flags), is_alone) in cases.into_iter().flat_map(|case| [(case, false), (case, true)]) {
        let config = Config::default().workers_max(workers_max).program_steps_max(BUDGET);
        let engine = Engine::start(config).unwrap();
        let mut ring = engine.ring(&Params::default()).unwrap();
        let ((reads, _writes), _, tells) = pipe_ends();
        let busy = program(flags, |p| {
            p.budget(BUDGET);
            let (word, n) = (p.bytes(b"in"), p.register(0));
            p.call(write(tells, word, 2)).value();
            p.repeat(|p| p.add(n, 1));
            p.finally(getppid());
        });
        let canceller = (!is_alone).then(|| ring.canceller().unwrap());
        let other = std::thread::spawn(move || {
            let mut word = [0; 2];
            assert_eq!(nix::unistd::read(&reads, &mut word), Ok(2), "it is in its loop soon");
            canceller.unwrap_or_else(|| engine.canceller().unwrap()).cancel(Which::All)
        });
        let came = run(&mut ring, &busy);
        let found = other.join().unwrap();
        assert_eq!((found.pending, found.uninterruptible), (1, 0), "{found:?}");
        let cut = DoneFlags::CANCELLED.with(DoneFlags::ENGINE_RESULT);
        assert_eq!(came.end(), (-i64::from(libc::ECANCELED), cut), "{workers_max} {flags:?}");
        assert_eq!(came.atoms().last().map(|(atom, _, runs, _)| (*atom, *runs)), Some((2, 1)));
    }
}

/// POOL-16, ENGINE-16: a wait leaves a program that never sleeps when its timeout has passed, or when it is woken; the program goes on in
/// a worker, from where it was.
#[test]
fn busy_programs_are_left_by_their_wait() {
    // So many take much longer than the wait, wherever they run.
    const BUDGET: u32 = 200_000_000;
    let config = Config::default().workers_max(2).program_steps_max(BUDGET);
    let mut ring = Engine::start(config).unwrap().ring(&Params::default()).unwrap();
    for is_woken in [false, true] {
        let ((reads, _writes), _, tells) = pipe_ends();
        let busy = program(CallFlags::NONE, |p| {
            p.budget(BUDGET);
            let (word, n) = (p.bytes(b"in"), p.register(0));
            p.call(write(tells, word, 2).storage()).value();
            p.repeat(|p| p.add(n, 1));
            p.finally(getppid());
        });
        push(&mut ring, &busy).expect("accepted");
        let waker = ring.waker();
        let other = std::thread::spawn(move || {
            assert_eq!(nix::unistd::read(&reads, &mut [0; 2]), Ok(2), "it is in its loop soon");
            is_woken.then(|| waker.wake());
            reads
        });
        let timeout = if is_woken { None } else { Some(Duration::from_millis(1)) };
        assert_eq!(ring.wait(1, timeout), Ok(0), "{is_woken}");
        let _reads = other.join().unwrap();
        let found = ring.cancel(Which::All);
        assert_eq!((found.uninterruptible, found.removed), (0, 0), "{found:?}");
        let came = next(&mut ring);
        let cut = DoneFlags::CANCELLED.with(DoneFlags::ENGINE_RESULT);
        assert_eq!(came.end(), (-i64::from(libc::ECANCELED), cut));
        assert_eq!(came.atoms().first().map(|(_, _, runs, _)| *runs), Some(1), "no atom ran again");
        assert_eq!(came.atoms().last().map(|(_, _, runs, _)| *runs), Some(1), "it left by its way out");
    }
}

/// POOL-16: where no worker may have a program, a wait leaves it as well when its timeout has passed, or when it is woken. It goes on in the next
/// wait; a cancel finds it in between, and a drop of the ring has it leave by its way out.
#[test]
fn busy_programs_are_left_where_no_worker_may_have_them() {
    const BUDGET: u32 = 200_000_000;
    for (workers_max, flags) in [(0, CallFlags::NONE), (2, CallFlags::SYNC)] {
        let config = Config::default().workers_max(workers_max).program_steps_max(BUDGET);
        for ends_by in [Ends::Cancel, Ends::Drop, Ends::Close] {
            let engine = Engine::start(config.clone()).unwrap();
            let mut ring = engine.ring(&Params::default()).unwrap();
            let ((reads, _writes), _, tells) = pipe_ends();
            let busy = program(flags, |p| {
                p.budget(BUDGET);
                let (word, bye, n) = (p.bytes(b"in"), p.bytes(b"out"), p.register(0));
                p.call(write(tells, word, 2).storage()).value();
                p.repeat(|p| p.add(n, 1));
                p.finally(write(tells, bye, 3).storage());
            });
            push(&mut ring, &busy).expect("accepted");
            for _ in 0..3 {
                assert_eq!(ring.wait(1, Some(Duration::from_millis(1))), Ok(0), "{workers_max}");
            }
            ring.waker().wake();
            assert_eq!(ring.wait(1, None), Ok(0), "woken");
            assert_eq!(ring.in_flight(), 1);
            let mut said = [0; 8];
            assert_eq!(nix::unistd::read(&reads, &mut said), Ok(2), "the first call was made once");
            match ends_by {
                Ends::Cancel => {
                    let found = ring.cancel(Which::All);
                    assert_eq!((found.removed, found.uninterruptible), (0, 0), "{found:?}");
                }
                Ends::Close => {
                    let _closed = engine.close(Duration::ZERO);
                }
                Ends::Drop => {
                    drop(ring);
                    assert_eq!(nix::unistd::read(&reads, &mut said), Ok(3), "its way out");
                    continue;
                }
            }
            assert_eq!(ring.wait(1, None), Ok(1), "{ends_by:?}");
            let came = next(&mut ring);
            let cut = DoneFlags::CANCELLED.with(DoneFlags::ENGINE_RESULT);
            assert_eq!(came.end(), (-i64::from(libc::ECANCELED), cut), "{ends_by:?}");
            assert_eq!(nix::unistd::read(&reads, &mut said), Ok(3), "its way out");
        }
    }
}

/// How a program ends that its wait has left.
#[derive(Clone, Copy, Debug)]
enum Ends {
    Cancel,
    Close,
    Drop,
}

/// POOL-16: a program that is left by many waits takes the same steps as one that is not left at all.
#[test]
fn programs_that_are_left_take_each_step_once() {
    const BUDGET: u32 = 20_000;
    let busy = program(CallFlags::NONE, |p| {
        p.budget(BUDGET);
        let n = p.register(0);
        p.repeat(|p| {
            p.add(n, 3);
            p.call(getppid()).value();
        });
    });
    let whole = run(&mut crate::rig::ring(0), &busy);
    for workers in [0, 1] {
        let mut ring = crate::rig::ring(workers);
        push(&mut ring, &busy).expect("accepted");
        while ring.wait(1, Some(Duration::ZERO)).unwrap() == 0 {}
        let came = next(&mut ring);
        assert_eq!((came.end(), came.atoms()), (whole.end(), whole.atoms()), "{workers}");
    }
}

/// SYSLET-14: a call of the way out is not kept from beginning by its own deadline, nor found by who would stop it alone.
#[test]
fn calls_of_the_way_out_are_not_stopped() {
    let ((_reads, writes), from, _) = pipe_ends();
    everywhere(
        |p| {
            let buffer = p.area(8);
            p.call(getppid()).value();
            p.finally(read(from, buffer, 8).storage().within(Duration::ZERO));
            nix::unistd::write(&writes, b"word").unwrap();
        },
        |came| assert_eq!((came.flags, came.atoms()[1].3), (DoneFlags::NONE, 4)),
    );
    let mut ring = crate::rig::ring(1);
    let ((told, _told), _, tells) = pipe_ends();
    let sleeping = program(CallFlags::ASYNC, |p| {
        let (word, buffer) = (p.bytes(b"word"), p.area(8));
        p.call(getppid()).value();
        p.finally(write(tells, word, 4));
        p.finally(read(from, buffer, 8).stoppable());
    });
    let ticket = push(&mut ring, &sleeping).unwrap();
    ring.submit();
    assert_eq!(nix::unistd::read(&told, &mut [0; 8]), Ok(4));
    for _ in 0..2_000 {
        assert!(ring.cancel(Which::Atom(ticket, 2)).is_nothing());
        std::thread::yield_now();
    }
    nix::unistd::write(&writes, b"word").unwrap();
    let came = next(&mut ring);
    assert_eq!((came.flags, came.atoms()[2].3), (DoneFlags::NONE, 4));
}

/// SYSLET-22: a program's deadline ends it with ETIME, by the way out, and is told.
#[test]
fn late_programs_clean_up() {
    let mut ring = crate::rig::ring(2);
    let ((_reads, _writes), never, _) = pipe_ends();
    let ((told, _told), _, tells) = pipe_ends();
    for flags in [CallFlags::NONE, CallFlags::ASYNC] {
        let late = |after_ns| {
            program(flags, |p| {
                let deadline = DeadlineAsked::After(after_ns).emit();
                p.attribute(AttributeId::DEADLINE, AttributeFlags::NONE, &deadline);
                let (word, buffer) = (p.bytes(b"out"), p.area(8));
                p.call(read(never, buffer, 8)).value();
                p.call(getppid()).value();
                p.finally(write(tells, word, 3));
            })
        };
        // Where the thread is kept waiting for so long, it is late before it begins.
        let mut came = (0..8).map(|more| run(&mut ring, &late(30_000_000 << more)));
        let came = came.find(|came| !came.flags.contains(DoneFlags::NOT_RUN)).expect("one has begun");
        let cut = DoneFlags::CANCELLED.with(DoneFlags::ENGINE_RESULT);
        assert_eq!(came.end(), (-i64::from(libc::ETIME), cut));
        let mut word = [0; 8];
        assert_eq!(nix::unistd::read(&told, &mut word), Ok(3));
    }
    assert!(told.as_raw_fd() > 2);
}

/// A close with little patience, again and again: what it has asked for is done at last.
fn until_closed(engine: &Engine) {
    let started = std::time::Instant::now();
    while let Err(late) = engine.close(Duration::from_millis(10)) {
        assert!(started.elapsed() < Duration::from_secs(60), "in vain: {late}");
    }
}

/// SYSLET-38: a close stops a call that sleeps on the way out, in whose hands it may be, when it has waited for half of its
/// patience, and each one that follows; what does not sleep is done, and the completion says so.
#[test]
fn a_close_does_not_wait_for_ever() {
    const EINTR: i64 = -(libc::EINTR as i64);
    let (_ends, never, _) = pipe_ends();
    for flags in [CallFlags::ASYNC, CallFlags::PRIVATE] {
        let engine = Engine::start(Config::default().workers_max(2)).expect("an engine");
        let mut ring = engine.ring(&Params::default()).expect("a ring");
        let ((told, tells), _, to) = pipe_ends();
        let asked = program(flags, |p| {
            let (area, word, null) = (p.area(8), p.bytes(b"x"), p.path(c"/dev/null"));
            let fd = p.call(openat(libc::AT_FDCWD, null, libc::O_RDONLY, 0)).or_stop();
            p.finally(write(to, word, 1));
            p.finally(read(never, area, 8));
            p.finally(read(never, area, 8));
            p.finally(close(fd));
        });
        push(&mut ring, &asked).expect("accepted");
        ring.submit();
        nix::unistd::read(&told, &mut [0]).expect("it is on its way out");
        assert!(ring.cancel(Which::All).signalled == 0, "a cancel does not reach it");
        // Without patience it asks and goes; what follows happens by itself.
        let _late = engine.close(Duration::ZERO);
        assert_eq!(ring.wait(1, Some(Duration::from_secs(60))), Ok(1));
        until_closed(&engine);
        let came = next(&mut ring);
        assert!(came.flags.contains(DoneFlags::FINALLY_FAILED) && came.result >= 0, "{came:?}");
        let atoms: Vec<_> = came.atoms().iter().map(|(_, flags, _, value)| (*flags, *value)).collect();
        assert_eq!(atoms[1], (DoneFlags::NONE, 1));
        assert_eq!(atoms[2..4], [(DoneFlags::CANCELLED, EINTR); 2]);
        assert_eq!(atoms[4], (DoneFlags::NONE, 0), "it was closed");
        drop(tells);
    }
}

/// SYSLET-38: the same of a program that waited for a worker when its ring was dropped, and leaves in a thread of its own.
#[test]
fn nor_for_those_whose_ring_is_gone() {
    let (_ends, never, _) = pipe_ends();
    let (busy_ends, busy, _) = pipe_ends();
    let engine = Engine::start(Config::default().workers_max(1)).expect("an engine");
    let mut ring = engine.ring(&Params::default()).expect("a ring");
    let ((told, _tells), _, to) = pipe_ends();
    let first = program(CallFlags::ASYNC, |p| {
        let area = p.area(8);
        p.call(read(busy, area, 8)).value();
    });
    push(&mut ring, &first).expect("accepted");
    let second = program(CallFlags::NONE, |p| {
        let (area, word) = (p.area(8), p.bytes(b"x"));
        p.call(getppid()).value();
        p.call(read(never, area, 8)).value();
        p.finally(write(to, word, 1));
        p.finally(read(never, area, 8));
    });
    push(&mut ring, &second).expect("accepted");
    ring.wait(1, Some(Duration::ZERO)).expect("waited");
    drop(ring);
    nix::unistd::write(&busy_ends.1, b"go on").expect("room");
    nix::unistd::read(&told, &mut [0]).expect("it is on its way out");
    until_closed(&engine);
}

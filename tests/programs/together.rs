//! Calls that run side by side.

use std::os::fd::{AsRawFd as _, OwnedFd};

use nix::unistd::pipe;
use syslet::attrs::{AtomsValue, DeadlineAsked};
use syslet::program::build::calls::{getppid, read, write};
use syslet::program::{Builder, Program, Test};
use syslet::{AttributeFlags, AttributeId, CallFlags, DoneFlags, Ring, Which};

use crate::rig::{everywhere, next, pipe_ends, program, push, ring, run};

fn pipes<const N: usize>() -> [(OwnedFd, OwnedFd); N] {
    std::array::from_fn(|_| pipe().expect("a pipe"))
}

/// SYSLET-26: the first call of a group waits for what the last one does: that works because nobody waits for it.
#[test]
fn members_run_side_by_side() {
    for is_away in [false, true] {
        let [(reads, writes)] = pipes();
        let program = Program::build(|p| {
            if is_away {
                p.flags(CallFlags::ASYNC);
            }
            let (word, buffer) = (p.bytes(b"word"), p.area(16));
            p.together(|g| {
                g.call(read(reads.as_raw_fd(), buffer, 16));
                g.call(write(writes.as_raw_fd(), word, 4));
            });
        })
        .unwrap();
        let came = run(&mut ring(4), &program);
        assert_eq!((came.result, came.flags), (2, DoneFlags::NONE));
        assert_eq!(&came.data()[..4], b"word");
    }
}

/// SYSLET-26: when enough have succeeded the others are stopped, those that sleep and those that have not begun.
#[test]
fn enough_is_enough() {
    let [(never, _held), (also_never, _held_too)] = pipes();
    let program = Program::build(|p| {
        let (one, other) = (p.area(8), p.area(8));
        let done = p.first(1, |g| {
            g.call(read(never.as_raw_fd(), one, 8));
            g.call(read(also_never.as_raw_fd(), other, 8));
            g.call(getppid());
        });
        p.stop_if(done, Test::zero());
        p.call(getppid()).value();
    })
    .unwrap();
    let came = run(&mut ring(4), &program);
    assert_eq!((came.result, came.flags), (i64::from(nix::unistd::getppid().as_raw()), DoneFlags::NONE));
}

/// SYSLET-28: where there is nobody else, members run one after the other.
#[test]
fn members_run_in_turn_alone() {
    let [(reads, writes)] = pipes();
    let write_first = |p: &mut syslet::program::Builder<'_>| {
        let (word, buffer) = (p.bytes(b"word"), p.area(16));
        p.together(|g| {
            g.call(write(writes.as_raw_fd(), word, 4).storage());
            g.call(read(reads.as_raw_fd(), buffer, 16).storage());
        });
    };
    everywhere(write_first, |came| {
        assert_eq!((came.result, came.flags), (2, DoneFlags::NONE));
        assert_eq!(&came.data()[..4], b"word");
    });
}

/// SYSLET-5: members are atoms that are run: each takes one from the budget, and a group for which not enough is left does not
/// begin.
#[test]
fn members_take_from_the_budget() {
    let rounds = |budget: u32| {
        move |p: &mut Builder<'_>| {
            p.budget(budget);
            p.repeat(|p| {
                p.together(|g| {
                    g.call(getppid());
                    g.call(getppid());
                });
            });
        }
    };
    // A group, its two members, and the jump behind it.
    for (budget, steps, ran) in [(8, 8, [2, 2, 2, 2]), (7, 7, [2, 2, 2, 1]), (6, 4, [1, 1, 1, 1])] {
        everywhere(rounds(budget), |came| {
            assert_eq!(came.end(), (-i64::from(libc::ELOOP), DoneFlags::ENGINE_RESULT));
            let (_, value) = came.answer(AttributeId::ATOMS).unwrap();
            assert_eq!(AtomsValue::parse(value).unwrap().head.steps, steps, "{budget}");
            assert_eq!(came.atoms().iter().map(|(_, _, runs, _)| *runs).collect::<Vec<_>>(), ran);
        });
    }
}

/// Two members that sleep for ever, and one that succeeds; tells when it begins.
fn sleeping<'p>(p: &mut Builder<'p>, never: i32, tells: i32) {
    let (mark, one, other) = (p.bytes(b"1"), p.area(8), p.area(8));
    p.call(write(tells, mark, 1)).or_stop();
    p.together(|g| {
        g.call(getppid());
        g.call(read(never, one, 8));
        g.call(read(never, other, 8));
    });
}

/// SYSLET-21, SYSLET-22: a group that is cut short says so, as the last atom as well: a cancelled one with what has succeeded,
/// a late one with ETIME.
#[test]
fn cut_groups_say_so() {
    let (_ends, never, _) = pipe_ends();
    let ((told, _tells), _, tells) = pipe_ends();
    let begin = |ring: &mut Ring, deadline: Option<DeadlineAsked>| {
        let cut = program(CallFlags::ASYNC, |p| {
            let asked = deadline.iter();
            asked.for_each(|at| p.attribute(AttributeId::DEADLINE, AttributeFlags::REQUIRED, &at.emit()));
            sleeping(p, never, tells);
        });
        let ticket = push(ring, &cut).unwrap();
        ring.submit();
        assert_eq!(nix::unistd::read(&told, &mut [0]), Ok(1));
        ticket
    };
    for workers_max in [1, 4] {
        let mut ring = ring(workers_max);
        let ticket = begin(&mut ring, None);
        assert_eq!(ring.cancel(Which::Ticket(ticket)).signalled, 1);
        let came = next(&mut ring);
        assert!(came.flags.contains(DoneFlags::CANCELLED), "{came:?}");
        begin(&mut ring, Some(DeadlineAsked::After(30_000_000)));
        let late = (-i64::from(libc::ETIME), DoneFlags::CANCELLED.with(DoneFlags::ENGINE_RESULT));
        assert_eq!(next(&mut ring).end(), late);
    }
}

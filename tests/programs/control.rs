//! What an atom's value decides.

use syslet::DoneFlags;
use syslet::program::build::calls::getppid;
use syslet::program::{Builder, Register, Test};

use crate::rig::everywhere;

/// SYSLET-1: atoms run one after the other; behind the last is the end, and its value is the result.
#[test]
fn atoms_run_in_order() {
    everywhere(
        |p| {
            let n = p.register(1);
            p.add(n, 2);
            p.call(getppid()).value();
            p.add(n, 4);
        },
        |came| {
            assert_eq!(came.end(), (7, DoneFlags::NONE));
            let ran: Vec<_> = came.atoms().iter().map(|(atom, _, runs, _)| (*atom, *runs)).collect();
            assert_eq!(ran, [(0, 1), (1, 1), (2, 1)]);
        },
    );
}

/// Which of the tests pass for a value, and for the operand 5 where there is one: a bit each.
fn passed<'p>(p: &mut Builder<'p>, value: Register<'p>, five: Register<'p>) {
    let bits = p.register(0);
    let tests = [
        Test::zero(),
        Test::non_zero(),
        Test::negative(),
        Test::non_positive(),
        Test::equal(5),
        Test::less(5),
        Test::greater(five),
        Test::mask(five),
        Test::errno(&[libc::EPERM, libc::EEXIST, libc::ENOENT, libc::EINTR]),
        Test::error(),
        Test::equal(five).not(),
    ];
    for (bit, test) in tests.into_iter().enumerate() {
        p.when(value, test, |p| p.add(bits, 1_u64 << bit));
    }
    p.stop_if(bits, Test::zero());
}

/// SYSLET-2, SYSLET-3: each test passes for the values that it says, and no others; registers are what the submission says.
#[test]
fn tests_ask_what_they_say() {
    let of = |value: i64| {
        let error = (-4095..0).contains(&value);
        let answers = [
            value == 0,
            value != 0,
            value < 0,
            value <= 0,
            value == 5,
            value < 5,
            value > 5,
            value & 5 != 0,
            [libc::EPERM, libc::EEXIST, libc::ENOENT, libc::EINTR]
                .contains(&i32::try_from(value.wrapping_neg()).unwrap_or(0)),
            error,
            value != 5,
        ];
        answers.iter().enumerate().map(|(bit, answer)| i64::from(*answer) << bit).sum::<i64>()
    };
    for value in [0, 1, 2, 4, 5, 6, 8, -1, -2, -4, -17, -18, -4095, -4096, i64::MAX, i64::MIN] {
        everywhere(
            |p| {
                let value = p.register(value.cast_unsigned());
                let five = p.register(5);
                passed(p, value, five);
            },
            |came| assert_eq!(came.result, of(value), "{value}"),
        );
    }
}

/// SYSLET-4, SYSLET-5: a loop counts until its test says so, or until its budget is spent; the budget is exact.
#[test]
fn loops_end() {
    let counting = |budget: u32| {
        move |p: &mut Builder<'_>| {
            p.budget(budget);
            let n = p.register(0);
            p.repeat(|p| {
                p.call(getppid()).value();
                p.add(n, 1);
                p.break_if(n, Test::equal(100));
            });
            p.stop_if(n, Test::equal(100));
        }
    };
    // Three atoms a round, and one behind.
    let steps = 301;
    everywhere(counting(steps), |came| assert_eq!(came.end(), (100, DoneFlags::NONE)));
    let spent = (-i64::from(libc::ELOOP), DoneFlags::ENGINE_RESULT);
    everywhere(counting(steps - 1), |came| assert_eq!(came.end(), spent));
    everywhere(counting(1), |came| assert_eq!(came.end(), spent));
}

/// SYSLET-1: blocks nest, and what leaves a loop leaves the innermost.
#[test]
fn blocks_nest() {
    everywhere(
        |p| {
            let (outer, inner, odd) = (p.register(0), p.register(0), p.register(0));
            p.repeat(|p| {
                p.add(outer, 1);
                p.set(inner, 0);
                p.repeat(|p| {
                    p.add(inner, 1);
                    p.when_else(inner, Test::mask(1), |p| p.add(odd, 1), |p| p.add(odd, 0));
                    p.continue_if(inner, Test::less(7));
                    p.break_if(inner, Test::less(7).not());
                });
                p.break_if(outer, Test::equal(3));
            });
            p.stop_if(odd, Test::non_zero());
        },
        |came| assert_eq!(came.end(), (12, DoneFlags::NONE)),
    );
}

/// SYSLET-4: registers wrap.
#[test]
fn registers_wrap() {
    everywhere(
        |p| {
            let n = p.register(u64::MAX);
            p.add(n, 3);
            p.subtract(n, 5);
        },
        |came| assert_eq!(came.result, -3),
    );
}

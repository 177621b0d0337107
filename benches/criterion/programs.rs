//! What a program of calls costs beyond its calls: per atom, per step, and per program.
#![allow(unsafe_code, reason = "makes and pushes calls that take no address")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use syslet::program::build::calls::getppid;
use syslet::program::{Program, Test};
use syslet::syscalls::invoke;
use syslet::{Config, Engine, Params, Ring};

/// Atoms of a long program.
const ATOMS: usize = 128;
/// Rounds of a counting loop, of two steps each.
const ROUNDS: u64 = 10_000;

fn ring() -> Ring {
    let params = Params { submission_record_max: 16 << 10, ..Params::default() };
    Engine::start(Config::default().workers_max(0)).expect("an engine").ring(&params).expect("a ring")
}

/// Runs a program again and again, each helped by this thread.
fn run(ring: &mut Ring, program: &Program, count: u64) -> Duration {
    let begun = Instant::now();
    for _ in 0..count {
        // SAFETY: its calls take no address and change nothing.
        unsafe { ring.push_program(program) }.expect("accepted");
        ring.wait(1, None).expect("waited");
        black_box(ring.completions().count());
    }
    begun.elapsed()
}

fn plain(calls: usize) {
    let never = std::sync::atomic::AtomicU32::new(0);
    let nr = u32::try_from(libc::SYS_getppid).expect("a number");
    for _ in 0..calls {
        // SAFETY: getppid takes nothing and changes nothing.
        black_box(unsafe { invoke(&never, nr, &[0; 6]) });
    }
}

fn of_atoms(count: usize) -> Program {
    Program::build(|p| {
        (0..count).for_each(|_| {
            let _value = p.call(getppid()).value();
        })
    })
    .expect("a program")
}

fn counting() -> Program {
    let build = Program::build(|p| {
        let n = p.register(0);
        p.repeat(|p| {
            p.add(n, 1);
            p.break_if(n, Test::equal(ROUNDS));
        });
    });
    build.expect("a program")
}

fn programs(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("programs");
    let mut ring = ring();
    group.bench_function(format!("{ATOMS} getppid, plain"), |bencher| bencher.iter(|| plain(ATOMS)));
    for count in [1, ATOMS] {
        let program = of_atoms(count);
        group.bench_function(format!("{count} getppid, one program"), |bencher| {
            bencher.iter_custom(|count| run(&mut ring, &program, count));
        });
    }
    let program = counting();
    group.bench_function(format!("{ROUNDS} rounds of three steps"), |bencher| {
        bencher.iter_custom(|count| run(&mut ring, &program, count));
    });
    group.finish();
}

criterion_group!(benches, programs);
criterion_main!(benches);

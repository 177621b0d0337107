//! What a program of calls costs beyond its calls: per atom, per step, and per program.
#![allow(unsafe_code, reason = "makes and pushes calls whose addresses outlive them")]

use std::ffi::{CStr, CString};
use std::hint::black_box;
use std::io::Write as _;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use syslet::program::build::calls::{close, getppid, openat, read, statx};
use syslet::program::{Program, Test};
use syslet::syscalls::{Invoked, invoke};
use syslet::{Config, Engine, Params, Ring};

/// Atoms of a long program.
const ATOMS: usize = 128;
/// Rounds of a counting loop, of two steps each.
const ROUNDS: u64 = 10_000;

fn ring() -> Ring {
    let params = Params { submission_record_max: 16 << 10, ..Params::default() };
    Engine::start(Config::default().workers_max(0)).expect("an engine").ring(&params).expect("a ring")
}

/// Runs a program again and again, each run inline by this thread.
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
        black_box(unsafe { invoke(&never, nr, &[0; 6].into()) });
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

/// Opens a file, asks about it, reads 4 KiB and closes it.
fn of_file(path: &CStr) -> Program {
    let build = Program::build(|p| {
        let (path, empty) = (p.path(path), p.path(c""));
        let (about, buffer) = (p.scratch(256), p.scratch(4096));
        let file = p.call(openat(libc::AT_FDCWD, path, libc::O_RDONLY | libc::O_CLOEXEC, 0)).or_stop();
        p.call(statx(file, empty, libc::AT_EMPTY_PATH, libc::STATX_SIZE, about)).or_stop();
        p.call(read(file, buffer, 4096).storage()).or_stop();
        p.finally(close(file));
    });
    build.expect("a program")
}

/// The same by plain calls.
fn plain_file(path: &CStr, buffer: &mut [u8; 4352]) {
    let never = std::sync::atomic::AtomicU32::new(0);
    let ask = |nr: libc::c_long, args: [u64; 6]| {
        let nr = u32::try_from(nr).expect("a number");
        // SAFETY: the addresses are those of what outlives the call, with the lengths they have.
        match unsafe { invoke(&never, nr, &args.into()) } {
            Invoked::Result(result @ 0..) => result.cast_unsigned(),
            error => panic!("{error:?}"),
        }
    };
    let at = i64::from(libc::AT_FDCWD).cast_unsigned();
    let address = path.as_ptr().expose_provenance() as u64;
    let place = buffer.as_mut_ptr().expose_provenance() as u64;
    let empty = c"".as_ptr().expose_provenance() as u64;
    let flags = u64::from((libc::O_RDONLY | libc::O_CLOEXEC).cast_unsigned());
    let fd = ask(libc::SYS_openat, [at, address, flags, 0, 0, 0]);
    let size = u64::from(libc::STATX_SIZE);
    ask(libc::SYS_statx, [fd, empty, u64::from(libc::AT_EMPTY_PATH.cast_unsigned()), size, place, 0]);
    black_box(ask(libc::SYS_read, [fd, place + 256, 4096, 0, 0, 0]));
    ask(libc::SYS_close, [fd, 0, 0, 0, 0, 0]);
}

fn files(criterion: &mut Criterion) {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(&[7; 4096]).expect("written");
    let path = CString::new(file.path().as_os_str().as_encoded_bytes()).expect("a path");
    let mut group = criterion.benchmark_group("open-statx-read-close");
    let mut buffer = [0; 4352];
    group.bench_function("plain", |bencher| bencher.iter(|| plain_file(&path, &mut buffer)));
    let (mut ring, program) = (ring(), of_file(&path));
    group.bench_function("one program", |bencher| {
        bencher.iter_custom(|count| run(&mut ring, &program, count))
    });
    group.finish();
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
    group.bench_function(format!("{ROUNDS} rounds of two steps"), |bencher| {
        bencher.iter_custom(|count| run(&mut ring, &program, count));
    });
    group.finish();
}

criterion_group!(benches, programs, files);
criterion_main!(benches);

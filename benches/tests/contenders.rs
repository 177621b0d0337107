//! What every contender must do.

use std::cell::Cell;
use std::io::Write;
use std::os::fd::AsFd;
use std::sync::Arc;

use syslet_benches::call::{Lent, RawCall};
use syslet_benches::contender::{self, Contender, Direct, Engine, Style};
use syslet_benches::workload::{PipePingpong, PreadCached, PreadSafe, Workload};

const DEPTH: usize = 4;

/// Every contender that this machine has, prepared for `calls`.
fn all(calls: &[RawCall<'_>]) -> Vec<(&'static str, Box<dyn Contender>)> {
    let prepare = |kind: &contender::Kind| match (kind.prepare)(DEPTH, calls) {
        Ok(contender) => Some((kind.name, contender)),
        Err(reason) => {
            assert!(reason.starts_with("io_uring_setup: "), "{}: {reason}", kind.name);
            None
        }
    };
    contender::ALL.iter().filter_map(prepare).collect()
}

/// Calls that all give different results: reads of 1, 2, 3, … bytes.
fn reads<'a>(file: &'a std::fs::File, buffers: &'a [Vec<Cell<u8>>]) -> Vec<RawCall<'a>> {
    buffers.iter().map(|buffer| RawCall::pread(file.as_fd(), buffer, 0)).collect()
}

fn file_of(len: usize) -> std::fs::File {
    let mut file = tempfile::tempfile().expect("a file can be made");
    file.write_all(&vec![b'x'; len]).expect("the file takes bytes");
    file
}

fn buffers(count: usize) -> Vec<Vec<Cell<u8>>> {
    (1..=count).map(|len| vec![Cell::new(0); len]).collect()
}

#[test]
fn each_result_stands_at_its_calls_place() {
    let (file, buffers) = (file_of(10), buffers(10));
    let calls = reads(&file, &buffers);
    for (name, mut contender) in all(&calls) {
        buffers.iter().flatten().for_each(|byte| byte.set(0));
        let mut results = [0; 10];
        contender.run(&calls, &mut results).unwrap();
        assert_eq!(results, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], "{name}");
        assert!(buffers.iter().flatten().all(|byte| byte.get() == b'x'), "{name}: it did read");
    }
}

#[test]
fn each_latency_stands_at_its_calls_place() {
    let (file, buffers) = (file_of(3), buffers(3));
    let sleep = libc::timespec { tv_sec: 0, tv_nsec: 2_000_000 };
    let mut calls = reads(&file, &buffers);
    calls.push(RawCall::nanosleep(&sleep));
    for (name, mut contender) in all(&calls) {
        let (mut results, mut latencies_ns) = ([-1; DEPTH], [0; DEPTH]);
        contender.run_timed(&calls, &mut results, &mut latencies_ns).unwrap();
        assert_eq!(results, [1, 2, 3, 0], "{name}");
        assert!(latencies_ns[3] >= 2_000_000, "{name}: {latencies_ns:?}");
        assert!(latencies_ns.iter().all(|&latency| latency > 0), "{name}: {latencies_ns:?}");
    }
}

#[test]
fn lent_files_are_read_and_looked_at() {
    let mut workload = PreadSafe::prepare(DEPTH).unwrap();
    let batch = workload.batch(4 * DEPTH);
    for (name, mut contender) in all(&batch) {
        let mut results = vec![0; batch.len()];
        contender.run(&batch, &mut results).unwrap();
        assert!(results.iter().all(|&result| result == 4096), "{name}: {results:?}");
        batch.iter().filter_map(RawCall::lent).flat_map(|lent| &lent.buffer).for_each(|byte| byte.set(0));
    }
}

#[test]
fn bytes_that_are_not_those_asked_for_are_noticed() {
    let file = Arc::new(file_of(4096));
    let lent = Lent { file, buffer: vec![Cell::new(0); 16] };
    let batch = [RawCall::pread_lent(&lent, 8)];
    for (name, mut contender) in all(&batch) {
        let mut results = [0];
        contender.run(&batch, &mut results).unwrap();
        assert_eq!(results, [-i64::from(libc::EILSEQ)], "{name}");
    }
}

#[test]
fn every_depth_fits_the_ring_of_the_engine() {
    let styles = [Style::Inline, Style::Default, Style::NonBlocking, Style::Timing, Style::Workers(2)];
    for (depth, style) in [1, 32, 128, 1024].into_iter().flat_map(|depth| styles.map(|style| (depth, style)))
    {
        let workloads: [Box<dyn Workload>; 2] = [
            Box::new(PreadCached::prepare(depth, 4096).unwrap()),
            Box::new(PreadSafe::prepare(depth).unwrap()),
        ];
        for mut workload in workloads {
            let batch = workload.batch(depth);
            let mut results = vec![0; depth];
            Engine::prepare(depth, &batch, style).unwrap().run(&batch, &mut results).unwrap();
            assert!(results.iter().all(|&result| result == 4096), "{style:?}, depth {depth}: {results:?}");
        }
    }
}

#[test]
fn each_read_follows_the_write_it_waits_for() {
    for depth in [1, 3, 8] {
        let mut workload = PipePingpong::prepare(depth).unwrap();
        let batch = workload.batch(2 * depth);
        let names: Vec<&str> = batch.iter().map(RawCall::name).collect();
        assert_eq!(names, ["write", "read"].repeat(depth));
        let mut results = vec![0; batch.len()];
        Direct.run(&batch, &mut results).unwrap();
        assert_eq!(results, vec![1; batch.len()]);
    }
}

//! What each attribute adds to a call, and the table of it for `specs/attributes.md`.
#![allow(unsafe_code, reason = "pushes calls whose buffer lives as long as the ring")]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::File;
use std::hint::black_box;
use std::os::fd::AsRawFd;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use criterion::Criterion;
use nix::time::{ClockId, clock_gettime};
use nix::unistd::geteuid;
use syslet::attrs::{
    ChecksumAsk, CpuMask, Credentials, Cwd, DeadlineAsked, IoClass, IoPriority, LaneAsk, Nice, Policy,
    Priority, RetryAsk, RetryOn, Scheduling, TimerSlack, TraceValue, Umask,
};
use syslet::{
    AttributeFlags, AttributeId, Config, Engine, Params, Ring, Status, Submission, SubmissionBuilder,
};

const BYTES: usize = 4096;
/// What clocks are read for comparison: the unit in which TIMING's limit is written.
const CLOCK: &str = "clock_gettime";
const NONE: &str = "none";

/// A directory to work in.
static ROOT: LazyLock<File> = LazyLock::new(|| File::open("/").expect("it can be opened"));

/// Nanoseconds for one call, each sample's mean, by call and attribute.
type Samples = RefCell<BTreeMap<(&'static str, &'static str), Vec<f64>>>;

/// Makes one call after the other, each run inline by this thread, which waits for it.
fn calls(ring: &mut Ring, submission: &Submission, count: u64) -> Duration {
    let begun = Instant::now();
    for _ in 0..count {
        // SAFETY: the only address is that of a buffer that outlives the ring.
        unsafe { ring.push(submission) }.expect("accepted");
        ring.submit_and_wait(1).expect("waited");
        black_box(ring.completions().count());
    }
    begun.elapsed()
}

/// Whether the attribute says something of this call.
fn is_handled(ring: &mut Ring, submission: &Submission, id: AttributeId) -> bool {
    // SAFETY: as in `calls`.
    unsafe { ring.push(submission) }.expect("accepted");
    ring.submit_and_wait(1).expect("waited");
    let done = ring.completions().next().expect("one completion");
    done.attribute(id).is_some_and(|answer| answer.status == Status::HANDLED)
}

/// What to ask with: what is in force anyway, so that nothing needs privilege.
fn payload(id: AttributeId) -> Vec<u8> {
    let credentials = || Credentials { fsuid: Some(geteuid().as_raw()), ..Credentials::default() };
    match id {
        AttributeId::DEADLINE => DeadlineAsked::After(60_000_000_000).emit().to_vec(),
        AttributeId::TRACE => TraceValue { id: 7 }.payload().to_vec(),
        AttributeId::PRIORITY => Priority::payload(5).to_vec(),
        AttributeId::LANE => LaneAsk { id: 7, limit: 1 }.payload().to_vec(),
        AttributeId::CHECKSUM => ChecksumAsk::default().payload().to_vec(),
        AttributeId::NICE => Nice::payload(0).to_vec(),
        AttributeId::SCHED => Scheduling { policy: Policy::OTHER, priority: 0 }.payload().to_vec(),
        AttributeId::IOPRIO => IoPriority { class: IoClass::BEST_EFFORT, level: 4 }.payload().to_vec(),
        AttributeId::AFFINITY => CpuMask::of(0..1024).payload(),
        AttributeId::CREDENTIALS => credentials().payload(),
        AttributeId::CWD => Cwd::payload(ROOT.as_raw_fd()).to_vec(),
        AttributeId::UMASK => Umask::payload(0o022).to_vec(),
        AttributeId::TIMER_SLACK => TimerSlack::payload(50_000).to_vec(),
        AttributeId::RETRY => RetryAsk { on: RetryOn::SHORT, ..RetryAsk::default() }.payload().to_vec(),
        _ => Vec::new(),
    }
}

fn attributes(criterion: &mut Criterion, samples: &Samples) {
    let file = File::open(std::env::current_exe().expect("this program")).expect("it can be read");
    let mut buffer = vec![0_u8; BYTES];
    let engine = Engine::start(Config::default()).expect("an engine");
    let mut ring = engine.ring(&Params::default()).expect("a ring");
    let address = buffer.as_mut_ptr().expose_provenance() as u64;
    let pread = Submission::call(libc::SYS_pread64).int(file.as_raw_fd().into()).value(address);
    let pread = pread.value(BYTES as u64).value(0);
    let columns = [("getpid", Submission::call(libc::SYS_getpid)), ("pread64", pread)];
    for (call, plain) in columns {
        one(criterion, samples, (call, NONE), &mut ring, &plain.clone().build());
        let known = engine.attributes().map(|attribute| (attribute.id(), attribute.name()));
        for (id, name) in known.filter(|(id, _)| *id != AttributeId::DATA) {
            let asked: SubmissionBuilder = plain.clone().attribute(id, AttributeFlags::NONE, &payload(id));
            let asked = asked.build();
            if is_handled(&mut ring, &asked, id) {
                one(criterion, samples, (call, name), &mut ring, &asked);
            }
        }
    }
}

fn one(
    criterion: &mut Criterion,
    samples: &Samples,
    (call, attribute): (&'static str, &'static str),
    ring: &mut Ring,
    submission: &Submission,
) {
    criterion.bench_function(&format!("{call}/{attribute}"), |bencher| {
        bencher.iter_custom(|count| {
            let elapsed = calls(ring, submission, count);
            note(samples, (call, attribute), elapsed, count);
            elapsed
        });
    });
}

fn clock(criterion: &mut Criterion, samples: &Samples) {
    criterion.bench_function(CLOCK, |bencher| {
        bencher.iter_custom(|count| {
            let begun = Instant::now();
            for _ in 0..count {
                let _now = black_box(clock_gettime(ClockId::CLOCK_MONOTONIC));
            }
            let elapsed = begun.elapsed();
            note(samples, (CLOCK, NONE), elapsed, count);
            elapsed
        });
    });
}

fn note(samples: &Samples, key: (&'static str, &'static str), elapsed: Duration, count: u64) {
    #[allow(clippy::cast_precision_loss, reason = "a few digits are shown")]
    let mean_ns = elapsed.as_nanos() as f64 / count as f64;
    samples.borrow_mut().entry(key).or_default().push(mean_ns);
}

/// Half of the samples are below it.
fn median(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Prints the table, if all of it was measured.
fn table(samples: &Samples) {
    let samples = samples.borrow();
    let of = |call, name| samples.get(&(call, name)).map(|samples| median(samples));
    let (Some(getpid), Some(pread), Some(clock)) = (of("getpid", NONE), of("pread64", NONE), of(CLOCK, NONE))
    else {
        return;
    };
    println!("\n| asked for | getpid | pread64 of 4 KiB, non-blocking |\n|---|---:|---:|");
    println!("| nothing | {getpid:.0} | {pread:.0} |");
    let mut names: Vec<_> = samples.keys().map(|(_, name)| *name).filter(|name| *name != NONE).collect();
    names.sort_unstable();
    names.dedup();
    let more =
        |cost: Option<f64>, base| cost.map_or_else(|| "–".to_owned(), |cost| format!("+{:.0}", cost - base));
    for name in names {
        let (instant, read) = (more(of("getpid", name), getpid), more(of("pread64", name), pread));
        println!("| {} | {instant} | {read} |", name.to_uppercase());
    }
    println!("\nOne clock_gettime: {clock:.0} ns.");
}

fn main() {
    let mut criterion = Criterion::default()
        .configure_from_args()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    let samples = Samples::default();
    clock(&mut criterion, &samples);
    attributes(&mut criterion, &samples);
    criterion.final_summary();
    table(&samples);
}

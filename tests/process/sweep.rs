//! Calls by number alone: numbers and arguments at random, in a process with nothing to lose.
#![allow(unsafe_code, reason = "pushes calls at random; makes the process that may be lost")]

use std::collections::BTreeSet;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use fastrand::Rng;
use nix::errno::Errno;
use nix::unistd::geteuid;
use syslet::syscalls::{ArgType, Class, Memory, Row, row, rows};
use syslet::{CallFlags, Config, Engine, Params, Refused, Ring, Submission};
use syslet_tests::enclosed::{enclose, give_up_privileges};

/// Set in the process that may be lost: the seed, which SYSLET_SEED gives, if it is set.
const SEED: &str = "SYSLET_SWEEP_SEED";
/// How the process ends in which all went well.
const SWEPT: i32 = 42;
const SUBMISSIONS: usize = 10_000;
const NUMBERS: u32 = 600;
const PATIENCE: Duration = Duration::from_secs(1);
const MOMENT: Duration = Duration::from_millis(200);

/// Left out although the row does not say why.
const LEFT_OUT: [(&str, &str); 3] = [
    ("alarm", "a signal, later"),
    ("setitimer", "a signal, later"),
    ("sync", "it writes back what the whole machine has written"),
];

/// Why a call is left out, if it is.
fn why_left_out(row: &Row) -> Option<&'static str> {
    if row.memory != Memory::Kept {
        return Some("it changes memory");
    }
    if row.args.iter().any(|arg| arg.ty == ArgType::Signal) {
        return Some("it sends signals, or says what they do");
    }
    let may_sleep = row.class == Class::Sleeps || row.when.iter().any(|when| when.class == Class::Sleeps);
    if may_sleep {
        return Some("it may sleep for ever");
    }
    LEFT_OUT.iter().find(|(name, _)| *name == row.name).map(|(_, why)| *why)
}

/// ENGINE-31: 10,000 calls with numbers from 0 to 600 and any arguments neither hang nor kill the engine; each that is
/// accepted ends once, and closing ends what still runs or names it.
#[test]
fn a_sweep_over_all_numbers() {
    if let Some(seed) = std::env::var_os(SEED) {
        let seed = seed.to_str().and_then(|seed| seed.parse().ok()).expect("a number");
        sweep(seed);
        // Its output may be closed, so that the code has to say it.
        std::process::exit(SWEPT);
    }
    if !geteuid().is_root() {
        println!("skipped: a PID namespace of its own needs the superuser");
        return;
    }
    let left_out: Vec<_> = rows().iter().filter_map(|row| Some((row.name, why_left_out(row)?))).collect();
    for (name, why) in &left_out {
        println!("left out: {name}: {why}");
    }
    assert!(left_out.len() < 150, "{} left out", left_out.len());
    let seed: u64 = std::env::var("SYSLET_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(20_130_117);
    let mut command = Command::new(std::env::current_exe().expect("this test has a file"));
    command.args(["--exact", "a_sweep_over_all_numbers", "--nocapture", "--test-threads=1"]);
    command.env(SEED, format!("{seed}")).stdin(Stdio::null());
    // SAFETY: calls only functions that a forked child may call.
    unsafe { command.pre_exec(enclose) };
    let output = command.output().expect("started");
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(SWEPT), "seed {seed}: {}\n{said}", output.status);
}

/// An argument that is no address of this process.
fn argument(rng: &mut Rng) -> u64 {
    match rng.u8(..6) {
        0 => 0,
        1 => rng.u64(..20),
        2 => u64::MAX - rng.u64(..4),
        3 => 1 << rng.u8(..32),
        4 => rng.u32(..).into(),
        _ => rng.u64(..) | 1 << 63,
    }
}

fn submission(rng: &mut Rng, nr: u32, user_data: u64) -> Submission {
    let flags = *rng.choice(&[CallFlags::NONE, CallFlags::ASYNC, CallFlags::PRIVATE]).expect("one of them");
    let most = row(nr).map_or(6, |row| row.args.len());
    let builder = Submission::call(i64::from(nr)).flags(flags).user_data(user_data);
    let builder = if rng.u8(..8) == 0 { builder.timing() } else { builder };
    (0..rng.usize(..=most)).fold(builder, |builder, _| builder.value(argument(rng))).build()
}

/// What came of the sweep.
#[derive(Default)]
struct Swept {
    /// Accepted and not over.
    open: BTreeSet<u64>,
    accepted: u64,
    errors: BTreeSet<i64>,
}

impl Swept {
    fn take(&mut self, ring: &mut Ring) {
        for done in ring.completions() {
            assert!(self.open.remove(&done.user_data()), "{} has ended twice", done.user_data());
            if let Err(errno) = done.result().decode() {
                self.errors.insert(errno.0.into());
            }
        }
    }
}

fn sweep(seed: u64) {
    give_up_privileges();
    let mut rng = Rng::with_seed(seed);
    let engine = Engine::start(Config::default().workers_max(64)).expect("an engine");
    let mut ring = engine.ring(&Params::default()).expect("a ring");
    let mut swept = Swept::default();
    let mut tried = 0;
    while tried < SUBMISSIONS {
        let (nr, user_data) = (rng.u32(..NUMBERS), tried as u64);
        if row(nr).is_some_and(|row| why_left_out(row).is_some()) {
            continue;
        }
        let submission = submission(&mut rng, nr, user_data);
        tried += 1;
        if push(&mut ring, &submission, &mut swept).is_ok() {
            swept.accepted += 1;
            swept.open.insert(user_data);
        }
        if tried % 16 == 0 {
            ring.submit();
            ring.wait(1, Some(MOMENT)).expect("waited");
            swept.take(&mut ring);
        }
    }
    finish(&engine, &mut ring, &mut swept);
}

/// Pushes, after room was made if there is none.
fn push(ring: &mut Ring, submission: &Submission, swept: &mut Swept) -> Result<(), Refused> {
    for _ in 0..100 {
        // SAFETY: no argument is an address of this process, and what the calls do to it beside that ends with it.
        match unsafe { ring.push(submission) } {
            Err(refused) if refused.is_full() => {
                ring.submit_and_wait(1).expect("waited");
                swept.take(ring);
            }
            pushed => return pushed.map(|_ticket| ()),
        }
    }
    panic!("calls hang: {:?}", swept.open);
}

fn finish(engine: &Engine, ring: &mut Ring, swept: &mut Swept) {
    let last = u64::MAX;
    let getpid = Submission::call(libc::SYS_getpid).flags(CallFlags::ASYNC).user_data(last).build();
    swept.open.insert(last);
    ring.push_safe(&getpid).expect("the engine lives");
    ring.submit();
    while swept.open.contains(&last) {
        ring.wait(1, None).expect("waited");
        swept.take(ring);
    }
    let running: BTreeSet<u64> = match engine.close(PATIENCE) {
        Ok(()) => BTreeSet::new(),
        Err(unfinished) => unfinished.calls.iter().map(|call| call.user_data).collect(),
    };
    swept.take(ring);
    assert!(swept.open.is_subset(&running), "{:?} have not ended, {running:?} are named", swept.open);
    assert!(swept.accepted > SUBMISSIONS as u64 / 2, "{} accepted", swept.accepted);
    assert!(
        swept.errors.contains(&i64::from(libc::ENOSYS)) && swept.errors.contains(&(Errno::EFAULT as i64))
    );
    assert!(swept.errors.len() > 10, "{:?}", swept.errors);
}

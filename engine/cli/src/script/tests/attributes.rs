//! Attributes of statements.

use syslet::attrs::{
    CpuMask, Credentials, Cwd, IoClass, IoPriority, LaneAsk, Nice, Policy, Priority, RetryAsk, RetryOn,
    Scheduling, TimerSlack, Umask,
};

use super::{plan, refused};

/// SCRIPT-25: an attribute is asked for by name, `!` makes it REQUIRED.
#[test]
fn attributes() {
    let plan = plan("getpid() @timing\ngetpid()@timing!\ngetpid() @timing()");
    let required: Vec<bool> = plan.steps.iter().map(|step| step.asks[0].flags.is_required()).collect();
    assert_eq!(required, [false, true, false]);
    assert_eq!(plan.steps[0].asks[0].id, syslet::AttributeId::TIMING);
}

/// SCRIPT-25: unknown ones, `data`, a second of the same name and a value that has no use are errors.
#[test]
fn attributes_that_are_wrong() {
    refused("getpid() @timimg", "timimg", "nearest known name is `timing`");
    refused("getpid() @data", "data", "cannot be asked for");
    refused("getpid() @timing @timing!", "timing", "asked for twice");
    refused("getpid() @timing(5ms)", "5ms", "takes no value");
    refused("getpid() @timing(a=1, b=\"x\")", "1", "takes no value");
    refused("getpid() @timing(5)!", "!", "right behind the attribute's name");
    refused("getpid() @", "", "the name of an attribute");
    refused("getpid() @timing(a=)", ")", "a number, a word or a string");
}

/// SCRIPT-25: payloads: a checksum if one is expected, a trace always, none for others.
#[test]
fn attributes_with_values() {
    let plan = plan(
        "getpid() @checksum @trace(7) @cache\ngetpid() @checksum!(0xe3069283) @usage @io @blocked @counters",
    );
    let payloads =
        |step: usize| plan.steps[step].asks.iter().map(|ask| ask.payload.clone()).collect::<Vec<_>>();
    assert_eq!(payloads(0), [vec![], 7_u64.to_ne_bytes().to_vec(), vec![]]);
    let expected = [1_u32, 0xe306_9283].map(u32::to_ne_bytes).concat();
    assert_eq!(payloads(1), [expected, vec![], vec![], vec![], vec![]]);
    refused("getpid() @trace", "trace", "wants a number");
    refused("getpid() @trace()", "trace", "wants a number");
    refused("getpid() @trace(-1)", "-1", "-1 is not a number of 64 bits");
    refused("getpid() @trace(1, 2)", "2", "takes one number");
    refused("getpid() @trace(id=1)", "1", "without a key");
    refused("getpid() @trace(5ms)", "5ms", "takes a number");
    refused("getpid() @checksum(0x100000000)", "0x100000000", "is not a checksum of 32 bits");
    refused("getpid() @cache(1)", "1", "takes no value");
    let late = super::plan("getpid() @deadline(50ms)");
    assert_eq!(late.steps[0].asks[0].payload, syslet::attrs::DeadlineAsked::After(50_000_000).emit());
    refused("getpid() @deadline", "deadline", "wants a time");
    refused("getpid() @deadline(50)", "50", "takes a time");
    refused("getpid() @deadline(5KiB)", "5KiB", "takes a time");
}

/// SCRIPT-43: payloads of attributes that change the way in which their call is made.
#[test]
fn attributes_that_act() {
    let payload = |text: &str| plan(&format!("getpid() {text}")).steps[0].asks[0].payload.clone();
    assert_eq!(payload("@nice(-5)"), Nice::payload(-5));
    let sched = |policy, priority| Scheduling { policy, priority }.payload();
    assert_eq!(payload("@sched(batch)"), sched(Policy::BATCH, 0));
    assert_eq!(payload("@sched(fifo, priority=7)"), sched(Policy::FIFO, 7));
    let ioprio = |class, level| IoPriority { class, level }.payload();
    assert_eq!(payload("@ioprio(idle)"), ioprio(IoClass::IDLE, 0));
    assert_eq!(payload("@ioprio(best_effort, level=3)"), ioprio(IoClass::BEST_EFFORT, 3));
    assert_eq!(payload("@affinity(1)"), CpuMask::of([1]).payload());
    assert_eq!(payload("@affinity(0, 0x41)"), CpuMask::of([0, 65]).payload());
    assert_eq!(payload("@priority(-5)"), Priority::payload(-5));
    assert_eq!(payload("@lane(7, limit=2)"), LaneAsk { id: 7, limit: 2 }.payload());
    let creds = Credentials { fsuid: Some(1), fsgid: Some(2), groups: Some(vec![3, 4]) };
    assert_eq!(payload("@creds(uid=1, gid=2, group=3, group=4)"), creds.payload());
    let none = Credentials { groups: Some(Vec::new()), ..Credentials::default() };
    assert_eq!(payload("@creds(groups=none)"), none.payload());
    assert_eq!(payload("@cwd(7)"), Cwd::payload(7));
    assert_eq!(payload("@umask(0o77)"), Umask::payload(0o77));
    assert_eq!(payload("@timer_slack(1ms)"), TimerSlack::payload(1_000_000));
    let all = RetryOn::INTERRUPTED.with(RetryOn::AGAIN).with(RetryOn::SHORT);
    assert_eq!(payload("@retry"), RetryAsk { on: all, ..RetryAsk::default() }.payload());
    let eagain = RetryAsk { on: RetryOn::AGAIN, attempts: 3, time_ns: 1_000_000_000, pause_ns: 2_000 };
    assert_eq!(payload("@retry(eagain, attempts=3, time=1s, pause=2us)"), eagain.payload());
}

/// SCRIPT-43: their faults.
#[test]
fn attributes_that_act_and_are_wrong() {
    refused("getpid() @nice", "nice", "asked in another way");
    refused("getpid() @nice(soft)", "soft", "a number is wanted");
    refused("getpid() @nice(0x100000000)", "0x100000000", "does not fit 32 bits");
    refused("getpid() @priority", "priority", "asked in another way");
    refused("getpid() @priority(1001)", "1001", "from -1000 to 1000");
    refused("getpid() @lane", "lane", "asked in another way");
    refused("getpid() @lane(7)", "lane", "asked in another way");
    refused("getpid() @lane(limit=2)", "lane", "asked in another way");
    refused("getpid() @lane(7, 2)", "2", "wants a key");
    refused("getpid() @lane(7, limt=2)", "limt", "nearest known name is `limit`");
    refused("getpid() @lane(7, limit=0)", "0", "at least 1");
    refused("getpid() @lane(-1, limit=1)", "-1", "does not fit 64 bits");
    refused("getpid() @sched(bach)", "bach", "nearest known name is `batch`");
    refused("getpid() @sched(rr, priorty=1)", "priorty", "nearest known name is `priority`");
    refused("getpid() @ioprio(idle, 3)", "3", "wants a key");
    refused("getpid() @affinity", "affinity", "asked in another way");
    refused("getpid() @affinity(1024)", "1024", "from 0 to 1023");
    refused("getpid() @creds()", "creds", "asked in another way");
    refused(
        "getpid() @creds(user=1)",
        "user",
        "unknown key `user`; known are `uid`, `gid`, `group`, `groups`",
    );
    refused("getpid() @sched(quickly)", "quickly", "known are `other`, `fifo`, `rr`, `batch`, `idle`");
    refused("getpid() @nice(99)", "99", "from -20 to 19");
    refused("getpid() @sched(fifo)", "fifo", "from 1 to 99");
    refused("getpid() @sched(fifo, priority=500)", "500", "from 1 to 99");
    refused("getpid() @ioprio(real_time, level=9)", "9", "from 0 to 7");
    refused("getpid() @creds(uid=4294967295)", "4294967295", "from 0 to 4294967294");
    refused("getpid() @umask(0o7777)", "0o7777", "from 0 to 0o777");
    refused("getpid() @cwd(\"/\")", "\"/\"", "takes the descriptor");
    refused("getpid() @affinity(99999)", "99999", "from 0 to 1023");
    refused("getpid() @creds(uid=-1)", "-1", "does not fit 32 bits");
    refused("getpid() @cwd(dir)", "dir", "no statement above is named `dir`");
    refused("getpid() @timer_slack(5)", "5", "a time is wanted");
    refused("getpid() @retry(enoent)", "enoent", "unknown word");
    refused("getpid() @retry(time=5)", "5", "a time is wanted");
}

/// SCRIPT-43, SCRIPT-18: a call in the directory that another statement opens waits for it, and closing waits for the
/// call.
#[test]
fn a_directory_is_waited_for() {
    let plan = plan("dir = openat(AT_FDCWD, \"/\", O_RDONLY)\ngetpid() @cwd(dir)\nclose(dir)");
    let waits = |step: usize| {
        plan.steps[step].waits.iter().map(|wait| (wait.step, wait.must_succeed)).collect::<Vec<_>>()
    };
    assert_eq!((waits(1), waits(2)), (vec![(0, true)], vec![(0, true), (1, false)]));
    refused(
        "d = openat(AT_FDCWD, \"/\", O_RDONLY)\nclose(d)\ngetpid() @cwd(d)",
        "d",
        "closes this descriptor",
    );
}

/// SCRIPT-26: units are known by name, and the product fits 64 bits.
#[test]
fn units() {
    for text in ["1ns", "2us", "3ms", "4s", "5KiB", "6MiB", "17179869183GiB"] {
        refused(&format!("getpid() @timing({text})"), text, "takes no value");
    }
    refused("getpid() @timing(5min)", "5min", "unknown unit `min`");
    refused("getpid() @timing(17179869184GiB)", "17179869184GiB", "more than 2^64-1 bytes");
    refused("getpid() @timing(18446744074s)", "18446744074s", "more than 2^64-1 nanoseconds");
    refused("getpid() @timing(-5ms)", "-5ms", "cannot be negative");
}

/// SCRIPT-76: `default` gives the statements below it attributes, groups among them; a statement that writes one itself has its own.
#[test]
fn defaults() {
    let plan = plan(concat!(
        "getpid()\ndefault @timing @deadline(1s)\ngetpid()\ngetpid() @deadline(2s)\ndefault @deadline(3s)\n",
        "getpid()\nsyslet { getpid() }\ndefault = getppid()",
    ));
    let asked = |step: usize| {
        let asks = plan.steps[step].asks.iter();
        asks.map(|ask| (ask.name, ask.payload.first().copied())).map(|(name, _)| name).collect::<Vec<_>>()
    };
    assert_eq!(asked(0), Vec::<&str>::new());
    assert_eq!(asked(1), ["timing", "deadline"]);
    assert_eq!(asked(2), ["deadline", "timing"]);
    assert_eq!([3, 4, 5].map(asked), [["timing", "deadline"]; 3]);
    let deadline = |step: usize| {
        let found = plan.steps[step].asks.iter().find(|ask| ask.name == "deadline");
        found.map(|ask| ask.payload.clone()).expect("it has one")
    };
    assert_ne!(deadline(1), deadline(2));
    assert_ne!(deadline(1), deadline(3));
    refused("default @nosuch", "nosuch", "unknown attribute");
    refused("default @timing x", "x", "nothing behind attributes");
    refused("default()", "default", "the table has no call `default`");
    refused("default @deadline(1)\ngetpid()", "1", "takes a time");
}

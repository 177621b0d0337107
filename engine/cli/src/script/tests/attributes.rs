//! What is asked of a call besides itself.

use super::{plan, refused};

/// SCRIPT-25: an attribute is asked for by name, `!` makes it REQUIRED.
#[test]
fn attributes() {
    let plan = plan("getpid() @timing\ngetpid()@timing!\ngetpid() @timing()");
    let required: Vec<bool> = plan.steps.iter().map(|step| step.asks[0].flags.is_required()).collect();
    assert_eq!(required, [false, true, false]);
    assert_eq!(plan.steps[0].asks[0].id, syslet::AttributeId::TIMING);
}

/// SCRIPT-25: unknown ones, `data`, a second of the same name and a value nobody wants are errors.
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

/// SCRIPT-25: what an attribute is asked with: a checksum if one is expected, a trace always, nothing of others.
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

/// SCRIPT-26: units are known by name, and what they come to fits 64 bits.
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

/// SCRIPT-25: attributes that change how their call is made, with what each takes; what is wrong with one is pointed at.
#[test]
fn acting_attributes() {
    let asked = [
        "@nice(-5)",
        "@sched(batch)",
        "@sched(fifo, priority=1)",
        "@ioprio(idle)",
        "@ioprio(best_effort, level=7)",
        "@affinity(1)",
        "@creds(uid=1000, gid=1000)",
        "@creds(gid=1000)",
        "@cwd(3)",
        "@umask(0o77)",
        "@timer_slack(1ms)",
        "@retry(eintr, short)",
    ];
    let registry = syslet::attrs::Registry::built_in();
    let call = syslet::attrs::CallFacts {
        nr: 0,
        args: [0; 6],
        out_len: 0,
        nature: syslet::attrs::Nature::TRANSFERS,
    };
    for text in asked {
        let ask = plan(&format!("read(0, out(4), 4) {text}")).steps[0].asks[0].clone();
        let known = registry.get(ask.id).expect("it is known");
        assert!(known.check(&ask.payload, &call).is_ok(), "{text}");
    }
    refused("getpid() @nice", "nice", "another way");
    refused("getpid() @nice(1, 2)", "nice", "another way");
    refused("getpid() @umask(-1)", "-1", "beyond what there is");
    refused("getpid() @sched(bach)", "bach", "has no `bach`");
    refused("getpid() @sched(batch, idle)", "sched", "another way");
    refused("getpid() @creds(uid=1, gip=2)", "creds", "another way");
    refused("getpid() @timer_slack(5)", "timer_slack", "another way");
    refused("getpid() @retry()", "retry", "another way");
}

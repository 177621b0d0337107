//! Bytes that somebody else has written: what checks them and what puts them into words never panics, and what was
//! accepted can be looked at whole and written again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use syslet::abi::{Call, Cancel, Done, Glance, Limits, Params, Program, RawResult, Returns};
use syslet::attrs::{
    Affinity, AtomsValue, BlockedValue, CacheValue, ChecksumValue, CountersValue, DeadlineAsked,
    DeadlineValue, IoValue, Ioprio, LaneAsk, LaneValue, Nice, Priority, PriorityValue, RetryAsk, RetryValue,
    Sched, TimerSlack, TimingValue, TraceValue, UsageValue, WorkerValue,
};
use syslet::syscalls::decode::{Answer, Decoder, escaped, quoted};
use syslet::{AttributeId, DoneFlags};

const LIMITS: Limits = Limits { record_bytes_max: 4096, out_bytes_max: 65_536 };

fuzz_target!(|bytes: &[u8]| {
    let decoder = Decoder::default().shown_bytes(bytes.first().map_or(0, |byte| usize::from(*byte)));
    submissions(bytes, &decoder);
    completions(bytes, &decoder);
    attributes(bytes);
    if let Ok(params) = Params::parse(bytes) {
        assert_eq!(Params::parse(&params.emit()), Ok(params));
    }
    let _words = (escaped(bytes), quoted(bytes, 20));
});

fn submissions(bytes: &[u8], decoder: &Decoder) {
    match Call::check(bytes, &LIMITS) {
        Ok(call) => {
            let data = call.data().len();
            let asked: usize = call.asks().map(|ask| ask.payload.len()).sum();
            assert!(data <= bytes.len() && asked <= bytes.len());
            (0..call.argc()).for_each(|index| drop(decoder.argument(&call, index, None)));
        }
        Err(fault) => drop(decoder.refused(bytes, &fault)),
    }
    match Program::check(bytes, &LIMITS) {
        Ok(program) => {
            let lens: usize = program.atoms().map(|atom| atom.len()).sum();
            assert!(lens <= bytes.len() && program.atoms().count() == program.atom_count());
        }
        Err(fault) => drop(decoder.refused(bytes, &fault)),
    }
    if let Ok(cancel) = Cancel::check(bytes) {
        assert_eq!(Cancel::check(&cancel.emit()), Ok(cancel));
    }
    let answer = Answer { result: RawResult(-2), flags: DoneFlags::NONE, data: Some(bytes) };
    let _words = (decoder.record(bytes), decoder.answered(bytes, &answer), decoder.atoms(bytes));
    if let Some(glance) = Glance::of(bytes) {
        let _seen =
            (glance.registers().count(), glance.data().len(), glance.atoms().count(), glance.area_len());
    }
}

fn completions(bytes: &[u8], decoder: &Decoder) {
    let Ok(done) = Done::check(bytes) else { return };
    assert!(done.returns().map(|answer| answer.value.len()).sum::<usize>() <= bytes.len());
    let answer = Answer::of(&done);
    let _words = (decoder.value(answer.result, answer.flags), done.attribute(AttributeId::DATA).is_some());
}

/// Payloads and values.
fn attributes(bytes: &[u8]) {
    if let Ok(asked) = DeadlineAsked::parse(bytes) {
        assert_eq!(DeadlineAsked::parse(&asked.emit()), Ok(asked));
        let _instant = asked.instant(bytes.len() as u64);
    }
    if let Ok(asked) = RetryAsk::parse(bytes) {
        assert_eq!(RetryAsk::parse(&asked.payload()), Ok(asked));
    }
    if let Some(asked) = LaneAsk::parse(bytes) {
        assert_eq!(LaneAsk::parse(&asked.payload()), Some(asked));
    }
    if let Some(value) = AtomsValue::parse(bytes) {
        value.entries().for_each(|entry| assert!(entry.returns().count() <= bytes.len()));
    }
    let _returns = Returns::of(bytes).map(Iterator::count);
    let _plain = (Affinity::parse(bytes), Nice::parse(bytes), Sched::parse(bytes), Ioprio::parse(bytes));
    let _counted = (CountersValue::parse(bytes), UsageValue::parse(bytes), IoValue::parse(bytes));
    let _seen = (CacheValue::parse(bytes), BlockedValue::parse(bytes), ChecksumValue::parse(bytes));
    let _times = (TimingValue::parse(bytes), DeadlineValue::parse(bytes), TimerSlack::parse(bytes));
    let _order = (Priority::parse(bytes), PriorityValue::parse(bytes), LaneValue::parse(bytes));
    let _made = (RetryValue::parse(bytes), TraceValue::parse(bytes), WorkerValue::parse(bytes));
}

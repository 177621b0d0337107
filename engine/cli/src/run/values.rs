//! The values of attributes by name, for reports and the probe.

use syslet::abi::Return;
use syslet::attrs::{
    Affinity, BlockedValue, CacheValue, ChecksumValue, CountersValue, DeadlineValue, IoClass, IoValue,
    Ioprio, LaneValue, Nice, Policy, PriorityValue, RetryValue, Sched, TimerSlack, TimingValue, TraceValue,
    UsageValue, WorkerValue,
};
use syslet::{AttributeId, Status};

use crate::measure::Measure;
use crate::plan::Ask;
use crate::report::Answered;

type Values = Vec<(&'static str, Measure)>;

/// The returns of the attributes that were asked for.
pub(crate) fn answered<'a>(
    asks: &[Ask],
    returned: impl Fn(AttributeId) -> Option<Return<'a>>,
) -> Vec<Answered> {
    let one = |ask: &Ask| {
        let returned = returned(ask.id)?;
        let values = values(ask.id, returned.status, returned.value);
        Some(Answered { name: ask.name, status: returned.status, values })
    };
    asks.iter().filter_map(one).collect()
}

/// The values in an attribute's return; none under a status without a value.
pub(crate) fn values(id: AttributeId, status: Status, value: &[u8]) -> Values {
    if !matches!(status, Status::HANDLED | Status::MISMATCH) {
        return Values::new();
    }
    let found = match id {
        AttributeId::TIMING => TimingValue::parse(value).map(timing),
        AttributeId::WORKER => WorkerValue::parse(value).map(worker),
        AttributeId::CACHE => CacheValue::parse(value).map(|it| {
            vec![("verdict", it.verdict.name().into()), ("evidence", Measure::words(&it.evidence))]
        }),
        AttributeId::USAGE => UsageValue::parse(value).map(usage),
        AttributeId::IO => IoValue::parse(value)
            .map(|it| vec![("read_bytes", it.read_bytes.into()), ("written_bytes", it.written_bytes.into())]),
        AttributeId::BLOCKED => BlockedValue::parse(value)
            .map(|it| vec![("sleeps", it.sleeps.into()), ("off_cpu_ns", it.off_cpu_ns.into())]),
        AttributeId::CHECKSUM => ChecksumValue::parse(value)
            .map(|ChecksumValue(sum)| vec![("bytes", sum.bytes.into()), ("crc32c", sum.crc32c.into())]),
        AttributeId::COUNTERS => CountersValue::parse(value).map(counters),
        AttributeId::DEADLINE => DeadlineValue::parse(value)
            .map(|it| vec![("late_ns", it.late_ns.into()), ("outcome", it.outcome.name().into())]),
        AttributeId::PRIORITY => PriorityValue::parse(value)
            .map(|it| vec![("waited_ns", it.waited_ns.into()), ("level", it.level.into())]),
        AttributeId::LANE => LaneValue::parse(value)
            .map(|it| vec![("waited_ns", it.waited_ns.into()), ("running", it.running.into())]),
        AttributeId::NICE => Nice::parse(value).map(|nice| vec![("nice", nice.into())]),
        AttributeId::SCHED => {
            Sched::parse(value).map(|policy| vec![("policy", name_of(&Policy::NAMED, policy))])
        }
        AttributeId::IOPRIO => Ioprio::parse(value)
            .map(|it| vec![("class", name_of(&IoClass::NAMED, it.class)), ("level", it.level.into())]),
        AttributeId::AFFINITY => Affinity::parse(value).map(|cpus| vec![("cpus", cpus.into())]),
        AttributeId::TIMER_SLACK => TimerSlack::parse(value).map(|ns| vec![("slack_ns", ns.into())]),
        AttributeId::RETRY => RetryValue::parse(value)
            .map(|it| vec![("attempts", it.attempts.into()), ("ended", it.ended.name().into())]),
        AttributeId::TRACE => TraceValue::parse(value).map(|trace| vec![("id", trace.id.into())]),
        _ => None,
    };
    found.unwrap_or_default()
}

/// The name of one of several.
fn name_of<T: PartialEq>(named: &[(&'static str, T)], value: T) -> Measure {
    named.iter().find(|(_, one)| *one == value).map_or("unknown", |(name, _)| name).into()
}

fn timing(timing: TimingValue) -> Values {
    vec![
        ("queued_ns", timing.queued_ns.into()),
        ("started_ns", timing.started_ns.into()),
        ("finished_ns", timing.finished_ns.into()),
    ]
}

fn worker(worker: WorkerValue) -> Values {
    vec![
        ("tid", worker.tid.into()),
        ("cpu", worker.cpu.into()),
        ("run_by", worker.run_by.name().into()),
        ("attempts", worker.attempts.into()),
    ]
}

fn usage(usage: UsageValue) -> Values {
    vec![
        ("cpu_ns", usage.cpu_ns.into()),
        ("user_ns", usage.user_ns.into()),
        ("system_ns", usage.system_ns.into()),
        ("minor_faults", usage.minor_faults.into()),
        ("major_faults", usage.major_faults.into()),
        ("voluntary_switches", usage.voluntary_switches.into()),
        ("involuntary_switches", usage.involuntary_switches.into()),
        ("sampled", (usage.flags & UsageValue::SAMPLED != 0).into()),
    ]
}

/// Those that counted.
fn counters(CountersValue(counted): CountersValue) -> Values {
    let named = CountersValue::NAMES.into_iter().zip(counted.counts).enumerate();
    let valid = named.filter(|(at, _)| counted.valid >> at & 1 == 1);
    let valid = valid.map(|(_, (name, count))| (name, count.into()));
    valid.chain([("user_only", counted.user_only.into())]).collect()
}

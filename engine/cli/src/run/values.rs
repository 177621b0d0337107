//! The values of attributes by name, for reports and the probe.

use syslet::abi::Return;
use syslet::attrs::{
    Affinity, BlockedValue, CacheValue, ChecksumValue, CountersValue, DeadlineValue, IoValue, Ioprio,
    LaneValue, Nice, PriorityValue, RetryValue, Sched, TimerSlack, TimingValue, TraceValue, UsageValue,
    WorkerValue,
};
use syslet::{AttributeId, Status};

use crate::plan::Ask;
use crate::report::Answered;

type Values = Vec<(&'static str, u64)>;

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
        AttributeId::CACHE => CacheValue::parse(value)
            .map(|cache| vec![("verdict", cache.verdict.0.into()), ("evidence", cache.evidence.0.into())]),
        AttributeId::USAGE => UsageValue::parse(value).map(usage),
        AttributeId::IO => IoValue::parse(value)
            .map(|io| vec![("read_bytes", io.read_bytes), ("written_bytes", io.written_bytes)]),
        AttributeId::BLOCKED => BlockedValue::parse(value)
            .map(|blocked| vec![("sleeps", blocked.sleeps), ("off_cpu_ns", blocked.off_cpu_ns)]),
        AttributeId::CHECKSUM => ChecksumValue::parse(value)
            .map(|ChecksumValue(sum)| vec![("bytes", sum.bytes), ("crc32c", sum.crc32c.into())]),
        AttributeId::COUNTERS => CountersValue::parse(value).map(counters),
        AttributeId::DEADLINE => DeadlineValue::parse(value)
            .map(|it| vec![("late_ns", it.late_ns.cast_unsigned()), ("outcome", it.outcome.0.into())]),
        AttributeId::PRIORITY => PriorityValue::parse(value)
            .map(|it| vec![("waited_ns", it.waited_ns), ("level", it.level.cast_unsigned())]),
        AttributeId::LANE => LaneValue::parse(value)
            .map(|it| vec![("waited_ns", it.waited_ns), ("running", it.running.into())]),
        AttributeId::NICE => Nice::parse(value).map(|nice| vec![("nice", nice.cast_unsigned())]),
        AttributeId::SCHED => Sched::parse(value).map(|policy| vec![("policy", policy.0.into())]),
        AttributeId::IOPRIO => {
            Ioprio::parse(value).map(|it| vec![("class", it.class.0.into()), ("level", it.level.into())])
        }
        AttributeId::AFFINITY => Affinity::parse(value).map(|cpus| vec![("cpus", cpus)]),
        AttributeId::TIMER_SLACK => TimerSlack::parse(value).map(|ns| vec![("slack_ns", ns)]),
        AttributeId::RETRY => RetryValue::parse(value)
            .map(|it| vec![("attempts", it.attempts.into()), ("ended", it.ended.0.into())]),
        AttributeId::TRACE => TraceValue::parse(value).map(|trace| vec![("id", trace.id)]),
        _ => None,
    };
    found.unwrap_or_default()
}

fn timing(timing: TimingValue) -> Values {
    vec![
        ("queued_ns", timing.queued_ns),
        ("started_ns", timing.started_ns),
        ("finished_ns", timing.finished_ns),
    ]
}

fn worker(worker: WorkerValue) -> Values {
    vec![
        ("tid", worker.tid.into()),
        ("cpu", worker.cpu.into()),
        ("run_by", worker.run_by.0.into()),
        ("attempts", worker.attempts.into()),
    ]
}

fn usage(usage: UsageValue) -> Values {
    vec![
        ("cpu_ns", usage.cpu_ns),
        ("user_ns", usage.user_ns),
        ("system_ns", usage.system_ns),
        ("minor_faults", usage.minor_faults),
        ("major_faults", usage.major_faults),
        ("voluntary_switches", usage.voluntary_switches),
        ("involuntary_switches", usage.involuntary_switches),
        ("sampled", usage.flags & UsageValue::SAMPLED),
    ]
}

/// Those that counted.
fn counters(CountersValue(counted): CountersValue) -> Values {
    let named = CountersValue::NAMES.into_iter().zip(counted.counts).enumerate();
    let valid = named.filter(|(at, _)| counted.valid >> at & 1 == 1).map(|(_, named)| named);
    valid.chain([("user_only", counted.user_only.into())]).collect()
}

//! A call from the application and back: the plain one and the engine's. For ratios use the harness, which takes
//! turns; here each is measured by itself, to see where a change makes a difference.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use syslet_benches::call::RawCall;
use syslet_benches::contender::{Contender, Direct, Engine, Style};
use syslet_benches::workload::{Getppid, PreadCached, Workload};

fn round_trip(criterion: &mut Criterion) {
    for depth in [1, 128] {
        let reads = PreadCached::prepare(depth, 4 << 10).expect("a file can be made");
        let workloads: [(&str, Box<dyn Workload>); 2] =
            [("getppid", Box::new(Getppid)), ("pread-cached", Box::new(reads))];
        for (name, mut workload) in workloads {
            let batch = workload.batch(depth);
            let engine = Engine::prepare(depth, &batch, Style::Inline).expect("an engine starts");
            measure(criterion, &format!("{name}/direct"), &mut Direct, &batch);
            measure(criterion, &format!("{name}/engine-inline"), &mut { engine }, &batch);
        }
    }
}

/// Measures one batch, as many calls as are in flight together.
fn measure(criterion: &mut Criterion, name: &str, contender: &mut dyn Contender, batch: &[RawCall<'_>]) {
    let mut results = vec![0; batch.len()];
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(batch.len() as u64));
    group.bench_function(BenchmarkId::from_parameter(batch.len()), |bencher| {
        bencher.iter(|| contender.run(batch, &mut results).expect("every call is accepted"));
    });
    group.finish();
    let right = batch.iter().zip(&results).all(|(call, result)| call.expected() == *result);
    assert!(right, "{name}: a call gave another result than it must");
}

criterion_group!(benches, round_trip);
criterion_main!(benches);

//! What the figures were taken on.

use syslet_benches::busy::allowed;

/// Processors this process may use and those there are, kernel, model and load, in one line.
pub(crate) fn machine() -> String {
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let processors = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = model_name(&processors).unwrap_or("processor of unknown model");
    let online = std::fs::read_to_string("/sys/devices/system/cpu/online").unwrap_or_default();
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    let (cores, online, kernel) = (cores(&allowed()), online.trim(), kernel.trim());
    format!("{cores} (online: {online}), Linux {kernel}, {model}, load {load}")
}

/// Processors in words.
pub(crate) fn cores(allowed: &[usize]) -> String {
    let numbers: Vec<String> = allowed.iter().map(usize::to_string).collect();
    let noun = if numbers.len() == 1 { "core" } else { "cores" };
    format!("{} {noun} {}", numbers.len(), numbers.join(","))
}

/// The first processor's name. Not every architecture tells.
fn model_name(cpuinfo: &str) -> Option<&str> {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"))?;
    line.split_once(':').map(|(_, name)| name.trim())
}

#[test]
fn the_model_is_found_or_not() {
    assert_eq!(model_name("processor\t: 0\nmodel name\t: Some CPU\n"), Some("Some CPU"));
    assert_eq!(model_name("processor : 0\n"), None);
}

#[test]
fn cores_are_counted_and_named() {
    assert_eq!(cores(&[0, 2]), "2 cores 0,2");
    assert_eq!(cores(&[3]), "1 core 3");
}

//! Which crate may depend on which, and on what from outside.

use toml::{Table, Value};

use super::files::{self, File};
use super::{assert_caught, assert_none};

/// What one package of the workspace may depend on.
struct Allowed {
    /// Folder of the package.
    folder: &'static str,
    /// Packages of this workspace, for any purpose.
    inside: Option<&'static [&'static str]>,
    /// Packages from outside, for the library or command itself; its tests may use any.
    outside: Option<&'static [Outside]>,
}

/// A package from outside, and the only `cfg` under which it may be used, if there is one.
type Outside = (&'static str, Option<&'static str>);

const ENGINE_OUTSIDE: &[Outside] =
    &[("bytemuck", None), ("libc", None), ("loom", Some("cfg(syslet_loom)")), ("nix", None)];

/// `None` stands for "any". There is no edge between `syscalls` and `attrs`.
const ALLOWED: &[Allowed] = &[
    Allowed { folder: "abi", inside: Some(&[]), outside: Some(&[]) },
    Allowed { folder: "syscalls", inside: Some(&["syslet-abi"]), outside: Some(&[("libc", None)]) },
    Allowed { folder: "attrs", inside: Some(&["syslet-abi"]), outside: Some(&[("crc32c", None)]) },
    Allowed {
        folder: "engine",
        inside: Some(&["syslet-abi", "syslet-attrs", "syslet-syscalls"]),
        outside: Some(ENGINE_OUTSIDE),
    },
    Allowed { folder: "engine/cli", inside: Some(&["syslet"]), outside: None },
    Allowed { folder: "tests", inside: None, outside: None },
    Allowed { folder: "benches", inside: None, outside: None },
    Allowed {
        folder: "tests/fuzz",
        inside: Some(&["syslet", "syslet-cli"]),
        outside: Some(&[("libc", None), ("libfuzzer-sys", None)]),
    },
];

/// One line of a dependency section.
struct Dependency {
    package: String,
    /// The `cfg` of its section.
    only_under: Option<String>,
    is_for_tests: bool,
}

fn faults(folder: &str, manifest: &Table, workspace: &Table) -> Vec<String> {
    let Some(allowed) = ALLOWED.iter().find(|allowed| allowed.folder == folder) else {
        return vec![format!("{folder}/Cargo.toml: no rule says what this package may depend on")];
    };
    let mut faults = Vec::new();
    for found in dependencies(manifest, workspace) {
        let package = &found.package;
        let is_allowed = if is_inside(package) {
            allowed.inside.is_none_or(|inside| inside.contains(&package.as_str()))
        } else {
            let matches = |&(name, only_under): &Outside| {
                name == package && only_under.is_none_or(|cfg| found.only_under.as_deref() == Some(cfg))
            };
            found.is_for_tests || allowed.outside.is_none_or(|outside| outside.iter().any(matches))
        };
        if !is_allowed {
            faults.push(format!("{folder}/Cargo.toml: {folder} may not depend on {package} here"));
        }
    }
    faults
}

fn is_inside(package: &str) -> bool {
    package == "syslet" || package.starts_with("syslet-")
}

fn dependencies(manifest: &Table, workspace: &Table) -> Vec<Dependency> {
    let mut found = sections(manifest, None, workspace);
    for (cfg, section) in manifest.get("target").and_then(Value::as_table).into_iter().flatten() {
        let section = section.as_table().expect("a target is a table");
        found.extend(sections(section, Some(cfg), workspace));
    }
    found
}

fn sections(table: &Table, only_under: Option<&String>, workspace: &Table) -> Vec<Dependency> {
    let mut found = Vec::new();
    for (section, is_for_tests) in
        [("dependencies", false), ("build-dependencies", false), ("dev-dependencies", true)]
    {
        for (name, value) in table.get(section).and_then(Value::as_table).into_iter().flatten() {
            let renamed = package_of(value).or_else(|| workspace.get(name).and_then(package_of));
            let package = renamed.unwrap_or_else(|| name.clone());
            found.push(Dependency { package, only_under: only_under.cloned(), is_for_tests });
        }
    }
    found
}

/// The `package` key of a dependency that goes by another name.
fn package_of(value: &Value) -> Option<String> {
    value.get("package")?.as_str().map(str::to_owned)
}

fn parse(text: &str) -> Table {
    text.parse().expect("cargo reads this manifest, so it is TOML")
}

fn workspace_dependencies(top: &Table) -> Table {
    top["workspace"]["dependencies"].as_table().expect("a table of dependencies").clone()
}

#[test]
fn packages_depend_only_on_what_they_may() {
    let files = files::all();
    let manifest = |path: &str| {
        let is_it = |file: &&File| file.path == path;
        parse(&files.iter().find(is_it).unwrap_or_else(|| panic!("{path}: no such file")).text)
    };
    let top = manifest("Cargo.toml");
    let workspace = workspace_dependencies(&top);
    // What is excluded is a workspace of its own.
    let lists =
        ["members", "exclude"].map(|list| top["workspace"][list].as_array().expect("a list of members"));
    let members: Vec<&str> = lists.into_iter().flatten().filter_map(Value::as_str).collect();
    assert_eq!(members.len(), ALLOWED.len(), "a rule for every member, a member for every rule");
    let faults: Vec<String> = members
        .iter()
        .flat_map(|folder| faults(folder, &manifest(&format!("{folder}/Cargo.toml")), &workspace))
        .collect();
    assert_none(&faults);
}

#[test]
fn a_forbidden_edge_is_caught() {
    let check = |folder: &str, manifest: &str| faults(folder, &parse(manifest), &Table::new());
    assert_caught(&check("attrs", "[dependencies]\nsyslet-syscalls.workspace = true"), "syslet-syscalls");
    assert_caught(&check("syscalls", "[dev-dependencies]\nsyslet-attrs = { path = \"x\" }"), "syslet-attrs");
    assert_caught(&check("abi", "[build-dependencies]\ncc = \"1\""), "cc");
    assert_caught(
        &check("attrs", "[dependencies]\nx = { package = \"syslet-syscalls\" }"),
        "syslet-syscalls",
    );
    assert_caught(&check("engine", "[dependencies]\nloom = \"0.7\""), "loom");
    assert_caught(&check("elsewhere", ""), "no rule");
    assert_none(&check("engine", "[target.'cfg(syslet_loom)'.dependencies]\nloom = \"0.7\""));
    assert_none(&check("abi", "[dev-dependencies]\nproptest = \"1\""));
}

#[test]
fn a_forbidden_edge_under_a_name_of_the_workspace_is_caught() {
    let workspace = parse("x = { path = \"attrs\", package = \"syslet-attrs\" }");
    let manifest = parse("[dependencies]\nx.workspace = true");
    assert_caught(&faults("syscalls", &manifest, &workspace), "syslet-attrs");
}

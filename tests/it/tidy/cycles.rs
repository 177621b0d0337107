//! No file depends on itself by way of others.

use std::path::Path;

use syslet_tests::house::table::{self, CRATES, House};

use super::{assert_caught, assert_none};

/// Each cycle of a package, with the edges that make it.
fn faults(house: &House) -> Vec<String> {
    let fault = |cycle: &Vec<String>| {
        format!("{}: {} files in a cycle:\n{}", house.folder, cycle.len(), house.edges_of(cycle).join("\n"))
    };
    house.cycles.iter().map(fault).collect()
}

#[test]
fn no_file_stands_in_a_cycle() {
    let found =
        CRATES.iter().flat_map(|folder| faults(&table::measure_tree(folder).expect("the tree compiles")));
    assert_none(&found.collect::<Vec<_>>());
}

#[cfg(test)]
fn measure(files: &[(&str, &str)]) -> House {
    let read = |path: &Path| {
        files.iter().find(|(name, _)| Path::new("src").join(name) == path).map(|(_, text)| (*text).to_owned())
    };
    table::measure("src", &read).expect("the texts are Rust")
}

#[cfg(test)]
fn caught(files: &[(&str, &str)], edge: &str) {
    assert_caught(&faults(&measure(files)), edge);
}

#[test]
fn a_cycle_of_two_files_is_caught() {
    let a = ("a.rs", "use crate::b::B; pub struct A(B);");
    caught(
        &[("lib.rs", "mod a; mod b;"), a, ("b.rs", "pub struct B; fn f(_: crate::a::A) {}")],
        "src/b.rs:1 names src/a.rs",
    );
    assert_none(&faults(&measure(&[("lib.rs", "mod a; mod b;"), a, ("b.rs", "pub struct B;")])));
}

#[test]
fn a_cycle_through_a_re_export_is_caught() {
    let lib = ("lib.rs", "mod b; mod pool; ");
    let module = ("pool/mod.rs", "mod shared; pub(crate) use shared::Pool;");
    let shared = ("pool/shared.rs", "pub struct Pool; impl Pool { fn f() { crate::b::g(); } }");
    for user in [
        "use crate::pool::Pool; pub fn g() {}",
        "use crate::pool; pub fn g() { pool::Pool::f(); }",
        "use crate::pool::{self as rooms}; pub fn g(_: &rooms::Pool) {}",
        "use crate::pool::*; pub fn g() -> Option<Pool> { None }",
        "use super::pool::Pool as P; pub fn g() {}",
        "pub fn g() { assert!(crate::pool::Pool::f()); }",
        "pub fn g() { use crate::pool::Pool; }",
        "pub fn g() {} impl crate::pool::Pool { fn h() {} }",
    ] {
        let files = [lib, module, shared, ("b.rs", user)];
        caught(&files, "src/b.rs:1 names src/pool/shared.rs");
        assert_eq!(measure(&files).files_in_cycles(), 2, "the file of the re-export is in no cycle");
    }
}

#[test]
fn a_mod_line_is_no_edge() {
    let child = ("a.rs", "use super::Top; pub struct A(Top);");
    assert_none(&faults(&measure(&[("lib.rs", "pub mod a; pub use a::A; pub struct Top;"), child])));
    caught(
        &[("lib.rs", "pub mod a; pub struct Top; fn f(_: a::A) {}"), child],
        "src/lib.rs:1 names src/a.rs",
    );
}

#[test]
fn tests_are_no_edges() {
    let (lib, b) = (("lib.rs", "mod a; mod b;"), ("b.rs", "pub struct B(crate::a::A);"));
    for a in [
        "pub struct A; #[cfg(test)] mod tests { use crate::b::B; fn f(_: B) {} }",
        "pub struct A; #[cfg(all(test, x))] fn f(_: crate::b::B) {}",
        "pub struct A; impl A { #[cfg(test)] fn f(_: crate::b::B) {} }",
        "pub struct A; #[cfg(test)] use crate::b::B;",
        "/// See [`crate::b::B`].\npub struct A;",
    ] {
        assert_none(&faults(&measure(&[lib, ("a.rs", a), b])));
    }
    let of_file = [lib, ("a.rs", "pub struct A; mod tests;"), ("a/tests.rs", "use crate::b::B;"), b];
    assert_none(&faults(&measure(&of_file)));
    caught(
        &[lib, ("a.rs", "pub struct A; #[cfg(not(test))] fn f(_: crate::b::B) {}"), b],
        "src/a.rs:1 names src/b.rs",
    );
}

#[test]
fn a_name_from_a_macro_is_followed() {
    let a = (
        "a.rs",
        "macro_rules! made { ($n:ident) => { pub struct $n; }; } made! { Made } pub fn f() { crate::b::g() }",
    );
    caught(
        &[("lib.rs", "mod a; mod b;"), a, ("b.rs", "use crate::a::Made; pub fn g() {}")],
        "src/b.rs:1 names src/a.rs",
    );
}

#[test]
fn a_trait_with_one_implementor_is_found() {
    let found = |more: &str| {
        let text = format!("trait T {{}} struct A; impl T for A {{}} {more}");
        measure(&[("lib.rs", &text)]).lonely_traits.len()
    };
    assert_eq!(found(""), 1);
    assert_eq!(found("struct B; impl T for B {}"), 0);
    assert_eq!(found("#[cfg(test)] mod tests { struct Double; impl super::T for Double {} }"), 0);
}

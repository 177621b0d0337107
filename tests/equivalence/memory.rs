//! Calls about the address space. Addresses are those of mappings that each run makes anew.

use std::sync::atomic::{AtomicI64, Ordering};

use crate::case::{Arg, Case, args, case, input, ints, out, words};
use crate::direct::{must, sys};
use crate::world::World;

pub(crate) fn cases() -> Vec<Case> {
    [mapping(), advising(), locking(), nodes(), others()].into_iter().flatten().collect()
}

const PAGE: i64 = 4096;
const BOTH: i32 = libc::PROT_READ | libc::PROT_WRITE;
const OWN: i32 = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;

/// Where the next pages lie: far below all that the kernel places by itself. A call may unmap one of them, and a mapping of another test
/// that fell into the hole would go with the rest.
static NEXT: AtomicI64 = AtomicI64::new(0x2000_0000_0000);

/// Four fresh pages of memory; gone at the end. The first number is their address.
fn pages(w: &mut World) -> i64 {
    let flags = OWN | libc::MAP_FIXED_NOREPLACE;
    let wanted = NEXT.fetch_add(16 * PAGE, Ordering::Relaxed);
    let at = must("mmap", &[wanted, 4 * PAGE, BOTH.into(), flags.into(), -1, 0]);
    assert_eq!(at, wanted, "the place is free");
    w.undo(move || drop_pages(at));
    w.note(at)
}

fn drop_pages(at: i64) {
    must("munmap", &[at, 4 * PAGE]);
}

/// Whether each of the four pages is mapped.
fn mapped(w: &World) -> String {
    let at = w.number(0);
    format!(
        "{:?}",
        [0, 1, 2, 3].map(|page| sys("madvise", &[at + page * PAGE, PAGE, libc::MADV_NORMAL.into()]))
    )
}

fn mapping() -> Vec<Case> {
    vec![
        case("mmap", |w| args![pages(w), PAGE, BOTH, OWN | libc::MAP_FIXED, -1, 0])
            .left(mapped)
            .keep(3)
            .bad(|w| args![pages(w) + 1, PAGE, BOTH, OWN | libc::MAP_FIXED, -1, 0])
            .bad(|w| args![pages(w), 0, BOTH, OWN | libc::MAP_FIXED, -1, 0])
            .bad(|_| args![0, PAGE, BOTH, libc::MAP_PRIVATE, 77_777, 0]),
        case("mmap", |w| {
            args![pages(w), PAGE, libc::PROT_READ, libc::MAP_SHARED | libc::MAP_FIXED, w.file(), 0]
        })
        .keep(3),
        case("munmap", |w| args![pages(w) + PAGE, PAGE])
            .left(mapped)
            .bad(|w| args![pages(w) + 1, PAGE])
            .bad(|w| args![pages(w), 0]),
        case("mremap", |w| args![pages(w), 4 * PAGE, 2 * PAGE, 0, 0])
            .left(mapped)
            .bad(|w| args![pages(w) + 1, PAGE, PAGE, 0, 0])
            .bad(|w| args![pages(w), PAGE, 0, 0, 0]),
        case("mprotect", |w| args![pages(w), PAGE, libc::PROT_READ])
            .bad(|w| args![pages(w) + 1, PAGE, BOTH])
            .bad(|_| args![8 * PAGE, PAGE, BOTH]),
        case("brk", |_| args![0]),
        case("remap_file_pages", |w| args![pages(w), PAGE, 0, 1, 0])
            .fails()
            .bad(|w| args![pages(w) + 1, PAGE, BOTH, 1, 0]),
        case("mseal", |w| args![pages(w), PAGE, 1]).fails().bad(|w| args![pages(w) + 1, PAGE, 0]),
        case("pkey_mprotect", |w| args![pages(w), PAGE, libc::PROT_READ, -1])
            .bad(|w| args![pages(w) + 1, PAGE, BOTH, -1])
            .bad(|w| args![pages(w), PAGE, BOTH, 99]),
        // Where the processor has no shadow stacks, the kernel says so whatever is asked.
        case("map_shadow_stack", |_| args![1, PAGE, 1]).fails().bad(|_| args![0, 0, 1]),
        // Key 0 exists where the processor has protection keys, and can be freed once.
        case("pkey_free", |_| args![15]).fails().bad(|_| args![99]),
    ]
}

fn advising() -> Vec<Case> {
    vec![
        case("madvise", |w| args![pages(w), PAGE, libc::MADV_DONTNEED])
            .bad(|w| args![pages(w), PAGE, 999])
            .bad(|w| args![pages(w) + 1, PAGE, 0])
            .bad(|_| args![8 * PAGE, PAGE, libc::MADV_DONTNEED]),
        case("process_madvise", |w| {
            let at = pages(w);
            let vector = w.memory(words(&[at, PAGE]));
            args![own_pidfd(w), vector, 1, libc::MADV_COLD, 0]
        })
        .bad(|w| args![own_pidfd(w), 0, -1, libc::MADV_COLD, 0]),
        case("process_mrelease", |w| args![own_pidfd(w), 0]).fails().bad(|w| args![w.file(), 0]),
        case("msync", |w| args![pages(w), PAGE, libc::MS_ASYNC])
            .bad(|w| args![pages(w) + 1, PAGE, libc::MS_ASYNC])
            .bad(|_| args![8 * PAGE, PAGE, libc::MS_ASYNC]),
        case("mincore", |w| args![pages(w), 4 * PAGE, w.memory([9; 8])])
            .bad(|w| args![pages(w) + 1, PAGE, w.memory([9; 8])])
            .bad(|_| args![8 * PAGE, PAGE, 8]),
    ]
}

/// A descriptor of this process.
fn own_pidfd(w: &mut World) -> i32 {
    let fd = must("pidfd_open", &[std::process::id().into(), 0]);
    w.keep_raw(fd)
}

fn locking() -> Vec<Case> {
    vec![
        case("mlock", |w| args![pages(w), PAGE])
            .bad(|_| args![8 * PAGE, PAGE])
            .bad(|_| args![-PAGE, 2 * PAGE]),
        case("mlock2", |w| args![pages(w), PAGE, 1]).bad(|_| args![8 * PAGE, PAGE, 0]),
        case("munlock", |w| args![pages(w), PAGE])
            .bad(|_| args![8 * PAGE, PAGE])
            .bad(|_| args![-PAGE, 2 * PAGE]),
        case("mlockall", |_| args![libc::MCL_CURRENT | libc::MCL_ONFAULT])
            .left(|_| sys("munlockall", &[]).to_string())
            .bad(|_| args![0])
            .alone(),
        case("munlockall", |_| args![]).alone(),
    ]
}

fn nodes() -> Vec<Case> {
    let none = || Arg::Value(0);
    vec![
        case("mbind", move |w| args![pages(w), PAGE, 0, none(), 0, 0])
            .bad(|w| args![pages(w), PAGE, 2, input(words(&[0])), 64, 0])
            .bad(|w| args![pages(w), PAGE, 99, input(words(&[1])), 64, 0]),
        case("get_mempolicy", |_| args![out(), out(), 1024, 0, 0])
            .bad(|_| args![out(), out(), 0, 0, 0])
            .bad(|_| args![out(), out(), 1024, 8, 0]),
        case("set_mempolicy_home_node", |w| args![pages(w), PAGE, 99, 0])
            .fails()
            .bad(|w| args![pages(w) + 1, PAGE, 0, 0]),
        case("migrate_pages", |_| args![0, 64, input(words(&[1])), input(words(&[1]))])
            .bad(|_| args![0, 64, input(words(&[0])), input(words(&[0]))]),
        case("move_pages", |w| {
            let at = pages(w);
            args![0, 1, w.memory(words(&[at])), 0, out(), 0]
        })
        .bad(|w| args![0, 1, w.memory(words(&[1])), input(ints(&[999])), out(), 2]),
    ]
}

fn others() -> Vec<Case> {
    let own = || i64::from(std::process::id());
    vec![
        case("process_vm_readv", move |w| {
            let (local, remote) = (w.vector([0; 16]), w.vector(b"bytes elsewhere!"));
            args![own(), local, 1, remote, 1, 0]
        })
        .keep(0)
        .bad(move |w| args![own(), w.vector([0; 16]), 1, w.memory(words(&[8, 16])), 1, 0]),
        case("process_vm_writev", move |w| {
            let (local, remote) = (w.vector(b"bytes of mine"), w.vector([0; 16]));
            args![own(), local, 1, remote, 1, 0]
        })
        .keep(0)
        .bad(move |w| args![own(), w.vector([0; 16]), 1, w.memory(words(&[8, 16])), 1, 0]),
        case("userfaultfd", |_| args![libc::O_CLOEXEC]).bad(|_| args![2]),
        case("membarrier", |_| args![0, 0, 0]).bad(|_| args![999, 0, 0]),
    ]
}

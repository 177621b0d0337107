//! The handler by itself, given contexts that stand at each edge of each site.
#![allow(unsafe_code, reason = "makes contexts as the kernel does")]

use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::AtomicU32;

use syslet_syscalls::sites;

use super::{counter_of, handle, place, register};

/// The program counter behind the handler, for a thread that stood at `counter` with its word's address in its register.
fn behind_the_handler(counter: usize, word: &AtomicU32) -> usize {
    // SAFETY: zeroes are a valid context.
    let mut context: libc::ucontext_t = unsafe { MaybeUninit::zeroed().assume_init() };
    *counter_of(&mut context) = register(counter);
    let address = register(word.as_ptr().expose_provenance());
    #[cfg(target_arch = "x86_64")]
    {
        context.uc_mcontext.gregs[libc::REG_R12.cast_unsigned() as usize] = address;
    }
    #[cfg(target_arch = "aarch64")]
    {
        context.uc_mcontext.regs[10] = address;
    }
    handle(0, ptr::null_mut(), (&raw mut context).cast());
    place(*counter_of(&mut context))
}

/// CANCEL-10, CANCEL-23: at each edge of each site the handler moves a thread that has not begun its call, and no other.
#[test]
fn each_edge_of_each_site() {
    let sites = sites();
    assert!(sites.len() > 1, "the engine makes calls at several places: {}", sites.len());
    let (set, zero) = (AtomicU32::new(1), AtomicU32::new(0));
    for site in sites {
        let before = site.start..=site.instruction;
        for counter in site.start - 1..=site.end() + 1 {
            // The neighbour may begin here.
            let is_other =
                sites.iter().any(|it| it != site && (it.start..=it.instruction).contains(&counter));
            let moved = if before.contains(&counter) { site.never } else { counter };
            assert!(is_other || behind_the_handler(counter, &set) == moved, "{counter:#x} at {site:x?}");
            assert_eq!(behind_the_handler(counter, &zero), counter, "its call is not to stop: {site:x?}");
        }
        assert_eq!(behind_the_handler(site.never, &set), site.never, "on its way out: {site:x?}");
    }
    for elsewhere in [0, sites[0].start - 1, sites[sites.len() - 1].end(), usize::MAX] {
        assert_eq!(behind_the_handler(elsewhere, &set), elsewhere);
    }
}

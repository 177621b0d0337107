//! The list of the places where this copy of the library enters the kernel for a call. `invoke` puts an entry into it at each place
//! where it is inlined; the signal handler of the engine asks it whether a call has begun.
//!
//! The entries stand in a section of the binary, written when it is linked. The linker gives each executable and each shared library
//! the bounds of its own section, so each loaded copy has the list of its own code.
#![allow(unsafe_code, reason = "reads the section that the linker has gathered")]

use std::sync::OnceLock;
use std::{ptr, slice};

/// An entry in the section, as assembly. At the place, label 2 is the test of the cancel word, label 3 the system call instruction,
/// and label 5 the exit of a call that never begins.
///
/// The distances need no work of the loader. The linker has no reference to an entry: R keeps it, and with it the code that it names.
macro_rules! entry {
    () => {
        concat!(
            ".pushsection syslet_calls,\"aR\",@progbits\n",
            ".balign 4\n",
            ".long 2b - ., 3b - ., 5b - .\n",
            ".popsection",
        )
    };
}
pub(crate) use entry;

/// What the section holds for each place: the distance of each from its own field.
#[derive(Debug)]
#[repr(C)]
struct Entry {
    start: i32,
    instruction: i32,
    never: i32,
}

/// The bytes of the system call instruction.
const INSTRUCTION_BYTES: usize = if cfg!(target_arch = "x86_64") { 2 } else { 4 };

/// A place where the kernel is entered for a call: its program counters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Site {
    /// The test of the cancel word. From here to `instruction` the word's address is in its register, r12 or x10.
    pub start: usize,
    /// The system call instruction. A thread that stands here has not begun the call.
    pub instruction: usize,
    /// Where a call that never begins goes on.
    pub never: usize,
}

impl Site {
    /// The place behind the instruction. A thread that stands here has made the call.
    #[must_use]
    pub const fn end(&self) -> usize {
        self.instruction + INSTRUCTION_BYTES
    }
}

/// The list, in the order of the code.
static SITES: OnceLock<Box<[Site]>> = OnceLock::new();

/// Returns the list. The first call sorts it, and takes a little memory for that.
pub fn sites() -> &'static [Site] {
    // Threads that come here at once wait for the first.
    SITES.get_or_init(|| {
        let read = |entry: &Entry| Site {
            start: place(&entry.start),
            instruction: place(&entry.instruction),
            never: place(&entry.never),
        };
        let mut sites: Box<[Site]> = entries().iter().map(read).collect();
        // The section stands as the linker has gathered it, object by object.
        sites.sort_unstable_by_key(|site| site.instruction);
        sites
    })
}

/// The site whose call has not begun when the program counter of a thread is this one; none before the list is sorted.
/// Async-signal-safe.
#[must_use]
pub fn site_before_call(counter: usize) -> Option<&'static Site> {
    find(SITES.get()?, counter)
}

/// The site whose call has just been made when the program counter of a thread is this one: the place right behind the instruction.
/// Async-signal-safe.
#[must_use]
pub fn site_behind_call(counter: usize) -> Option<&'static Site> {
    find_behind(SITES.get()?, counter)
}

/// Of sites in the order of the code, the one that ends at the counter.
fn find_behind(sites: &[Site], counter: usize) -> Option<&Site> {
    let at = sites.binary_search_by_key(&counter, Site::end).ok()?;
    sites.get(at)
}

/// Of sites in the order of the code, the one that has the counter at its start, at its instruction, or between.
fn find(sites: &[Site], counter: usize) -> Option<&Site> {
    let behind = sites.partition_point(|site| site.instruction < counter);
    sites.get(behind).filter(|site| site.start <= counter)
}

fn place(field: &i32) -> usize {
    ptr::from_ref(field).expose_provenance().wrapping_add_signed(*field as isize)
}

fn entries() -> &'static [Entry] {
    let [start, stop] = bounds();
    let first = ptr::with_exposed_provenance::<Entry>(start);
    // SAFETY: the section holds entries and nothing else, each as `entry` writes it; it is aligned for them, is mapped for as long as
    // this code is, and nothing writes to it.
    unsafe { slice::from_raw_parts(first, (stop - start) / size_of::<Entry>()) }
}

/// The bounds of the section in this executable or shared library: the linker defines their names. They are hidden, so no other one's
/// are meant. The empty piece makes the section exist where nothing makes calls.
#[cfg(target_arch = "x86_64")]
fn bounds() -> [usize; 2] {
    let (start, stop);
    // SAFETY: two addresses are computed, and nothing else is touched.
    unsafe {
        core::arch::asm!(
            ".pushsection syslet_calls,\"aR\",@progbits",
            ".balign 4",
            ".popsection",
            ".hidden __start_syslet_calls, __stop_syslet_calls",
            "lea {start}, [rip + __start_syslet_calls]",
            "lea {stop}, [rip + __stop_syslet_calls]",
            start = out(reg) start,
            stop = out(reg) stop,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    [start, stop]
}

/// The bounds of the section in this executable or shared library: the linker defines their names. They are hidden, so no other one's
/// are meant. The empty piece makes the section exist where nothing makes calls.
#[cfg(target_arch = "aarch64")]
fn bounds() -> [usize; 2] {
    let (start, stop);
    // SAFETY: two addresses are computed, and nothing else is touched.
    unsafe {
        core::arch::asm!(
            ".pushsection syslet_calls,\"aR\",@progbits",
            ".balign 4",
            ".popsection",
            ".hidden __start_syslet_calls, __stop_syslet_calls",
            "adrp {start}, __start_syslet_calls",
            "add {start}, {start}, :lo12:__start_syslet_calls",
            "adrp {stop}, __stop_syslet_calls",
            "add {stop}, {stop}, :lo12:__stop_syslet_calls",
            start = out(reg) start,
            stop = out(reg) stop,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    [start, stop]
}

#[cfg(test)]
mod tests {
    use super::{Site, find, find_behind};

    fn site(start: usize) -> Site {
        Site { start, instruction: start + 7, never: 9_000 - start }
    }

    /// CANCEL-10: from the test of the cancel word to the instruction, both included, and nowhere else.
    #[test]
    fn each_edge_is_found() {
        for count in 0..9 {
            let sites: Vec<Site> = (0..count).map(|at| site(100 + at * 20)).collect();
            for counter in 0..400 {
                let expected = sites.iter().find(|site| (site.start..=site.instruction).contains(&counter));
                assert_eq!(find(&sites, counter), expected, "{counter} of {count}");
            }
            assert_eq!(find(&sites, usize::MAX), None);
        }
    }

    /// KICK-5: the place right behind the instruction, and no other.
    #[test]
    fn the_place_behind_is_found() {
        let sites: Vec<Site> = (0..9).map(|at| site(100 + at * 20)).collect();
        for counter in 0..400 {
            let expected = sites.iter().find(|site| site.end() == counter);
            assert_eq!(find_behind(&sites, counter), expected, "{counter}");
        }
    }

    /// One site may begin where another ends.
    #[test]
    fn neighbours_are_told_apart() {
        let first = site(100);
        let sites = [first, site(first.end())];
        assert_eq!(find(&sites, first.instruction), Some(&sites[0]));
        assert_eq!(find(&sites, first.instruction + 1), None);
        assert_eq!(find(&sites, first.end()), Some(&sites[1]));
    }
}

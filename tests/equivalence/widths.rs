//! Bits that the kernel does not take of an argument, set: the plain call is what it is without them, and so is the call
//! through an engine. Where it takes all bits, the call is another one, and the same in all hands.

use std::collections::BTreeSet;

use syslet::syscalls::{ArgType, Direction, RawArgs, Row, Width, rows};

use crate::buffers::Buffers;
use crate::case::{Arg, Case};
use crate::compare::{Variant, run};
use crate::direct::row;
use crate::rig::Rig;
use crate::{alone, cases, here};

/// Stands in the bits that the kernel does not take.
const JUNK: u64 = 0x5a5a_5a5a_5a5a_5a5a;
/// Stands in an argument of 64 bits. A size or position is beyond all there are then, so that no call goes far.
const TOP: u64 = 1 << 63;
/// Arguments of 64 bits that stay as they are, and why.
const KEPT: &[(&str, &[&str], &str)] = &[
    ("len", &["getrandom"], "it would write 2 GiB, whatever is there"),
    ("len", &["sendto"], "it would send 2 GiB, whatever is there"),
    ("nr_pages", &["move_pages"], "it would write a status for each"),
    ("size", &["recvfrom"], "it would write as much as has come, however small the room is"),
    ("size", &["getxattr", "lgetxattr", "fgetxattr"], "the same with the attribute"),
    ("size", &["listxattr", "llistxattr", "flistxattr"], "the same with the names"),
];

/// Every number of which the kernel takes all 64 bits, and whose: bits above the low 32 make it another call.
const WIDE: &[(&str, &str)] = &[
    (
        "len",
        "copy_file_range splice tee fallocate fadvise64 sendto set_robust_list mmap munmap mprotect mseal msync mincore mlock mlock2 munlock pkey_mprotect mbind set_mempolicy_home_node getrandom init_module",
    ),
    (
        "size",
        "getcwd setxattr lsetxattr fsetxattr getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr listxattrat recvfrom clone3 landlock_create_ruleset remap_file_pages map_shadow_stack shmget",
    ),
    (
        "flags",
        "perf_event_open mmap mremap remap_file_pages mseal pkey_alloc get_mempolicy set_mempolicy_home_node process_vm_readv process_vm_writev kexec_load kexec_file_load mount",
    ),
    (
        "sigsetsize",
        "ppoll epoll_pwait epoll_pwait2 rt_sigaction rt_sigprocmask rt_sigpending rt_sigtimedwait rt_sigsuspend",
    ),
    ("usize", "openat2 file_getattr file_setattr setxattrat getxattrat open_tree_attr mount_setattr"),
    ("count", "read write pread64 pwrite64 sendfile readahead"),
    ("offset", "lseek fallocate fadvise64 readahead sync_file_range"),
    ("maxnode", "mbind set_mempolicy get_mempolicy migrate_pages"),
    ("pos_l", "preadv pwritev preadv2 pwritev2"),
    ("prot", "mmap mprotect remap_file_pages pkey_mprotect"),
    ("mask", "fanotify_mark futex_wake futex_wait"),
    ("nr", "io_submit io_getevents io_pgetevents"),
    ("length", "ftruncate truncate"),
    ("min_nr", "io_getevents io_pgetevents"),
    ("msg_len", "mq_timedsend mq_timedreceive"),
    ("msgsz", "msgsnd msgrcv"),
    ("pos", "pread64 pwrite64"),
    ("riovcnt", "process_vm_readv process_vm_writev"),
    ("sizemask", "signalfd signalfd4"),
    ("argsz", "io_uring_enter"),
    ("bufsize", "statmount"),
    ("bytecount", "modify_ldt"),
    ("clone_flags", "clone"),
    ("cmdline_len", "kexec_file_load"),
    ("from", "ioperm"),
    ("home_node", "set_mempolicy_home_node"),
    ("init_val", "pkey_alloc"),
    ("len_in", "madvise"),
    ("mode", "mbind"),
    ("msgtyp", "msgrcv"),
    ("nbytes", "sync_file_range"),
    ("new_len", "mremap"),
    ("nr_mnt_ids", "listmount"),
    ("nr_ns_ids", "listns"),
    ("nr_pages", "move_pages"),
    ("nr_segments", "kexec_load"),
    ("num", "ioperm"),
    ("off", "mmap"),
    ("old_len", "mremap"),
    ("pgoff", "remap_file_pages"),
    ("pid", "ptrace"),
    ("plen", "add_key"),
    ("request", "ptrace"),
    ("unshare_flags", "unshare"),
    ("val", "futex_wait"),
];

/// What a case's arguments are to be changed by.
struct Junk {
    /// Arguments of which the kernel takes fewer bits, each changed above them.
    narrow: Vec<(usize, u64)>,
    /// Integers of which it takes all.
    wide: Vec<usize>,
}

impl Junk {
    fn of(case: &Case, row: &'static Row) -> Junk {
        let args = Variant::good(case, row).args();
        let raw = RawArgs::new(Buffers::new(&args, 0).raw);
        let mut junk = Junk { narrow: Vec::new(), wide: Vec::new() };
        for (index, arg) in row.args.iter().enumerate() {
            if !matches!(args.get(index), None | Some(Arg::Value(_))) {
                continue;
            }
            let taken = row.narrow(&raw.with(index, u64::MAX)).get(index);
            let formed = arg.formed(|by| Some(row.narrow(&raw).get(by)));
            // What a command leaves open is a number where a case gives one.
            let is_number = formed.ty.direction() == Direction::Value || !arg.forms.is_empty();
            // Behind a range of memory is the test's own.
            let is_range = arg.ty == ArgType::Size && row.args.iter().any(|arg| arg.ty == ArgType::Address);
            let is_listed =
                KEPT.iter().any(|(name, calls, _)| *name == arg.name && calls.contains(&row.name));
            match taken {
                u64::MAX if is_number && !is_range && !is_listed => junk.wide.push(index),
                u64::MAX => {}
                taken => junk.narrow.push((index, JUNK & !taken)),
            }
        }
        junk
    }

    /// One narrow argument changed after the other, then all of them.
    fn narrow(&self) -> impl Iterator<Item = [u64; 6]> {
        let change = |some: &[(usize, u64)]| {
            let mut change = [0; 6];
            some.iter().for_each(|(index, junk)| change[*index] = *junk);
            change
        };
        let all = (self.narrow.len() != 1).then(|| change(&self.narrow));
        self.narrow.chunks(1).map(change).chain(all)
    }

    /// One wide argument changed after the other.
    fn wide(&self) -> impl Iterator<Item = [u64; 6]> {
        self.wide.iter().map(|index| std::array::from_fn(|at| if at == *index { TOP } else { 0 }))
    }
}

/// Makes every case with junk in it.
fn compare(cases: &[Case]) {
    let (mut rig, mut faults) = (Rig::new(), Vec::new());
    for case in cases.iter().filter(|case| row(case.call).numbers.here().is_some()) {
        let row = row(case.call);
        let (good, junk) = (Variant::good(case, row), Junk::of(case, row));
        for change in junk.narrow() {
            let changed = good.changed(change, false);
            faults.extend(changed.differs_from(&good));
            run(&mut rig, &changed, &mut faults);
        }
        // What sleeps without a change might not with it, and then nothing would end.
        for change in junk.wide().filter(|_| case.unblock.is_none()) {
            run(&mut rig, &good.changed(change, true), &mut faults);
        }
    }
    assert!(faults.is_empty(), "{} fault(s):\n{}", faults.len(), faults.join("\n"));
}

macro_rules! topics {
    ($($test:ident = $topic:ident;)*) => {
        $(
            /// ENGINE-32, TABLE-18: bits that the kernel does not take change nothing.
            #[test]
            fn $test() {
                compare(&here(crate::$topic::cases()));
            }
        )*
    };
}

topics! {
    bits_of_calls_on_files = files;
    bits_of_calls_that_transfer = transfer;
    bits_of_calls_on_paths = paths;
    bits_of_calls_on_attributes = attributes;
    bits_of_calls_on_sockets = sockets;
    bits_of_calls_on_memory = memory;
    bits_of_calls_between_processes = ipc;
    bits_of_calls_that_wait = waiting;
    bits_of_calls_on_futexes = futexes;
    bits_of_calls_on_asynchronous_interfaces = aio;
    bits_of_calls_on_time = time;
    bits_of_calls_that_change_the_thread = changes;
    bits_of_calls_on_the_system = system;
    bits_of_calls_on_processes = process;
    bits_of_calls_on_signals = signals;
    bits_of_calls_on_the_thread = thread;
    bits_of_calls_by_command = commands;
}

/// ENGINE-32, TABLE-18: the same for calls that change the whole process or the machine.
#[test]
fn bits_of_calls_that_change_the_whole() {
    alone::alone("widths::bits_of_calls_that_change_the_whole", || {
        compare(&cases().into_iter().filter(|case| case.is_alone).collect::<Vec<_>>());
    });
}

/// ENGINE-32: of every call that has a case here, each argument of which the kernel takes fewer than 64 bits is changed.
#[test]
fn every_narrow_argument_is_changed() {
    let mut cases = here(cases());
    cases.retain(|case| row(case.call).numbers.here().is_some());
    let (mut changed, mut all) = (BTreeSet::new(), BTreeSet::new());
    for case in &cases {
        let row = row(case.call);
        let narrow = Junk::of(case, row).narrow.into_iter();
        changed.extend(narrow.map(|(index, _)| (row.name, row.args[index].name)));
        let narrow = row.args.iter().filter(|arg| arg.width != Width::Bits64);
        all.extend(narrow.map(|arg| (row.name, arg.name)));
    }
    assert_eq!(all.difference(&changed).collect::<Vec<_>>(), Vec::<&(&str, &str)>::new());
    // Where a command decides, more than the row's own.
    let by_command = ["fcntl", "semctl", "kcmp"].map(|call| changed.range((call, "")..(call, "~")).count());
    assert_eq!(by_command, [3, 4, 5], "of {changed:?}");
}

/// ENGINE-32: what may differ from the call without bits above 32 is what takes 64, and that is listed.
#[test]
fn every_wide_argument_is_listed() {
    let mut rows: Vec<&Row> = rows().iter().filter(|row| row.numbers.here().is_some()).collect();
    rows.retain(|row| row.gone.is_none());
    let wide = rows.iter().flat_map(|row| {
        let args = row.args.iter().filter(|arg| arg.ty.direction() == Direction::Value);
        args.filter(|arg| arg.width == Width::Bits64).map(|arg| (arg.name, row.name))
    });
    let listed = WIDE.iter().flat_map(|(arg, calls)| calls.split(' ').map(|call| (*arg, call)));
    assert_eq!(wide.collect::<BTreeSet<_>>(), listed.collect());
}

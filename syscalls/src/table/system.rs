//! Rows of calls about the machine: its name, its state, its mounts.

use super::bits::{GRND_INSECURE, GRND_NONBLOCK, SYSLOG_ACTION_READ};
use super::forms::{FSCONFIG, NAMES_DESCRIPTOR, QUOTACTL, QUOTACTL_FD, REBOOT, SYSFS};
use super::sizes::{INT, LONG, SYSINFO, UTSNAME};
use super::words::*;
use crate::argument::{Len, Written};
use crate::kick::Kick;
use crate::nature::Class::{Instant, Sleeps};
use crate::restart::Restart::{Never, Uninterrupted};
use crate::row::Row;
use crate::row::Yields::{Bytes, Fd, Number};

const KERNEL_CODE: &str = "it puts code into the kernel, which can do anything";

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    // State.
    instant("uname", [63, 160], &[output_of("name", UTSNAME)]),
    instant("sethostname", [170, 161], &[input("name", Len::Arg(1)), size("len").bits_32()]),
    instant("setdomainname", [171, 162], &[input("name", Len::Arg(1)), size("len").bits_32()]),
    instant("sysinfo", [99, 179], &[output_of("info", SYSINFO)]),
    storage("getrandom", [318, 278], &[buffer("ubuf", 1), size("len"), flags("flags")])
        .yields(Bytes).when(&[has(2, GRND_NONBLOCK, Instant), has(2, GRND_INSECURE, Instant)]).nonblocking(flag(2, GRND_NONBLOCK)).kick(Kick::Never("a signal cuts it short")),
    storage("syslog", [103, 116], &[command("type"), output("buf", Len::Arg(2), Written::Perhaps), size("len").bits_32()])
        .yields(Number).when(&[is(0, SYSLOG_ACTION_READ, Sleeps)]).blocking_only("no flag keeps it from waiting for messages"),
    storage("acct", [163, 89], &[path("name")]),
    storage("swapon", [167, 224], &[path("specialfile"), flags("swap_flags")]),
    storage("swapoff", [168, 225], &[path("specialfile")]),
    storage("quotactl", [179, 60], &[command("cmd"), path("special"), id("id"), formed("addr", QUOTACTL)]),
    storage("quotactl_fd", [443, 443], &[fd("fd"), command("cmd"), id("id"), formed("addr", QUOTACTL_FD)]),
    storage("vhangup", [153, 58], &[]),
    storage("reboot", [169, 142], &[command("magic1"), command("magic2"), command("cmd"), formed("arg", REBOOT)])
        .danger("it ends the machine")
        .restart(Uninterrupted),
    instant("sysfs", [139, NO], &[command("option"), formed("arg1", SYSFS[0]), formed("arg2", SYSFS[1])])
        .yields(Number),
    // The structure of bpf differs by command, and nearly always holds addresses.
    storage("bpf", [321, 280], &[command("cmd"), opaque("uattr"), size("size").bits_32()])
        .yields(Number),
    storage("init_module", [175, 105], &[input("umod", Len::Arg(1)), size("len"), text("uargs")])
        .danger(KERNEL_CODE),
    storage("finit_module", [313, 273], &[fd("fd"), text("uargs"), flags("flags")])
        .danger(KERNEL_CODE),
    storage("delete_module", [176, 106], &[text("name_user"), flags("flags")]),
    storage("kexec_load", [246, 104], &[opaque("entry"), size("nr_segments"), opaque("segments"), flags("flags").bits_64()]),
    storage("kexec_file_load", [320, 294], &[fd("kernel_fd"), fd("initrd_fd"), size("cmdline_len"), input("cmdline_ptr", Len::Arg(2)), flags("flags").bits_64()])
        .danger(KERNEL_CODE),
    instant("lsm_list_modules", [461, 461], &[output("ids", Len::At(1), Written::At(1)), update_of("size", INT), flags("flags")])
        .yields(Number),

    // Mounts. The kernel copies a whole page from the begin of a mount's data.
    storage("mount", [165, 40], &[path("dev_name"), path("dir_name"), text("type"), flags("flags").bits_64(), opaque("data")]),
    storage("umount2", [166, 39], &[path("name"), flags("flags")]),
    storage("pivot_root", [155, 41], &[path("new_root"), path("put_old")]),
    storage("open_tree", [428, 428], &[dirfd("dfd"), path("filename"), flags("flags")])
        .yields(Fd),
    storage("open_tree_attr", [467, 467], &[dirfd("dfd"), path("filename"), flags("flags"), input("uattr", Len::Arg(4)), size("usize")])
        .yields(Fd).danger(NAMES_DESCRIPTOR),
    storage("move_mount", [429, 429], &[dirfd("from_dfd"), path("from_pathname"), dirfd("to_dfd"), path("to_pathname"), flags("flags")]),
    storage("mount_setattr", [442, 442], &[dirfd("dfd"), path("path"), flags("flags"), input("uattr", Len::Arg(4)), size("usize")])
        .danger(NAMES_DESCRIPTOR),
    storage("fsopen", [430, 430], &[text("fs_name"), flags("flags")])
        .yields(Fd),
    storage("fsconfig", [431, 431], &[fd("fd"), command("cmd"), text("key"), formed("value", FSCONFIG[0]), formed("aux", FSCONFIG[1]).bits_32()])
        .danger("some file systems take descriptors that were not lent")
        .restart(Never("a command that was under way leaves the context failed")),
    storage("fsmount", [432, 432], &[fd("fs_fd"), flags("flags"), flags("attr_flags")])
        .yields(Fd),
    storage("fspick", [433, 433], &[dirfd("dfd"), path("path"), flags("flags")])
        .yields(Fd),
    storage("statmount", [457, 457], &[input("req", Len::Sized(0, INT)), output("buf", Len::Arg(2), Written::Whole), size("bufsize"), flags("flags")])
        .danger(NAMES_DESCRIPTOR),
    instant("listns", [470, 470], &[input("req", Len::Sized(0, INT)), output("ns_ids", Len::Times(2, LONG), Written::Times(LONG)), size("nr_ns_ids"), flags("flags")])
        .yields(Number),
    storage("listmount", [458, 458], &[input("req", Len::Sized(0, INT)), output("mnt_ids", Len::Times(2, LONG), Written::Times(LONG)), size("nr_mnt_ids"), flags("flags")])
        .yields(Number).danger(NAMES_DESCRIPTOR),
];

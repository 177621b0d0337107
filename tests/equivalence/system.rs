//! The machine: its name, its state, its mounts.

use crate::case::{Arg, Case, args, case, input, ints, length, out, room, text, words};
use crate::direct::{address, address_mut, must, sys};
use crate::world::World;

pub(crate) fn cases() -> Vec<Case> {
    [state(), refused(), kernel_code(), mounts(), new_mounts()].into_iter().flatten().collect()
}

/// The machine's and the domain's name.
fn names(_: &World) -> String {
    let mut name = [0; 390];
    must("uname", &[address_mut(&mut name)]);
    [&name[65..130], &name[325..]].map(|name| String::from_utf8_lossy(name).into_owned()).concat()
}

/// Called before each run, so that the run finds the names as the others did.
fn named() {
    let name = b"before";
    must("sethostname", &[address(name), 6]);
    must("setdomainname", &[address(name), 6]);
}

fn state() -> Vec<Case> {
    vec![
        case("uname", |_| args![out()]).bad(|_| args![Arg::Value(1 << 63)]),
        case("sethostname", |_| {
            named();
            args![input(b"another"), 7]
        })
        .left(names)
        .bad(|_| args![input([b'n'; 100]), 100])
        .alone(),
        case("setdomainname", |_| {
            named();
            args![input(b"another"), 3]
        })
        .left(names)
        .bad(|_| args![input([b'n'; 100]), 100])
        .alone(),
        case("sysinfo", |_| args![out()]).any_bytes(0, 0..104).bad(|_| args![Arg::Value(1 << 63)]).loose(0),
        case("getrandom", |_| args![out(), 64, 0]).any_bytes(0, 0..64),
        case("getrandom", |_| args![out(), 64, libc::GRND_NONBLOCK]).any_bytes(0, 0..64),
        case("getrandom", |_| args![room(0), 0, 0]),
        case("syslog", |_| args![10, 0, 0]).bad(|_| args![999, 0, 0]).bad(|_| args![3, 8, -1]),
        case("syslog", |_| args![3, out(), 0]),
        case("lsm_list_modules", |_| args![out(), length(256), 0])
            .bad(|_| args![out(), length(0), 0])
            .bad(|_| args![out(), length(256), 1]),
        case("sysfs", |_| args![3, 0, 0]).bad(|_| args![99, 0, 0]),
        case("sysfs", |w| args![1, w.memory(b"ext4\0"), 0]).any_result(),
        case("sysfs", |w| args![2, 0, w.memory([0; 64])]),
        case("vhangup", |_| args![]).alone(),
    ]
}

/// With arguments that do no harm, whoever asks.
fn refused() -> Vec<Case> {
    let none = || Arg::Value(0);
    vec![
        case("acct", |w| args![w.path("none")]).fails().bad(|w| args![w.path("sub")]),
        case("swapon", |w| args![w.path("none"), 0]).fails().bad(|w| args![w.path("file"), 0]),
        case("swapoff", |w| args![w.path("none")]).fails().bad(|w| args![w.path("file")]),
        case("quotactl", move |w| args![0x80_0001_u32, w.path("none"), 0, none()])
            .fails()
            .bad(|w| args![99, w.path("file"), 0, 0]),
        case("quotactl_fd", |w| args![w.file(), 99, 0, 0]).fails(),
        case("reboot", |_| args![1, 2, 3, 0]).fails().bad(|_| args![0xfee1_dead_u32, 0, 0x1234, 0]),
        case("bpf", |w| args![99, w.memory([0; 16]), 16]).fails().bad(|_| args![0, 0, 100_000]),
    ]
}

/// Code for the kernel that is none.
fn kernel_code() -> Vec<Case> {
    let image = || input([7; 64]);
    vec![
        case("init_module", move |_| args![image(), 64, text("")]).fails().bad(|_| args![8, 0, text("")]),
        case("finit_module", |w| args![w.file(), text(""), 0]).fails(),
        case("delete_module", |_| args![text("syslet-none"), libc::O_NONBLOCK])
            .fails()
            .bad(|_| args![text(""), libc::O_NONBLOCK]),
        case("kexec_load", |_| args![0, 999, 8, 0]).fails().bad(|_| args![0, 999, 0, 0]),
        case("kexec_file_load", |w| args![w.file(), -1, 2, text("x"), 1 << 20]).fails(),
    ]
}

/// A folder on which something is mounted; unmounted at the end.
fn mounted(w: &mut World) -> Arg {
    let folder = w.at("sub").to_string_lossy().into_owned() + "\0";
    let kind = b"tmpfs\0";
    must("mount", &[address(kind), address(folder.as_bytes()), address(kind), 0, 0]);
    unmounted(w)
}

/// A folder on which nothing may be mounted at the end.
fn unmounted(w: &mut World) -> Arg {
    let folder = w.at("sub").to_string_lossy().into_owned() + "\0";
    w.undo(move || {
        sys("umount2", &[address(folder.as_bytes()), libc::MNT_DETACH.into()]);
    });
    w.path("sub")
}

/// How often something is mounted on the folder, and how.
fn mounts_left(w: &World) -> String {
    let all = std::fs::read_to_string("/proc/thread-self/mountinfo").unwrap_or_default();
    let ours = all.lines().map(|line| w.anonymous(line)).filter(|line| line.contains("FOLDER"));
    let ours =
        ours.map(|line| line.split_once("FOLDER").map(|(_, rest)| rest.to_owned()).unwrap_or_default());
    ours.collect::<Vec<_>>().join("\n")
}

fn mounts() -> Vec<Case> {
    let none = || Arg::Value(0);
    vec![
        case("mount", move |w| args![text("tmpfs"), unmounted(w), text("tmpfs"), libc::MS_NOEXEC, none()])
            .left(mounts_left)
            .keep(3)
            .bad(move |w| args![text("x"), w.path("sub"), text("nothing"), 0, none()])
            .bad(move |w| args![text("x"), w.path("none"), text("tmpfs"), 0, none()])
            .alone(),
        case("umount2", |w| args![mounted(w), 0]).left(mounts_left).bad(|w| args![w.path("sub"), 0]).alone(),
        case("pivot_root", |w| args![w.path("sub"), w.path("sub")])
            .fails()
            .bad(|w| args![w.path("none"), w.path("sub")])
            .alone(),
        case("open_tree", |w| args![w.dir(), text("sub"), libc::O_CLOEXEC])
            .bad(|w| args![w.dir(), text("none"), 0])
            .alone(),
        case("open_tree", |w| args![w.dir(), text("sub"), 1]).alone(),
        case("open_tree_attr", |w| args![w.dir(), text("sub"), 1, input(words(&[2, 0, 0, 0])), 32])
            .bad(|w| args![w.dir(), text("sub"), 1, input(words(&[2, 0, 0, 0])), 8])
            .alone(),
        case("move_mount", |w| {
            let tree = detached(w);
            unmounted(w);
            args![tree, text(""), w.dir(), text("sub"), 4]
        })
        .left(mounts_left)
        .bad(|w| args![w.dir(), text("sub"), w.dir(), text("none"), 0])
        .alone(),
        case("mount_setattr", |w| {
            mounted(w);
            args![w.dir(), text("sub"), 0, input(words(&[8, 0, 0, 0])), 32]
        })
        .left(mounts_left)
        .bad(|w| args![w.dir(), text("sub"), 0, input(words(&[8, 0, 0, 0])), 8])
        .alone(),
    ]
}

/// A new file system that nobody has mounted.
fn detached(w: &mut World) -> i32 {
    let context = context(w);
    must("fsconfig", &[context.into(), 6, 0, 0, 0]);
    let mount = must("fsmount", &[context.into(), 0, 0]);
    w.keep_raw(mount)
}

fn context(w: &mut World) -> i32 {
    let context = must("fsopen", &[address(b"tmpfs\0"), 0]);
    w.keep_raw(context)
}

fn new_mounts() -> Vec<Case> {
    let none = || Arg::Value(0);
    vec![
        case("fsopen", |_| args![text("tmpfs"), 1]).bad(|_| args![text("nothing"), 0]).alone(),
        case("fsconfig", move |w| args![context(w), 1, text("size"), w.memory(b"1M\0"), 0])
            .bad(move |w| args![context(w), 1, text("nothing"), w.memory(b"1M\0"), 0])
            .bad(move |w| args![context(w), 6, text("size"), none(), 0])
            .alone(),
        case("fsmount", |w| {
            let context = context(w);
            must("fsconfig", &[context.into(), 6, 0, 0, 0]);
            args![context, 1, 0]
        })
        .bad(|w| args![w.file(), 0, 0])
        .alone(),
        case("fspick", |w| {
            mounted(w);
            args![w.dir(), text("sub"), 0]
        })
        .bad(|w| args![w.dir(), text("sub"), 0])
        .alone(),
        case("statmount", |w| args![root_mount(w, 1 | 2), out(), 512, 0])
            .loose(1)
            .bad(|w| args![w.memory(ints(&[24, 0])), out(), 512, 0])
            .bad(|w| args![root_mount(w, 1 << 4), out(), 8, 0]),
        case("listns", |w| args![w.memory([ints(&[32, 0]), vec![0; 24]].concat()), out(), 4, 0])
            .any_result()
            .any_bytes(1, 0..32)
            .bad(|w| args![w.memory(ints(&[4, 0])), out(), 4, 0]),
        case("listmount", |w| args![root_mount(w, 0), out(), 4, 0])
            .bad(|w| args![w.memory(ints(&[4, 0])), out(), 4, 0]),
    ]
}

/// `struct mnt_id_req` about the root's mount, asking for these parts.
fn root_mount(w: &mut World, parts: i64) -> Arg {
    let mut found = [0; 256];
    let args = [libc::AT_FDCWD.into(), address(b"/\0"), 0, 0x4000, address_mut(&mut found)];
    must("statx", &args);
    let id = i64::from_ne_bytes(found[144..152].try_into().expect("eight"));
    w.memory([ints(&[24, 0]), words(&[id, parts])].concat())
}

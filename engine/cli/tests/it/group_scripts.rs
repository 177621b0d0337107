//! The scripts of groups that come with the command, on real files.

use std::fs::{self, File};
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::files::Directory;
use crate::syslet::{command, ended, syslet};

const CAT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/cat.syslet");
const CP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/cp.syslet");
const SMALL_FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/small-files.syslet");
const LOCK_APPEND: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/lock-append.syslet");
const APPEND_LINE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/append-line.syslet");
const MKDIR_P: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/mkdir-p.syslet");
const NETNS_SOCKET: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/netns-socket.syslet");

/// Bytes that differ from piece to piece.
fn contents(len: usize) -> Vec<u8> {
    (0..len).map(|at| b"0123456789abcdefghijklmnopqrstuvwxyz\n"[(at + at / 4099) % 37]).collect()
}

/// SCRIPT-59: files come out one after the other, in the order asked, however long; one that is missing is told.
#[test]
fn cat() {
    let directory = Directory::new("cat");
    let (large, small) = (contents(300_000), b"last\n".to_vec());
    let files = [directory.file("large", &large), directory.path("missing"), directory.file("small", &small)];
    let output = command().args(["run", "--quiet", CAT]).args(&files).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = output.stdout;
    assert!(text.starts_with(&large));
    let behind = String::from_utf8(text[large.len()..].to_vec()).unwrap();
    let missing = behind.find("syslet cat = -1 ENOENT").expect("it is told");
    assert!(behind.matches("last\n").count() == 1 && missing > 0, "{behind}");
}

/// SCRIPT-60: a copy has the same bytes, and the loop ran as often as there were pieces.
#[test]
fn cp() {
    let directory = Directory::new("cp");
    for len in [0, 1, 65_536, 200_000] {
        let (from, to) = (directory.file("from", contents(len)), directory.path("to"));
        let lines = syslet(&["run", "--json", CP, &from, &to]).json();
        assert_eq!(fs::read(&to).unwrap(), contents(len));
        let atoms = lines[0]["atoms"].as_array().unwrap();
        let read = atoms.iter().find(|atom| atom["call"] == "read").unwrap();
        assert_eq!(read["runs"], 1 + len.div_ceil(65_536));
        let closed = atoms.iter().filter(|atom| atom["call"] == "close" && atom["value"] == 0).count();
        assert_eq!(closed, 2, "{atoms:?}");
    }
}

/// SCRIPT-60: a file that cannot be opened ends it, and only files that were opened are closed.
#[test]
fn cp_to_nowhere() {
    let directory = Directory::new("cp-to-nowhere");
    let from = directory.file("from", "x");
    let lines = syslet(&["run", "--json", CP, &from, &directory.path("no/where")]).json();
    let atoms = lines[0]["atoms"].as_array().unwrap();
    let calls: Vec<_> = atoms.iter().filter_map(|atom| atom["call"].as_str()).collect();
    assert_eq!((lines[0]["error"].as_str(), calls), (Some("ENOENT"), vec!["openat", "openat", "close"]));
}

/// SCRIPT-59, SCRIPT-60, SCRIPT-62: bytes that are written in part only are no success. The limit of a file's size stands for a full disk;
/// it is no multiple of the bytes written at once, and leaves room for the rings.
#[test]
fn parts_are_no_successes() {
    let directory = Directory::new("parts");
    let from = directory.file("from", "");
    File::options().write(true).open(&from).unwrap().set_len(20 << 20).unwrap();
    for (script, args) in [
        (CP, vec![from.clone(), directory.path("copy")]),
        (LOCK_APPEND, vec![directory.path("log")]),
        (CAT, vec![from.clone()]),
    ] {
        let limited = "trap '' XFSZ; ulimit -f 8193; exec \"$0\" \"$@\"";
        let program = command();
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", limited]).arg(program.get_program()).args(["run", "-q", script]).args(args);
        shell.stdin(File::open(&from).unwrap());
        if script == CAT {
            shell.stdout(File::create(directory.path("out")).unwrap());
        }
        assert_eq!(shell.output().unwrap().status.code(), Some(1), "{script}");
    }
}

/// SCRIPT-61: each of many files is looked at, read and closed by one submission.
#[test]
fn small_files() {
    let directory = Directory::new("small-files");
    let mut files: Vec<String> =
        (0..300).map(|len| directory.file(&len.to_string(), contents(len))).collect();
    files.push(directory.path("missing"));
    let output = command().args(["run", "--json", SMALL_FILES]).args(&files).output().unwrap();
    let lines = ended(output).json();
    assert_eq!(lines.len(), files.len());
    let mut lens = Vec::new();
    for line in lines.iter().filter(|line| line["error"].is_null()) {
        let area = |at: usize| BASE64_STANDARD.decode(line["data"][at]["base64"].as_str().unwrap()).unwrap();
        let len = usize::try_from(line["result"].as_u64().unwrap()).unwrap();
        assert_eq!(area(0)[40..48], len.to_ne_bytes(), "the size that statx has told");
        assert_eq!(area(1)[..len], contents(len));
        let read = &line["atoms"][2];
        assert_eq!(
            (&read["call"], &read["attributes"]["timing"]["status"]),
            (&"read".into(), &"handled".into())
        );
        lens.push(len);
    }
    lens.sort_unstable();
    assert_eq!(lens, (0..300).collect::<Vec<_>>());
}

/// SCRIPT-62: bytes that many append at the same time stand there in one piece each.
#[test]
fn lock_append() {
    let directory = Directory::new("lock-append");
    let log = directory.path("log");
    let pieces: Vec<Vec<u8>> = (b'a'..b'g').map(|letter| vec![letter; 150_000]).collect();
    let running: Vec<_> = pieces
        .iter()
        .map(|piece| {
            let piece = directory.file(&char::from(piece[0]).to_string(), piece);
            let mut command = command();
            command.args(["run", "-q", LOCK_APPEND, &log]).stdin(File::open(piece).unwrap());
            command.spawn().unwrap()
        })
        .collect();
    for mut one in running {
        assert_eq!(one.wait().unwrap().code(), Some(0));
    }
    let mut found: Vec<Vec<u8>> =
        fs::read(&log).unwrap().chunk_by(|a, b| a == b).map(<[u8]>::to_vec).collect();
    found.sort_unstable();
    assert!(found == pieces, "{:?}", found.iter().map(Vec::len).collect::<Vec<_>>());
}

/// SCRIPT-62: while another process has the lock, nothing is appended.
#[test]
fn lock_append_waits() {
    let directory = Directory::new("lock-append-waits");
    let (log, piece) = (directory.file("log", ""), directory.file("piece", "appended"));
    let held = File::open(&log).unwrap();
    held.lock_shared().unwrap();
    let mut command = command();
    command.args(["run", "-q", LOCK_APPEND, &log]).stdin(File::open(piece).unwrap());
    let mut running = command.spawn().unwrap();
    let waiter = running.id().to_string();
    let waits = || {
        let locks = fs::read_to_string("/proc/locks").unwrap();
        locks.lines().any(|lock| lock.contains("->") && lock.split_whitespace().any(|word| word == waiter))
    };
    while running.try_wait().unwrap().is_none() && !waits() {
        std::thread::yield_now();
    }
    assert_eq!(fs::read(&log).unwrap(), b"", "it did not wait for the lock");
    held.unlock().unwrap();
    assert_eq!(running.wait().unwrap().code(), Some(0));
    assert_eq!(fs::read(&log).unwrap(), b"appended");
}

/// SCRIPT-70: lines are appended one behind the other, with any bytes.
#[test]
fn append_line() {
    let directory = Directory::new("append-line");
    let log = directory.path("log");
    for line in ["first", "", "$@ \u{e9} \"\\"] {
        assert_eq!(syslet(&["run", "-q", APPEND_LINE, &log, line]).quiet(), (0, ""));
    }
    assert_eq!(fs::read_to_string(&log).unwrap(), "first\n\n$@ \u{e9} \"\\\n");
    assert_eq!(syslet(&["run", "-q", APPEND_LINE, &log]).code, Some(2));
    let missing = syslet(&["run", APPEND_LINE, &directory.path("no/where"), "x"]);
    assert!(missing.stdout.starts_with("3: syslet append = -1 ENOENT"), "{}", missing.stdout);
}

/// SCRIPT-63: directories that are there are no failure, files in their place are.
#[test]
fn mkdir_p() {
    let directory = Directory::new("mkdir-p");
    let paths = [directory.path("a"), directory.path("a/b"), directory.path("a/b/c")];
    for _ in 0..2 {
        let output = command().args(["run", "-q", MKDIR_P]).args(&paths).output().unwrap();
        assert_eq!(ended(output).quiet(), (0, ""));
        assert!(Path::new(&paths[2]).is_dir());
    }
    let file = directory.file("a/f", "");
    let run = syslet(&["run", MKDIR_P, &file]);
    assert_eq!(run.code, Some(1));
    assert!(run.stdout.starts_with("3: syslet mkdir = -1 ENOTDIR"), "{}", run.stdout);
}

/// SCRIPT-64: with privilege there is a socket of another namespace; without it the first call says so, and is the last.
#[test]
fn netns_socket() {
    let run = syslet(&["run", "--json", NETNS_SOCKET]);
    let line = &run.json()[0];
    let atoms = line["atoms"].as_array().unwrap();
    assert_eq!(line["ran"], "private");
    if line["error"] == "EPERM" {
        println!("skipped: a network namespace of its own needs CAP_SYS_ADMIN");
        assert_eq!((atoms.len(), &atoms[0]["call"]), (1, &"unshare".into()));
        return;
    }
    assert_eq!((atoms.len(), &atoms[0]["value"], run.code), (2, &0.into(), Some(0)));
    assert_eq!(line["result"], atoms[1]["value"]);
}

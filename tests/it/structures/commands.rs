//! Calls whose arguments a command decides, and structures that say their own size.

use std::fs::File;
use std::io::Write;
use std::sync::Arc;

use syslet::{Submission, SubmissionBuilder};

use super::direct::compare;
use crate::rig::{self, pipe, run};

fn words(words: &[u64]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_ne_bytes()).collect()
}

fn number(value: i32) -> u64 {
    value.unsigned_abs().into()
}

/// ABI-64, ENGINE-12: descriptors are asked and told from safe code, with a number, a structure, or nothing.
#[test]
fn files_are_controlled() {
    compare(true, |make| {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(b"bytes").expect("written");
        let file: Arc<File> = Arc::new(file);
        let (reader, _writer) = pipe();
        let reader = Arc::new(reader);
        let fcntl = |command: i32| Submission::call(libc::SYS_fcntl).lend(&file).value(number(command));
        // `struct flock`: type and whence, start, length, pid.
        let lock = words(&[libc::F_WRLCK as u64, 1, 2, 0]);
        let mut got = vec![
            make(fcntl(libc::F_GETFL).value(0)),
            make(fcntl(libc::F_GETFD)),
            make(fcntl(libc::F_SETFD).value(1)),
            make(fcntl(libc::F_GETLK).inout(&lock)),
            make(fcntl(libc::F_OFD_GETLK).inout(&lock)),
            make(fcntl(libc::F_SETLK).input(&lock)),
            make(fcntl(libc::F_SETLKW).input(&lock)),
            make(fcntl(libc::F_OFD_SETLK).input(&lock)),
            make(fcntl(libc::F_SETOWN).int(rig::pid())),
            make(fcntl(libc::F_GETOWN)),
            make(fcntl(15).input(&words(&[1 << 32]))),
            make(fcntl(16).output(8)),
            make(fcntl(17).output(8)),
            make(fcntl(1035).output(8)),
            make(fcntl(1036).input(&words(&[2]))),
        ];
        let size = Submission::call(libc::SYS_fcntl).lend(&reader).value(number(libc::F_SETPIPE_SZ));
        got.push(make(size.value(4096)));
        got
    });
}

/// ABI-64, ENGINE-12: queues, sets and segments tell of themselves, without one too.
#[test]
fn ipc_is_controlled() {
    compare(true, |make| {
        let control = |nr, id: i64, command: i32| Submission::call(nr).int(id).value(number(command));
        let semaphore = |id: i64, command: i32| {
            Submission::call(libc::SYS_semctl).int(id).value(0).value(number(command))
        };
        let queue = make(Submission::call(libc::SYS_msgget).value(0).value(0o600)).0;
        let set = make(Submission::call(libc::SYS_semget).value(0).value(2).value(0o600)).0;
        let segment = make(Submission::call(libc::SYS_shmget).value(0).value(4096).value(0o600)).0;
        assert!(queue >= 0 && set >= 0 && segment >= 0);
        let mode = |(result, out): (i64, Vec<u8>)| (result, out[20..24].to_vec());
        let told = [
            mode(make(control(libc::SYS_msgctl, queue, libc::IPC_STAT).output(120))),
            mode(make(control(libc::SYS_shmctl, segment, libc::IPC_STAT).output(112))),
            mode(make(semaphore(set, libc::IPC_STAT).output(size_of::<libc::semid_ds>()))),
        ];
        let numbers = [
            make(semaphore(set, libc::SETVAL).value(7)),
            make(semaphore(set, libc::GETVAL)),
            make(control(libc::SYS_shmctl, -1, libc::IPC_STAT).output(112)),
            make(control(libc::SYS_msgctl, queue, libc::IPC_RMID)),
            make(control(libc::SYS_shmctl, segment, libc::IPC_RMID)),
            make(semaphore(set, libc::IPC_RMID)),
        ];
        (told, numbers)
    });
}

/// ABI-64: threads and processes tell of themselves.
#[test]
fn processes_are_asked() {
    let mut ring = rig::ring();
    let prctl = |command: i32| Submission::call(libc::SYS_prctl).value(number(command));
    let done = run(&mut ring, prctl(libc::PR_GET_NAME).output(16));
    let name = std::fs::read_to_string("/proc/thread-self/comm").expect("a name");
    assert_eq!(done.data().split(|&byte| byte == 0).next(), Some(name.trim_end().as_bytes()));
    let vector = run(&mut ring, prctl(0x4155_5856).output(4096).value(4096).value(0).value(0));
    let expected = std::fs::read("/proc/self/auxv").expect("a vector");
    assert!(vector.result > 0 && vector.data().starts_with(&expected));
    compare(false, |make| {
        let slot = Submission::call(libc::SYS_kcmp).int(rig::pid()).int(rig::pid()).value(7);
        [
            make(prctl(libc::PR_GET_CHILD_SUBREAPER).output(4)),
            make(prctl(libc::PR_GET_PDEATHSIG)),
            make(slot.value(1 << 20).input(&[0; 12])),
        ]
    });
}

/// ABI-65: a handle says how long it is; a request says its version by its size.
#[test]
fn sizes_are_read() {
    compare(true, |make| {
        let root = Arc::new(File::open("/").expect("opens"));
        let handle = |room: u32| {
            let mut bytes = vec![0; 8 + room as usize];
            bytes[..4].copy_from_slice(&room.to_ne_bytes());
            let call = Submission::call(libc::SYS_name_to_handle_at).lend(&root).path(c"etc");
            make_sized(call, &bytes)
        };
        [0, 4, 128, 129].map(|room| {
            let (result, out) = make(handle(room));
            // What a failed call leaves outside of INOUT does not come back.
            let end = if result < 0 { 8 + room as usize } else { out.len() };
            (result, out[..end].to_vec())
        })
    });
    compare(false, |make| {
        let statmount = |size: u32| {
            let mut request = vec![0; 32];
            request[..4].copy_from_slice(&size.to_ne_bytes());
            request[8..16].fill(0xff);
            Submission::call(457_u32).input(&request).output(512).value(512).value(0)
        };
        [0, 1, 24, 32].map(|size| make(statmount(size)))
    });
}

fn make_sized(call: SubmissionBuilder, bytes: &[u8]) -> SubmissionBuilder {
    call.inout(bytes).output(8).value(0)
}

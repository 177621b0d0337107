//! Messages, semaphores and shared memory between processes.

use crate::case::{Arg, Case, args, case, input, out, sleeping, words};
use crate::direct::{address, address_mut, must, sys};
use crate::world::World;

pub(crate) fn cases() -> Vec<Case> {
    [memory(), semaphores(), queues(), sleepers()].into_iter().flatten().collect()
}

const PRIVATE: i32 = libc::IPC_PRIVATE;
const NONE: Arg = Arg::Value(0);
const PAGE: i64 = 4096;

/// Calls that end the life of an id.
fn gone(w: &mut World, id: i64, control: &'static str, command: usize) -> i64 {
    w.undo(move || {
        let mut args = [id, 0, 0, 0];
        args[command] = libc::IPC_RMID.into();
        sys(control, &args);
    });
    w.note(id)
}

fn shared(w: &mut World) -> i64 {
    let id = must("shmget", &[PRIVATE.into(), PAGE, 0o600]);
    gone(w, id, "shmctl", 1)
}

/// Shared memory that is there, in this process too; the second number is where.
fn attached(w: &mut World) -> i64 {
    let id = shared(w);
    let at = must("shmat", &[id, 0, 0]);
    w.undo(move || {
        sys("shmdt", &[at]);
    });
    w.note(at)
}

/// How many processes have the shared memory.
fn attachments(w: &World) -> String {
    let mut state = [0; 112];
    let got = sys("shmctl", &[w.number(0), libc::IPC_STAT.into(), address_mut(&mut state)]);
    format!("{got} {:?}", &state[88..96])
}

fn memory() -> Vec<Case> {
    vec![
        case("shmget", |_| args![0x5e71_e701, PAGE, 0o600])
            .fails()
            .bad(|_| args![PRIVATE, 0, 0o600])
            .bad(|_| args![PRIVATE, -1, 0o600]),
        case("shmget", |w| args![key_of_shared(w), PAGE, 0]).any_result(),
        case("shmat", |w| args![shared(w), 0, libc::SHM_RDONLY])
            .left(detach_all)
            .keep(2)
            .bad(|_| args![-1, 0, 0])
            .bad(|w| args![shared(w), 1, 0]),
        case("shmdt", |w| args![attached(w)]).left(attachments).bad(|_| args![1]).bad(|_| args![8 * PAGE]),
        case("shmctl", |w| args![shared(w), libc::IPC_STAT, w.memory([1; 112])])
            .any_memory(0..112)
            .bad(|_| args![-1, libc::IPC_STAT, 8]),
        case("shmctl", |w| args![shared(w), libc::IPC_RMID, 0]).left(attachments),
    ]
}

/// A key by which the shared memory is found.
fn key_of_shared(w: &mut World) -> i64 {
    static NEXT: std::sync::atomic::AtomicI64 = std::sync::atomic::AtomicI64::new(0);
    let key = 0x5e71_0000 + NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let id = must("shmget", &[key, PAGE, (0o600 | libc::IPC_CREAT).into()]);
    gone(w, id, "shmctl", 1);
    key
}

/// Says how often it is attached, and takes it out wherever it is.
fn detach_all(w: &World) -> String {
    let left = attachments(w);
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let id = format!(" {} ", w.number(0));
    for line in maps.lines().filter(|line| line.contains("/SYSV") && line.contains(&id)) {
        let start = line.split('-').next().and_then(|start| i64::from_str_radix(start, 16).ok());
        must("shmdt", &[start.expect("an address")]);
    }
    left
}

/// Three semaphores, of which the first is 2.
fn counters(w: &mut World) -> i64 {
    let id = must("semget", &[PRIVATE.into(), 3, 0o600]);
    must("semctl", &[id, 0, libc::SETVAL.into(), 2]);
    gone(w, id, "semctl", 2)
}

/// `struct sembuf`: adds this to a semaphore.
fn step(of: i16, by: i16, flags: i32) -> Vec<u8> {
    let flags = i16::try_from(flags).expect("16 bits");
    [of, by, flags].iter().flat_map(|part| part.to_ne_bytes()).collect()
}

fn values(w: &World) -> String {
    format!("{:?}", [0, 1, 2].map(|of| sys("semctl", &[w.number(0), of, libc::GETVAL.into()])))
}

fn semaphores() -> Vec<Case> {
    const NO: i32 = libc::IPC_NOWAIT;
    let two = || input([step(0, -2, 0), step(1, 5, 0)].concat());
    vec![
        case("semget", |w| args![found(w), 3, 0]).any_result().bad(|_| args![PRIVATE, -1, 0o600]).bad(|_| {
            let unknown = 0x5e72_ffff;
            args![unknown, 1, 0]
        }),
        case("semop", move |w| args![counters(w), two(), 2])
            .left(values)
            .bad(|w| args![counters(w), input(step(0, -3, NO)), 1])
            .bad(|w| args![counters(w), input(step(9, -3, NO)), 1])
            .bad(move |_| args![-1, two(), 2]),
        case("semtimedop", move |w| args![counters(w), two(), 2, input(words(&[5, 0]))])
            .left(values)
            .bad(|w| args![counters(w), input(step(0, -3, 0)), 1, input(words(&[0, 1000]))])
            .bad(|w| args![counters(w), input(step(0, 1, 0)), 1, input(words(&[0, -1]))]),
        case("semctl", |w| args![counters(w), 0, libc::GETVAL, 0])
            .bad(|_| args![-1, 0, libc::GETVAL, 0])
            .bad(|w| args![counters(w), 9, libc::GETVAL, 0]),
        case("semctl", |w| args![counters(w), 0, libc::GETALL, w.memory([9; 8])]),
        case("semctl", |w| args![counters(w), 1, libc::SETVAL, 44]).left(values),
    ]
}

/// A key by which three semaphores are found.
fn found(w: &mut World) -> i64 {
    static NEXT: std::sync::atomic::AtomicI64 = std::sync::atomic::AtomicI64::new(0);
    let key = 0x5e72_0000 + NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let id = must("semget", &[key, 3, (0o600 | libc::IPC_CREAT).into()]);
    gone(w, id, "semctl", 2);
    key
}

/// A message of this type: eight bytes of it, then the text.
fn letter(kind: i64, text: &[u8]) -> Vec<u8> {
    [&kind.to_ne_bytes(), text].concat()
}

fn queue(w: &mut World) -> i64 {
    let id = must("msgget", &[PRIVATE.into(), 0o600]);
    gone(w, id, "msgctl", 1)
}

fn queue_with(w: &mut World, text: &[u8]) -> i64 {
    let id = queue(w);
    let letter = letter(3, text);
    must("msgsnd", &[id, address(&letter), i64::try_from(text.len()).expect("few"), 0]);
    id
}

/// What is in the queue.
fn queued(w: &World) -> String {
    let mut text = [0; 72];
    let args = [w.number(0), address_mut(&mut text), 64, 0, libc::IPC_NOWAIT.into()];
    format!("{} {text:?}", sys("msgrcv", &args))
}

fn queues() -> Vec<Case> {
    const NO: i32 = libc::IPC_NOWAIT;
    let send = || input(letter(7, b"a message"));
    vec![
        case("msgget", |_| args![PRIVATE, 0o600])
            .any_result()
            .left(|_| forget_queues())
            .bad(|_| args![0x5e73_ffff, 0])
            .bad(|_| args![0x5e73_fffe, 0])
            .keep(1)
            .alone(),
        case("msgsnd", move |w| args![queue(w), send(), 9, 0])
            .left(queued)
            .bad(move |_| args![-1, send(), 9, 0])
            .bad(|w| args![queue(w), input(letter(0, b"a message")), 9, 0]),
        case("msgrcv", |w| args![queue_with(w, b"a message"), out(), 20, 0, 0])
            .left(queued)
            .bad(|w| args![queue_with(w, b"a message"), out(), 2, 0, 0])
            .bad(|w| args![queue_with(w, b"a message"), out(), 20, 99, NO]),
        case("msgrcv", |w| args![queue_with(w, b"a message"), out(), 4, 3, libc::MSG_NOERROR]).left(queued),
        case("msgrcv", |w| args![queue_with(w, b"a message"), out(), 20, 0, 0o40000 | NO]).left(queued),
        case("msgctl", |w| args![queue_with(w, b"text"), libc::IPC_STAT, w.memory([1; 120])])
            .any_memory(0..120)
            .bad(|_| args![-1, libc::IPC_STAT, 8]),
        case("msgctl", |w| args![queue(w), libc::IPC_RMID, 0]).left(queued),
        case("mq_open", |w| args![named(w), libc::O_RDWR | libc::O_CREAT, 0o600, sizes()])
            .bad(|w| args![named(w), libc::O_RDWR, 0, NONE])
            .bad(|_| args![input(b"a/b\0"), libc::O_RDWR, 0, NONE]),
        case("mq_unlink", |w| {
            mq(w);
            let name = name(w);
            args![input(name)]
        })
        .bad(|w| args![named(w)]),
        case("mq_timedsend", |w| args![mq(w), input(b"a message"), 9, 5, NONE])
            .left(mq_queued)
            .bad(|w| args![mq(w), input([0; 100]), 100, 5, NONE])
            .bad(|w| args![mq_full(w), input(b"x"), 1, 5, input(words(&[1, 0]))]),
        case("mq_timedreceive", |w| args![mq_full(w), out(), 64, out(), NONE])
            .left(mq_queued)
            .bad(|w| args![mq_full(w), out(), 2, out(), NONE])
            .bad(|w| args![mq(w), out(), 64, out(), input(words(&[1, 0]))]),
        case("mq_notify", |w| args![mq(w), NONE]).bad(|w| args![mq(w), 8]).bad(|w| args![w.file(), NONE]),
        case("mq_getsetattr", |w| args![mq_full(w), NONE, out()]).bad(|w| args![w.file(), NONE, out()]),
        case("mq_getsetattr", |w| args![mq(w), input(words(&[2048, 0, 0, 0, 0, 0, 0, 0])), out()]),
    ]
}

/// In a namespace of its own every queue is this test's.
fn forget_queues() -> String {
    let all = std::fs::read_to_string("/proc/sysvipc/msg").unwrap_or_default();
    let ids: Vec<i64> = all.lines().filter_map(|line| line.split_whitespace().nth(1)?.parse().ok()).collect();
    for id in &ids {
        sys("msgctl", &[*id, libc::IPC_RMID.into(), 0]);
    }
    format!("{} queues", ids.len())
}

/// A name for a queue: the number of the last one is the state's last number.
fn name(w: &World) -> Vec<u8> {
    format!("syslet-{}-{}\0", std::process::id(), w.number(0)).into_bytes()
}

/// A name that no queue has yet; it has none at the end.
fn named(w: &mut World) -> Arg {
    static NEXT: std::sync::atomic::AtomicI64 = std::sync::atomic::AtomicI64::new(0);
    w.note(NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
    let name = name(w);
    let gone = name.clone();
    w.undo(move || {
        sys("mq_unlink", &[address(&gone)]);
    });
    input(name)
}

/// At most one message of at most 64 bytes.
fn sizes() -> Arg {
    input(words(&[0, 1, 64, 0, 0, 0, 0, 0]))
}

fn mq(w: &mut World) -> i32 {
    let (Arg::In(name), Arg::In(sizes)) = (named(w), sizes()) else { unreachable!("both are bytes") };
    let flags = (libc::O_RDWR | libc::O_CREAT).into();
    let fd = must("mq_open", &[address(&name), flags, 0o600, address(&sizes)]);
    w.keep_raw(fd)
}

fn mq_full(w: &mut World) -> i32 {
    let fd = mq(w);
    must("mq_timedsend", &[fd.into(), address(b"the first"), 9, 4, 0]);
    fd
}

/// What is in the queue.
fn mq_queued(w: &World) -> String {
    let (mut text, past) = ([0; 64], words(&[1, 0]));
    let args = [w.fd(0), address_mut(&mut text), 64, 0, address(&past)];
    format!("{} {text:?}", sys("mq_timedreceive", &args))
}

fn sleepers() -> Vec<Case> {
    let late = || input(letter(7, b"late"));
    let raise = |w: &World| {
        must("semctl", &[w.number(0), 0, libc::SETVAL.into(), 10]);
    };
    vec![
        sleeping(
            "msgrcv",
            |w| args![queue(w), out(), 20, 0, 0],
            |w| {
                must("msgsnd", &[w.number(0), address(&letter(5, b"now")), 3, 0]);
            },
        ),
        sleeping(
            "msgsnd",
            move |w| args![queue_full(w), late(), 4, 0],
            |w| {
                let mut text = [0; 8200];
                must("msgrcv", &[w.number(0), address_mut(&mut text), 8192, 0, 0]);
            },
        ),
        sleeping("semop", |w| args![counters(w), input(step(0, -5, 0)), 1], raise).left(values),
        sleeping("semtimedop", |w| args![counters(w), input(step(0, -5, 0)), 1, NONE], raise).left(values),
        sleeping(
            "mq_timedreceive",
            |w| args![mq(w), out(), 64, out(), NONE],
            |w| {
                must("mq_timedsend", &[w.fd(0), address(b"now"), 3, 6, 0]);
            },
        ),
        sleeping(
            "mq_timedsend",
            |w| args![mq_full(w), input(b"late"), 4, 6, NONE],
            |w| {
                let mut text = [0; 64];
                must("mq_timedreceive", &[w.fd(0), address_mut(&mut text), 64, 0, 0]);
            },
        )
        .left(mq_queued),
    ]
}

/// A queue into which nothing more goes.
fn queue_full(w: &mut World) -> i64 {
    let id = queue(w);
    let letter = letter(1, &[7; 8192]);
    let args = [id, address(&letter), 8192, libc::IPC_NOWAIT.into()];
    while sys("msgsnd", &args) == 0 {}
    id
}

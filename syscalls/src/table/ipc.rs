//! Rows of messages, semaphores and shared memory between processes.

use super::bits::IPC_NOWAIT;
use super::forms::{MSGCTL, SEMCTL, SHMCTL};
use super::sizes::{INT, MESSAGE_TYPE, MQ_ATTR, SEMBUF, SIGEVENT, TIMESPEC};
use super::words::*;
use crate::argument::{Len, Written};
use crate::nature::Class::Instant;
use crate::nonblocking::NonBlockingForm;
use crate::restart::Restart::{Shortened, Uninterrupted};
use crate::row::Memory::{Maps, Unmaps};
use crate::row::Row;
use crate::row::Yields::{Address, Bytes, Fd, Number};

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    // System V. A message's size leaves out the type in front of it.
    instant("shmget", [29, 194], &[int("key"), size("size"), flags("shmflg")])
        .yields(Number),
    storage("shmat", [30, 196], &[int("shmid"), address("shmaddr"), flags("shmflg")])
        .yields(Address).memory(Maps).restart(Uninterrupted),
    instant("shmctl", [31, 195], &[int("shmid"), command("cmd"), formed("buf", SHMCTL)])
        .yields(Number),
    storage("shmdt", [67, 197], &[address("shmaddr")])
        .memory(Unmaps).restart(Uninterrupted),
    instant("semget", [64, 190], &[int("key"), int("nsems"), flags("semflg")])
        .yields(Number),
    sleeps("semop", [65, 193], &[int("semid"), input("tsops", Len::Times(2, SEMBUF)), size("nsops").bits_32()])
        .nonblocking(NonBlockingForm::EachFlag(1, IPC_NOWAIT as u64)),
    sleeps("semtimedop", [220, 192], &[int("semid"), input("tsops", Len::Times(2, SEMBUF)), size("nsops").bits_32(), input_of("timeout", TIMESPEC)])
        .restart(Shortened(3)).nonblocking(NonBlockingForm::EachFlag(1, IPC_NOWAIT as u64)),
    instant("semctl", [66, 191], &[int("semid"), int("semnum"), command("cmd"), formed("arg", SEMCTL)])
        .yields(Number),
    instant("msgget", [68, 186], &[int("key"), flags("msgflg")])
        .yields(Number),
    sleeps("msgsnd", [69, 189], &[int("msqid"), input("msgp", Len::Plus(2, MESSAGE_TYPE)), size("msgsz"), flags("msgflg")])
        .when(&[has(3, IPC_NOWAIT, Instant)]).nonblocking(flag(3, IPC_NOWAIT)),
    sleeps("msgrcv", [70, 188], &[int("msqid"), output("msgp", Len::Plus(2, MESSAGE_TYPE), Written::Plus(MESSAGE_TYPE)), size("msgsz"), int("msgtyp").bits_64(), flags("msgflg")])
        .yields(Bytes).when(&[has(4, IPC_NOWAIT, Instant)]).nonblocking(flag(4, IPC_NOWAIT)),
    instant("msgctl", [71, 187], &[int("msqid"), command("cmd"), formed("buf", MSGCTL)])
        .yields(Number),

    // POSIX message queues.
    storage("mq_open", [240, 180], &[text("u_name"), flags("oflag"), mode("mode"), input_of("u_attr", MQ_ATTR)])
        .yields(Fd),
    storage("mq_unlink", [241, 181], &[text("u_name")]),
    sleeps("mq_timedsend", [242, 182], &[fd("mqdes"), input("u_msg_ptr", Len::Arg(2)), size("msg_len"), uint("msg_prio"), input_of("u_abs_timeout", TIMESPEC)])
        .nonblocking(NonBlockingForm::ZeroTime(4)),
    sleeps("mq_timedreceive", [243, 183], &[fd("mqdes"), buffer("u_msg_ptr", 2), size("msg_len"), output_of("u_msg_prio", INT), input_of("u_abs_timeout", TIMESPEC)])
        .yields(Bytes).nonblocking(NonBlockingForm::ZeroTime(4)),
    instant("mq_notify", [244, 184], &[fd("mqdes"), input_of("u_notification", SIGEVENT)])
        .danger("it can carry any address, and name any descriptor"),
    instant("mq_getsetattr", [245, 185], &[fd("mqdes"), input_of("u_mqstat", MQ_ATTR), output_of("u_omqstat", MQ_ATTR)]),
];

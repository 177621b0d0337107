//! Members of a group, and the out area that they share.

use std::net::UdpSocket;
use std::os::fd::AsRawFd as _;

use nix::unistd::pipe;
use syslet::CallFlags;
use syslet::abi::{
    ArgKind, ArgKinds, AskRepr, AtomRepr, AttributeFlags, AttributeId, Inout, ProgramRepr, StepOp,
};
use syslet::program::Program;

use crate::rig::built_everywhere;

/// A call as a program has it.
type Raw<'a> = (libc::c_long, &'a [(ArgKind, u64)]);

/// Two calls side by side, with 256 bytes of out area.
fn pair(data: &[u8], calls: [Raw<'_>; 2], is_away: bool) -> Program {
    let args = calls.map(|(_, args)| args.iter().map(|(_, arg)| *arg).collect::<Vec<u64>>());
    let of = |index: usize| {
        let (nr, kinds) = calls[index];
        let kinds = kinds.iter().enumerate();
        AtomRepr {
            kinds: kinds.fold(ArgKinds(0), |all, (at, (kind, _))| all.with(at, *kind)),
            args: &args[index],
            ..AtomRepr::call(u32::try_from(nr).expect("a number"))
        }
    };
    let data = [AskRepr { id: AttributeId::DATA, flags: AttributeFlags::NONE, payload: data }];
    let program = ProgramRepr {
        flags: if is_away { CallFlags::ASYNC } else { CallFlags::NONE },
        user_data: 0,
        registers: &[],
        budget: 9,
        out_len: 256,
        scratch_len: 0,
        attributes: &data,
        atoms: &[AtomRepr { args: &[2, 0], ..AtomRepr::step(StepOp::TOGETHER) }, of(0), of(1)],
    };
    Program::of(&program).expect("a sound program")
}

fn value(number: i32) -> (ArgKind, u64) {
    (ArgKind::VALUE, i64::from(number).cast_unsigned())
}

/// SYSLET-32: how long an argument is another member cannot change: where two lengths meet, neither call is made.
#[test]
fn lengths_are_not_shared() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let lengths: Vec<u8> = [2_u32, 64].into_iter().flat_map(u32::to_ne_bytes).collect();
    let name = |at: u64, out: u32, data: u32| {
        [value(socket.as_raw_fd()), (ArgKind::OUT, at), (ArgKind::INOUT, Inout { out, data }.pack())]
    };
    for (second, expected) in [(64, 0), (66, 0), (68, 2)] {
        let (one, other) = (name(0, 64, 0), name(128, second, 4));
        let calls = [(libc::SYS_getsockname, &one[..]), (libc::SYS_getsockname, &other[..])];
        built_everywhere(
            |is_away| pair(&lengths, calls, is_away),
            |came| {
                assert_eq!(came.result, expected, "at {second}");
                assert!(came.data()[2..64].iter().all(|byte| *byte == 0), "{:?}", came.data());
            },
        );
    }
}

/// SYSLET-32: where a string ends another member cannot change.
#[test]
fn strings_are_not_shared() {
    let (reads, writes) = pipe().unwrap();
    // The out area is zero: the path is empty, and ends where it begins.
    let stat = [value(libc::AT_FDCWD), (ArgKind::OUT, 8), (ArgKind::OUT, 64), value(libc::AT_EMPTY_PATH)];
    for (at, expected) in [(0, 2), (1, 1), (8, 1), (9, 2)] {
        let read = [value(reads.as_raw_fd()), (ArgKind::OUT, at), value(8)];
        let calls = [(libc::SYS_newfstatat, &stat[..]), (libc::SYS_read, &read[..])];
        built_everywhere(
            |is_away| {
                nix::unistd::write(&writes, b"no NULs!").unwrap();
                pair(b"", calls, is_away)
            },
            |came| assert_eq!(came.result, expected, "at {at}"),
        );
    }
}

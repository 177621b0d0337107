//! Kicks against short calls: nothing is lost, and nothing is done twice.

use std::io::Write;
use std::os::fd::AsRawFd;
use std::time::Duration;

use syslet::{CallFlags, Submission};
use syslet_tests::look::{alone, until};
use syslet_tests::rig::{drain, getpid, push};

use super::held::{LONG, engine, ring};

/// KICK-1, KICK-6: reads of a pipe whose bytes come at about the time of a kick. Each byte is read once and in order, each call has one
/// completion, and calls between the reads are never met.
#[test]
fn every_byte_once() {
    let _alone = alone();
    let engine = engine(Duration::from_micros(10));
    let mut ring = ring(&engine);
    let (reader, mut writer) = std::io::pipe().expect("a pipe");
    let read = Submission::call(libc::SYS_read)
        .value(reader.as_raw_fd().cast_unsigned().into())
        .output(1)
        .value(1)
        .flags(CallFlags::STORAGE)
        .build();
    let rounds: u32 = 3_000;
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut random = fastrand::Rng::with_seed(17);
            for round in 0..rounds {
                std::thread::park_timeout(Duration::from_micros(random.u64(0..250)));
                writer.write_all(&[round.to_ne_bytes()[0]]).expect("room");
            }
        });
        for round in 0..rounds {
            push(&mut ring, &read).expect("room");
            push(&mut ring, &getpid().build()).expect("room");
            let mut seen = Vec::new();
            while seen.len() < 2 {
                let ready = ring.wait(1, Some(LONG)).expect("no signal of the application's");
                assert!(ready > 0, "round {round}");
                seen.extend(drain(&mut ring));
            }
            let byte = seen.iter().find(|seen| !seen.data().is_empty()).expect("a byte was read");
            assert_eq!((byte.end().0, byte.data()), (1, &round.to_ne_bytes()[..1]), "round {round}");
            let pid = seen.iter().find(|seen| seen.data().is_empty()).expect("the other call");
            assert_eq!(pid.end().0, i64::from(std::process::id()));
        }
    });
    println!("{} kicks in {rounds} reads", engine.stats().kicks);
    assert!(engine.stats().kicks > 0, "no call was held");
    until("nothing is in flight", || engine.stats().in_flight == 0);
}

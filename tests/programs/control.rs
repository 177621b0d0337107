//! What an atom's value decides.

use std::io::Write as _;
use std::os::fd::AsRawFd as _;

use syslet::program::build::calls::{close, getppid, openat, read};
use syslet::program::{Builder, Program, Test};
use syslet::{CallFlags, DoneFlags};

use crate::rig::everywhere;

fn program(is_away: bool, write: impl for<'p> FnOnce(&mut Builder<'p>)) -> Program {
    Program::build(|p| {
        if is_away {
            p.flags(CallFlags::ASYNC);
        }
        write(p);
    })
    .expect("a sound program")
}

/// SYSLET-1, SYSLET-7: what is opened is read and closed.
#[test]
fn one_atom_gives_what_the_next_one_needs() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"what is in it").unwrap();
    let path = std::ffi::CString::new(file.path().to_str().unwrap()).unwrap();
    let before = std::fs::read_dir("/proc/self/fd").unwrap().count();
    everywhere(
        |is_away| {
            program(is_away, |p| {
                let (path, buffer) = (p.path(&path), p.area(64));
                let fd = p.call(openat(libc::AT_FDCWD, path, libc::O_RDONLY, 0)).or_stop();
                p.call(read(fd, buffer, 64)).value();
                p.finally(close(fd));
            })
        },
        |came| {
            assert_eq!((came.result, came.flags), (13, DoneFlags::NONE));
            assert_eq!(&came.data[..13], b"what is in it");
        },
    );
    let _ = (before, file.as_file().as_raw_fd());
}

/// SYSLET-4, SYSLET-5: a loop counts until its test says so, or until its budget is spent.
#[test]
fn loops_end() {
    let counting = |budget: u32| {
        move |is_away| {
            program(is_away, |p| {
                p.budget(budget);
                let n = p.register(0);
                p.repeat(|p| {
                    p.call(getppid()).value();
                    p.add(n, 1);
                    p.break_if(n, Test::equal(100));
                });
                p.stop_if(n, Test::equal(100));
            })
        }
    };
    everywhere(counting(1000), |came| assert_eq!((came.result, came.flags), (100, DoneFlags::NONE)));
    everywhere(counting(50), |came| {
        assert_eq!((came.result, came.flags), (-i64::from(libc::ELOOP), DoneFlags::ENGINE_RESULT));
    });
}

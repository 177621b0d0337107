//! What atoms give each other.

use std::ffi::CString;
use std::io::Write as _;
use std::os::unix::fs::symlink;

use syslet::DoneFlags;
use syslet::program::build::calls::{close, openat, read, readlinkat, write};
use syslet::program::{Call, Number, Test, Width};

use crate::rig::{everywhere, pipe_ends};

const EFAULT: i64 = -(libc::EFAULT as i64);

/// SYSLET-6, SYSLET-7: what is opened is read, and as much written as was read; the out area was zero, and comes back whole.
#[test]
fn values_are_arguments() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"what is in it").unwrap();
    let path = CString::new(file.path().to_str().unwrap()).unwrap();
    let (_ends, reads, writes) = pipe_ends();
    {
        everywhere(
            |p| {
                let (path, buffer) = (p.path(&path), p.area(64));
                let fd = p.call(openat(libc::AT_FDCWD, path, libc::O_RDONLY, 0)).or_stop();
                let n = p.call(read(fd, buffer, 64)).or_stop();
                p.call(write(writes, buffer, n)).or_stop();
                p.call(read(reads, buffer.from(32), n)).or_stop();
                p.finally(close(fd));
            },
            |came| {
                assert_eq!(came.end(), (13, DoneFlags::NONE));
                assert_eq!((came.data().len(), &came.data()[..16]), (64, &b"what is in it\0\0\0"[..]));
                assert_eq!(&came.data()[32..48], b"what is in it\0\0\0");
            },
        );
    }
}

/// SYSLET-8: a path that one call has written is opened by the next; one without an end is not.
#[test]
fn paths_are_read_from_the_out_area() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), b"found").unwrap();
    symlink(folder.path().join("file"), folder.path().join("link")).unwrap();
    let link = CString::new(folder.path().join("link").to_str().unwrap()).unwrap();
    let target = folder.path().join("file").to_str().unwrap().len();
    for (room, expected) in [(target + 1, 5), (target, EFAULT)] {
        everywhere(
            |p| {
                let (link, content) = (p.path(&link), p.area(8));
                let path = p.area(room);
                p.call(readlinkat(libc::AT_FDCWD, link, path, room)).or_stop();
                let fd = p.call(openat(libc::AT_FDCWD, path, libc::O_RDONLY, 0)).or_stop();
                p.call(read(fd, content, 8)).value();
                p.finally(close(fd));
            },
            |came| {
                assert_eq!(came.result, expected);
                let engine = expected == EFAULT;
                assert_eq!(came.flags.contains(DoneFlags::ENGINE_RESULT), engine);
            },
        );
    }
}

/// SYSLET-9: offsets and lengths that are known when the atom runs are checked then.
#[test]
fn late_places_are_checked() {
    let (_ends, reads, writes) = pipe_ends();
    for (offset, length, expected) in
        [(0, 8, 8), (8, 8, 8), (9, 8, EFAULT), (0, 17, EFAULT), (u64::MAX, 1, EFAULT)]
    {
        everywhere(
            |p| {
                let (word, area) = (p.bytes(b"8 bytes!"), p.area(16));
                let (offset, length) = (p.register(offset), p.register(length));
                p.call(write(writes, word, 8)).or_stop();
                let n = p.call(read(reads, area.plus(offset), length)).value();
                p.when(n, Test::error(), |p| {
                    // What was not read is read now.
                    p.call(read(reads, area, 8)).value();
                });
                p.stop_if(n, Test::negative());
            },
            |came| {
                assert_eq!(came.result, expected, "{offset} {length}");
                let not_run = came.atoms().iter().any(|(_, flags, ..)| flags.contains(DoneFlags::NOT_RUN));
                assert_eq!(not_run, expected == EFAULT);
            },
        );
    }
}

/// ENGINE-32: a count in a register reaches as far as the kernel counts: 32 bits of one call's, 64 of another's. A
/// descriptor in one is what the kernel takes of it.
#[test]
fn late_counts_are_the_kernels() {
    const HIGH: u64 = 0xdead_beef << 32;
    let folder = tempfile::tempdir().unwrap();
    let folder = std::fs::File::open(folder.path()).unwrap();
    let fd = u64::from(std::os::fd::AsRawFd::as_raw_fd(&folder).cast_unsigned());
    // Two entries, of itself and of what it lies in.
    for (nr, count, expected) in [
        (libc::SYS_getdents64, 64, 48),
        (libc::SYS_getdents64, HIGH | 64, 48),
        (libc::SYS_getdents64, HIGH | 65, EFAULT),
        (libc::SYS_read, 64, -i64::from(libc::EISDIR)),
        (libc::SYS_read, HIGH | 64, EFAULT),
    ] {
        everywhere(
            |p| {
                let (area, fd, count) = (p.area(64), p.register(HIGH | fd), p.register(count));
                if nr == libc::SYS_getdents64 {
                    p.call(Call::<()>::new(libc::SYS_lseek).arg(fd).arg(0).arg(0));
                }
                p.call(Call::<()>::new(nr).arg(fd).arg(area).arg(count));
            },
            |came| assert_eq!(came.result, expected, "{nr} {count:#x}"),
        );
    }
}

/// SYSLET-9: no length, no offset and no string reaches beyond its area into the next.
#[test]
fn areas_are_kept_apart() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&[0xff; 32]).unwrap();
    let path = CString::new(file.path().to_str().unwrap()).unwrap();
    for (offset, length, expected) in [(0, 8, 8), (7, 1, 1), (0, 9, EFAULT), (7, 2, EFAULT), (9, 0, EFAULT)] {
        everywhere(
            |p| {
                let (path, area, next) = (p.path(&path), p.area(8), p.area(16));
                let (offset, length) = (p.register(offset), p.register(length));
                let fd = p.call(openat(libc::AT_FDCWD, path, libc::O_RDONLY, 0)).or_stop();
                let n = p.call(read(fd, area.plus(offset), length)).value();
                p.store(next.from(8), Width::U64, n);
                p.finally(close(fd));
            },
            |came| {
                assert_eq!(came.data()[8..16], [0; 8], "{offset} {length}");
                assert_eq!(came.data()[16..], expected.to_ne_bytes(), "{offset} {length}");
            },
        );
    }
    everywhere(
        |p| {
            let (all, area, _next) = (p.bytes(&[b'x'; 8]), p.area(8), p.area(8));
            let (seven, n) = (p.register(7), p.register(0));
            p.load(n, all, Width::U64);
            p.store(area, Width::U64, n);
            p.store(area.plus(seven), Width::U16, n);
            p.load(n, area.plus(seven), Width::U16);
            p.call(openat(libc::AT_FDCWD, area, libc::O_RDONLY, 0)).value();
        },
        |came| {
            assert_eq!(came.data(), [[b'x'; 8], [0; 8]].concat());
            let values: Vec<i64> = came.atoms()[2..].iter().map(|(.., value)| *value).collect();
            assert_eq!(values, [EFAULT; 3]);
        },
    );
}

/// SYSLET-9: what begins behind the end of an area is no area, however the program is compiled.
#[test]
#[should_panic(expected = "9 of 8 bytes")]
fn areas_end() {
    let built = syslet::program::Program::build(|p| assert!(p.area(8).from(9).is_empty()));
    assert!(built.is_err());
}

/// SYSLET-4, SYSLET-10: numbers of every width are read and written, wherever they stand; outside nothing is.
#[test]
fn numbers_in_memory() {
    let bytes = [0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9];
    let widths: [(Width, usize, i64); 8] = [
        (Width::U8, 1, 0xf2),
        (Width::I8, 1, -14),
        (Width::U16, 2, 0xf3f2),
        (Width::I16, 2, 0xf3f2 - 0x1_0000),
        (Width::U32, 4, 0xf5f4_f3f2),
        (Width::I32, 4, 0xf5f4_f3f2 - 0x1_0000_0000),
        (Width::U64, 8, 0xf9f8_f7f6_f5f4_f3f2_u64.cast_signed()),
        (Width::I64, 8, 0xf9f8_f7f6_f5f4_f3f2_u64.cast_signed()),
    ];
    for (width, len, expected) in widths {
        everywhere(
            |p| {
                let (from, to) = (p.bytes(&bytes), p.area(17));
                let (n, one, end) = (p.register(0), p.register(1), p.register(17 - len as u64 + 1));
                p.load(n, from.plus(one), width);
                p.store(to.from(9 - len), width, n);
                p.store(to.plus(end), width, n);
            },
            |came| {
                assert_eq!(came.end(), (EFAULT, DoneFlags::ENGINE_RESULT));
                assert_eq!(came.atoms()[0].3, expected);
                assert_eq!(&came.data()[9 - len..9], &bytes[1..=len]);
                assert_eq!(&came.data()[9..17], &[0; 8]);
            },
        );
    }
}

/// SYSLET-7: both ends of a pipe that the program has made are used, and closed.
#[test]
fn descriptors_in_memory() {
    everywhere(
        |p| {
            let (ends, word, buffer) = (p.area(8), p.bytes(b"word"), p.area(8));
            let (reads, writes) = (p.register(0), p.register(0));
            p.call(Call::<Number>::new(libc::SYS_pipe2).arg(ends).arg(libc::O_CLOEXEC)).or_stop();
            p.load(reads, ends, Width::I32);
            p.load(writes, ends.from(4), Width::I32);
            p.call(write(writes, word, 4)).value();
            p.call(read(reads, buffer, 8)).value();
            p.finally(close(reads));
            p.finally(close(writes));
        },
        |came| assert_eq!((came.end(), &came.data()[8..12]), ((4, DoneFlags::NONE), &b"word"[..])),
    );
}

//! The state a call meets: made fresh for each run, looked at afterwards, gone with the value.

use std::fmt::Write as _;
use std::fs;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::{Path, PathBuf};

use crate::block::Block;
use crate::case::Arg;
use crate::direct::sys;

/// What a run owns.
#[derive(Default)]
pub(crate) struct World {
    folder: Option<tempfile::TempDir>,
    fds: Vec<OwnedFd>,
    blocks: Vec<Block>,
    /// Ids and numbers that a later step needs.
    pub(crate) numbers: Vec<i64>,
    undo: Vec<Box<dyn FnOnce() + Send + Sync>>,
}

impl World {
    /// A folder with a file of twelve bytes, a subfolder and a link to the file.
    pub(crate) fn folder(&mut self) -> &Path {
        self.folder
            .get_or_insert_with(|| {
                let folder = tempfile::tempdir().expect("a temporary folder works");
                fs::write(folder.path().join("file"), b"twelve bytes").expect("a temporary folder works");
                fs::create_dir(folder.path().join("sub")).expect("a temporary folder works");
                let link = folder.path().join("link");
                std::os::unix::fs::symlink("file", link).expect("a temporary folder works");
                folder
            })
            .path()
    }

    /// Where a name in the folder is.
    pub(crate) fn at(&mut self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    /// The path of a name in the folder, as the kernel reads it.
    pub(crate) fn path(&mut self, name: &str) -> Arg {
        Arg::In([self.at(name).as_os_str().as_bytes(), b"\0"].concat())
    }

    /// A descriptor to close at the end.
    pub(crate) fn keep(&mut self, fd: impl Into<OwnedFd>) -> RawFd {
        self.fds.push(fd.into());
        self.fds[self.fds.len() - 1].as_raw_fd()
    }

    /// A new descriptor from a call.
    pub(crate) fn keep_raw(&mut self, result: i64) -> RawFd {
        let fd = RawFd::try_from(result).ok().filter(|fd| *fd >= 0).expect("a descriptor");
        self.keep(adopt(fd))
    }

    /// The descriptor kept as number `index`, or none.
    pub(crate) fn fd(&self, index: usize) -> i64 {
        self.fds.get(index).map_or(-1, |fd| fd.as_raw_fd().into())
    }

    /// The folder, open.
    pub(crate) fn dir(&mut self) -> RawFd {
        let dir = fs::File::open(self.folder()).expect("a temporary folder works");
        self.keep(dir)
    }

    /// The file, open for reading and writing.
    pub(crate) fn file(&mut self) -> RawFd {
        let path = self.at("file");
        let file = fs::File::options().read(true).write(true).open(path).expect("a temporary folder works");
        self.keep(file)
    }

    /// A pipe's two ends.
    pub(crate) fn pipe(&mut self) -> (RawFd, RawFd) {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        (self.keep(reader), self.keep(writer))
    }

    /// A pipe with these bytes in it.
    pub(crate) fn pipe_with(&mut self, bytes: &[u8]) -> (RawFd, RawFd) {
        let (reader, writer) = self.pipe();
        write(writer, bytes);
        (reader, writer)
    }

    /// Two connected stream sockets.
    pub(crate) fn streams(&mut self) -> (RawFd, RawFd) {
        let (one, other) = UnixStream::pair().expect("a pair");
        (self.keep(one), self.keep(other))
    }

    /// Two connected datagram sockets.
    pub(crate) fn datagrams(&mut self) -> (RawFd, RawFd) {
        let (one, other) = UnixDatagram::pair().expect("a pair");
        (self.keep(one), self.keep(other))
    }

    /// Memory with these bytes; gives its address. What the call changes in it is compared.
    pub(crate) fn block(&mut self, bytes: impl AsRef<[u8]>) -> u64 {
        let mut block = Block::new(bytes.as_ref());
        let address = block.address();
        self.blocks.push(block);
        address
    }

    /// The same as an argument.
    pub(crate) fn memory(&mut self, bytes: impl AsRef<[u8]>) -> Arg {
        Arg::Memory(self.block(bytes))
    }

    /// An array of one iovec: address and length of a block with these bytes.
    pub(crate) fn vector(&mut self, bytes: impl AsRef<[u8]>) -> Arg {
        let (len, at) = (bytes.as_ref().len() as u64, self.block(bytes));
        self.memory([at.to_ne_bytes(), len.to_ne_bytes()].concat())
    }

    /// A number for a later step; gives it back.
    pub(crate) fn note(&mut self, number: i64) -> i64 {
        self.numbers.push(number);
        number
    }

    /// A number noted before, or none.
    pub(crate) fn number(&self, index: usize) -> i64 {
        self.numbers.get(index).copied().unwrap_or(-1)
    }

    /// What to do at the end.
    pub(crate) fn undo(&mut self, undo: impl FnOnce() + Send + Sync + 'static) {
        self.undo.push(Box::new(undo));
    }

    /// Remembers the blocks as they are.
    pub(crate) fn snapshot(&mut self) {
        self.blocks.iter_mut().for_each(Block::snapshot);
    }

    /// Bytes of blocks that have changed, each block's in its own list.
    pub(crate) fn changed(&self) -> Vec<Vec<(usize, u8)>> {
        self.blocks.iter().map(Block::changed).collect()
    }

    /// Positions and flags of the descriptors, and what is in the folder.
    pub(crate) fn describe(&self) -> String {
        let mut text = String::new();
        for fd in &self.fds {
            let fd = fd.as_raw_fd();
            let flags = sys("fcntl", &[fd.into(), libc::F_GETFL.into()]);
            let position = sys("lseek", &[fd.into(), 0, libc::SEEK_CUR.into()]);
            let _ = writeln!(text, "descriptor: flags {flags:o}, at {position}");
        }
        if let Some(folder) = &self.folder {
            describe_folder(folder.path(), &mut text);
        }
        text
    }

    /// What stands for this state's own folder in a text.
    pub(crate) fn anonymous(&self, text: &str) -> String {
        let folder = self.folder.as_ref().map(|folder| folder.path().to_string_lossy().into_owned());
        folder.map_or_else(|| text.to_owned(), |folder| text.replace(&folder, "FOLDER"))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.undo.drain(..).rev().for_each(|undo| undo());
    }
}

/// Takes over a descriptor that a call has just made.
#[allow(unsafe_code, reason = "the one place where a raw result becomes an owner")]
pub(crate) fn adopt(fd: RawFd) -> OwnedFd {
    // SAFETY: callers pass what the kernel has just given them, to nobody else.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// Writes all of the bytes.
pub(crate) fn write(fd: RawFd, bytes: &[u8]) {
    let address = (bytes.as_ptr().expose_provenance() as u64).cast_signed();
    let len = i64::try_from(bytes.len()).expect("few");
    assert_eq!(sys("write", &[fd.into(), address, len]), len, "written");
}

/// Names, kinds, modes, owners, links, contents, and times that somebody has set to long ago.
fn describe_folder(folder: &Path, text: &mut String) {
    let mut names: Vec<_> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name()).collect();
    names.sort();
    for name in names {
        let path = folder.join(&name);
        let Ok(data) = fs::symlink_metadata(&path) else { continue };
        let (mode, links, owner) = (data.mode(), data.nlink(), (data.uid(), data.gid()));
        let _ = write!(text, "{} {mode:o} {links} {owner:?} {}", name.to_string_lossy(), data.rdev());
        for seconds in [data.atime(), data.mtime()].iter().filter(|seconds| **seconds < LONG_AGO) {
            let _ = write!(text, " time {seconds}");
        }
        let target = fs::read_link(&path).unwrap_or_default();
        let content = if data.is_file() { fs::read(&path).unwrap_or_default() } else { Vec::new() };
        let content = String::from_utf8_lossy(&content[..content.len().min(4096)]).into_owned();
        let _ = writeln!(text, " {} {target:?} {content:?}", data.size() * u64::from(!data.is_dir()));
    }
}

/// A time that no clock gives any more.
const LONG_AGO: i64 = 1_000_000_000;

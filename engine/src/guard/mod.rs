//! Guarded areas, in a build with `--cfg syslet_guard` only; `exec` and `program` enclose each call that they make.
//!
//! The bytes that each argument of a call reaches by its row are copied for the length of the call to a mapping of their own,
//! with known bytes around them and a page without access behind them. An access of the kernel's beyond the row is found in
//! every area that the argument can lie in. AddressSanitizer sees the accesses of the program only.

mod block;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use syslet_abi::{ArgKind, Call, RawResult};
use syslet_syscalls::{ArgType, Direction, RawArgs, Row, extents};

pub use block::Break;
use block::{Block, Ends};

/// Whether calls are guarded.
pub(crate) const IS_ON: bool = true;

/// `struct iovec`.
const ENTRY_BYTES: usize = 16;
/// `struct msghdr`: where the name, the vector and the control data are, each with its length behind it.
const MESSAGE: [usize; 3] = [0, 16, 32];
/// The vector among these.
const VECTOR: usize = 16;

/// One call that broke out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Broken {
    /// The call's number.
    pub nr: u32,
    /// Its argument; that of the last address for [`Break::Fault`].
    pub arg: usize,
    /// How.
    pub how: Break,
    /// Bytes that the argument reaches by its row.
    pub len: usize,
}

/// Whether areas end in front of a page of known bytes, not of a page that faults.
static IS_OPEN: AtomicBool = AtomicBool::new(false);
/// The calls that broke out, while they are collected.
static FOUND: Mutex<Option<Vec<Broken>>> = Mutex::new(None);

/// From now on areas end in front of known bytes instead of a page that faults: a write there is seen even if the kernel
/// would not have reported the fault.
pub fn set_open(is_open: bool) {
    IS_OPEN.store(is_open, Ordering::Relaxed);
}

/// From now on calls that break out are collected. Without that the first one aborts the process.
pub fn collect() {
    found(|found| *found = Some(Vec::new()));
}

/// The calls that have broken out since this was asked last.
#[must_use]
pub fn broken() -> Vec<Broken> {
    found(|found| found.as_mut().map(std::mem::take).unwrap_or_default())
}

fn found<T>(then: impl FnOnce(&mut Option<Vec<Broken>>) -> T) -> T {
    then(&mut FOUND.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
}

fn report(broken: Broken) {
    let is_collected = found(|found| found.as_mut().map(|found| found.push(broken)).is_some());
    // EFAULT is also the answer to an address that is bad on purpose: only a test that collects can tell them apart.
    if !is_collected && broken.how != Break::Fault {
        eprintln!("{broken:?} in {}", syslet_syscalls::row(broken.nr).map_or("?", |row| row.name));
        std::process::abort();
    }
}

/// The areas of one call, guarded until this is dropped.
#[derive(Debug)]
pub(crate) struct Guarded {
    nr: u32,
    blocks: Vec<(usize, Block)>,
    /// Whether all arguments that can be addresses lie in areas.
    is_whole: bool,
}

/// Copies the bytes that the arguments reach to guarded areas, and puts the addresses of these in `args`. `args` are addresses
/// made by [`resolve`](crate::exec::resolve).
pub(crate) fn enclose(row: Option<&Row>, call: &Call<'_>, args: &mut RawArgs) -> Guarded {
    let mut guarded = Guarded { nr: call.nr(), blocks: Vec::new(), is_whole: row.is_some() };
    let Some(row) = row else { return guarded };
    for (index, arg, len) in extents(row, call) {
        let address = row.narrow(args).get(index);
        if address == 0 {
            continue; // A vector of nothing.
        }
        let writes =
            matches!(arg.ty.direction(), Direction::Out | Direction::InOut) || arg.ty.has_addresses();
        let mut block = Block::new(address, len, ends(), writes);
        if arg.ty.has_addresses() {
            guarded.enclose_inner(arg.ty, index, &mut block);
        }
        args.set(index, block.address());
        guarded.blocks.push((index, block));
    }
    guarded.is_whole = row.args.iter().enumerate().all(|(index, arg)| {
        arg.ty.direction() == Direction::Value || call.kinds().get(index) != ArgKind::VALUE
    });
    guarded
}

fn ends() -> Ends {
    if IS_OPEN.load(Ordering::Relaxed) { Ends::Open } else { Ends::Shut }
}

impl Guarded {
    /// Encloses the areas that the structure in `block` names. Its offsets are addresses by now.
    fn enclose_inner(&mut self, ty: ArgType, index: usize, block: &mut Block) {
        let stride = match ty {
            ArgType::Gather | ArgType::Scatter => return self.enclose_vector(ty, index, block),
            ArgType::SendMessage | ArgType::ReceiveMessage => 56,
            _ => 64,
        };
        for header in (0..block.len() / stride).map(|at| at * stride) {
            for field in MESSAGE {
                let (at, count) = (block.word(header + field), block.word(header + field + 8));
                if at == 0 || count == 0 {
                    continue;
                }
                // A name's length has 32 bits.
                let count = if field == 0 { count & u64::from(u32::MAX) } else { count };
                let bytes = usize::try_from(count).expect("admission has checked it");
                let is_vector = field == VECTOR;
                let bytes = if is_vector { bytes * ENTRY_BYTES } else { bytes };
                let mut inner = Block::new(at, bytes, ends(), is_vector || ty.receives());
                if is_vector {
                    self.enclose_vector(ty, index, &mut inner);
                }
                block.set_word(header + field, inner.address());
                self.blocks.push((index, inner));
            }
        }
    }

    fn enclose_vector(&mut self, ty: ArgType, index: usize, vector: &mut Block) {
        for entry in (0..vector.len() / ENTRY_BYTES).map(|at| at * ENTRY_BYTES) {
            let (at, len) = (vector.word(entry), vector.word(entry + 8));
            if at != 0 && len != 0 {
                let len = usize::try_from(len).expect("admission has checked it");
                let inner = Block::new(at, len, ends(), ty.receives());
                vector.set_word(entry, inner.address());
                self.blocks.push((index, inner));
            }
        }
    }

    /// The call is over, or has come to a pause: its writes go to where they belong, and writes beyond the row are reported.
    pub(crate) fn leave(&mut self, result: Option<RawResult>) {
        let nr = self.nr;
        for (arg, block) in &mut self.blocks {
            let (arg, len) = (*arg, block.len());
            block.leave().into_iter().for_each(|how| report(Broken { nr, arg, how, len }));
        }
        let is_fault = result == Some(RawResult(-i64::from(libc::EFAULT)));
        if let (true, true, Some((arg, block))) = (is_fault, self.is_whole, self.blocks.last()) {
            report(Broken { nr, arg: *arg, how: Break::Fault, len: block.len() });
        }
    }
}

//! Arguments by address: each buffer with a guard behind it, which no call may touch.

use syslet::syscalls::{Arg as RowArg, Len, Row};

use crate::case::Arg;

/// How far a call may be caught writing beyond its buffer.
const GUARD_BYTES: usize = 512;
const GUARD: u8 = 0xee;

/// The buffers of one run.
pub(crate) struct Buffers {
    pub(crate) raw: [u64; 6],
    memory: Vec<Option<Vec<u8>>>,
}

impl Buffers {
    /// Buffers for these arguments; room for what the call writes is filled with `fill`.
    pub(crate) fn new(args: &[Arg], fill: u8) -> Buffers {
        let mut memory: Vec<Option<Vec<u8>>> = args
            .iter()
            .map(|arg| match arg {
                Arg::In(bytes) | Arg::InOut(bytes) => Some(guarded(bytes.clone())),
                Arg::Out(len) => Some(guarded(vec![fill; len.unwrap_or_default()])),
                Arg::Value(_) | Arg::Memory(_) => None,
            })
            .collect();
        let mut raw = [0; 6];
        for ((raw, arg), memory) in raw.iter_mut().zip(args).zip(&mut memory) {
            *raw = match (arg, memory) {
                (Arg::Value(value) | Arg::Memory(value), _) => *value,
                (_, Some(memory)) => memory.as_mut_ptr().expose_provenance() as u64,
                (_, None) => unreachable!("every other argument has memory"),
            };
        }
        Buffers { raw, memory }
    }

    /// What the call has left in what it writes, in the arguments' order; panics where it wrote beyond.
    pub(crate) fn outs(&self, args: &[Arg]) -> Vec<(usize, Vec<u8>)> {
        let mut outs = Vec::new();
        for (index, (arg, memory)) in args.iter().zip(&self.memory).enumerate() {
            let Some(memory) = memory else { continue };
            let (bytes, guard) = memory.split_at(memory.len() - GUARD_BYTES);
            let touched = guard.iter().rposition(|byte| *byte != GUARD).map_or(0, |at| at + 1);
            assert_eq!(touched, 0, "bytes written behind argument {index}");
            match arg {
                Arg::In(given) => assert_eq!(bytes, given, "argument {index} is only read"),
                _ => outs.push((index, bytes.to_vec())),
            }
        }
        outs
    }
}

fn guarded(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.resize(bytes.len() + GUARD_BYTES, GUARD);
    bytes
}

/// Gives every out argument without a length the one that the row says.
pub(crate) fn size(row: &Row, args: &mut [Arg]) {
    for index in 0..args.len() {
        if args[index] == Arg::Out(None) {
            let len = said(row, args, index);
            let len = len.unwrap_or_else(|| panic!("{}: argument {index} has no length", row.name));
            // A bad count is not believed.
            args[index] = Arg::Out(Some(len.min(1 << 16)));
        }
    }
}

/// What the row says of an argument, as the others make it.
pub(crate) fn formed<'a>(row: &'a Row, args: &[Arg], index: usize) -> &'a RowArg {
    row.args[index].formed(|by| match args.get(by) {
        Some(Arg::Value(value)) => Some(*value),
        _ => None,
    })
}

/// As many bytes as the row says that the argument has.
fn said(row: &Row, args: &[Arg], index: usize) -> Option<usize> {
    let number = |by: u8| match args.get(usize::from(by)) {
        Some(Arg::InOut(bytes)) => u32::from_ne_bytes(bytes[..4].try_into().expect("four")) as usize,
        _ => 0,
    };
    Some(match formed(row, args, index).len {
        Len::Const(bytes) => bytes as usize,
        Len::Arg(by) => counted(args, by),
        Len::Plus(by, more) => counted(args, by) + more as usize,
        Len::Times(by, each) => counted(args, by) * each as usize,
        Len::Bits(by) => counted(args, by).div_ceil(64) * 8,
        Len::ArgLeast(by, least) => counted(args, by).max(least as usize),
        Len::At(by) => number(by),
        Len::AtLeast(by, least) => number(by).max(least as usize),
        Len::AtTimes(by, each) => number(by) * each as usize,
        Len::Pages(by) => counted(args, by).div_ceil(4096),
        Len::None | Len::Nul | Len::Sized(..) | Len::Headed(_) | Len::Counted { .. } => return None,
    })
}

/// Whether a case gives as many bytes as the row says that the call reads; more only where it counts them itself.
pub(crate) fn check_given(row: &Row, args: &[Arg]) {
    for (index, arg) in args.iter().enumerate() {
        let (Arg::In(given) | Arg::InOut(given)) = arg else { continue };
        let Some(said) = said(row, args, index) else { continue };
        let len = formed(row, args, index).len;
        let counts = matches!(len, Len::Arg(_) | Len::ArgLeast(..) | Len::At(_));
        let fits = if counts { given.len() >= said } else { given.len() == said };
        assert!(fits, "argument {index} has {} bytes, and the row says {said}", given.len());
    }
}

fn counted(args: &[Arg], by: u8) -> usize {
    match args.get(usize::from(by)) {
        Some(Arg::Value(value)) => usize::try_from(*value).unwrap_or(usize::MAX).min(1 << 16),
        _ => 0,
    }
}

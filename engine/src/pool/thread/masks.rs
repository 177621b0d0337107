//! Calls that carry a signal mask. For as long as such a call sleeps, its mask is the worker's, and one that blocks
//! the C library's own signals would make the application's next setuid wait for the worker. So the call gets a copy
//! of its mask without them.
//!
//! The caller's memory is read by process_vm_readv, for which a bad address is an error and no fault. Where the
//! system does not allow that call, masks stay as they are.

#[cfg(test)]
mod tests;

use std::ffi::c_long;
use std::io::IoSliceMut;
use std::ptr;

use nix::sys::uio::{RemoteIoVec, process_vm_readv};
use nix::unistd::getpid;
use syslet_syscalls::{RawArgs, row};

use crate::stop::signal;

/// Signals that no worker ever blocks: the C library's, for cancelling threads and for setuid; and the engine's own.
fn never_blocked() -> impl Iterator<Item = i32> {
    [32, 33].into_iter().chain(signal::number())
}

/// What libc has no name for.
const IO_PGETEVENTS: c_long = if cfg!(target_arch = "x86_64") { 333 } else { 292 };

/// Bytes of a signal mask; the kernel refuses every other size.
const MASK_BYTES: u64 = size_of::<u64>() as u64;

/// Where a call has its mask.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    /// The address is this argument, the size the next.
    Arguments(usize),
    /// This argument is the address of both, one behind the other.
    Packed(usize),
}

impl Place {
    fn of(nr: u32) -> Option<Place> {
        match c_long::from(nr) {
            libc::SYS_rt_sigsuspend => Some(Place::Arguments(0)),
            libc::SYS_ppoll => Some(Place::Arguments(3)),
            libc::SYS_epoll_pwait | libc::SYS_epoll_pwait2 => Some(Place::Arguments(4)),
            libc::SYS_pselect6 | IO_PGETEVENTS => Some(Place::Packed(5)),
            _ => None,
        }
    }
}

/// The arguments of a call whose mask was changed, and the mask itself.
#[derive(Debug)]
pub(crate) struct Softened {
    args: RawArgs,
    place: Place,
    mask: u64,
    /// Address and size of the mask, for calls that take the address of both.
    pack: [u64; 2],
}

/// What the call is to be made with in a worker. `None` leaves it as it is: it carries no mask, or one that the kernel
/// is going to refuse.
pub(crate) fn soften(nr: u32, args: &RawArgs) -> Option<Softened> {
    let place = Place::of(nr)?;
    let seen = row(nr)?.narrow(args);
    let [address, size] = match place {
        Place::Arguments(at) => [seen.get(at), seen.get(at + 1)],
        Place::Packed(at) => read_words(seen.get(at))?,
    };
    if size != MASK_BYTES {
        return None;
    }
    let [mask] = read_words(address)?;
    let mask = never_blocked().fold(mask, |mask, signal| mask & !(1 << (signal - 1)));
    Some(Softened { args: *args, place, mask, pack: [0, MASK_BYTES] })
}

impl Softened {
    /// The arguments. They point into `self`, which must stay where it is, and unused, until the call is over.
    pub(crate) fn args(&mut self) -> RawArgs {
        let mask = ptr::from_ref(&self.mask).expose_provenance() as u64;
        let mut args = self.args;
        match self.place {
            Place::Arguments(at) => args.set(at, mask),
            Place::Packed(at) => {
                self.pack[0] = mask;
                args.set(at, ptr::from_ref(&self.pack).expose_provenance() as u64);
            }
        }
        args
    }
}

/// Copies words from an address that may be anything.
fn read_words<const N: usize>(address: u64) -> Option<[u64; N]> {
    let mut words = [0; N];
    let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut words);
    let remote = RemoteIoVec { base: usize::try_from(address).ok()?, len: bytes.len() };
    let wanted = bytes.len();
    let read = process_vm_readv(getpid(), &mut [IoSliceMut::new(bytes)], &[remote]);
    (read == Ok(wanted)).then_some(words)
}

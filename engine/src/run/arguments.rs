//! The arguments of a call as the kernel gets them.

use syslet_abi::{ARGS_MAX, ArgKind, Call, Inout};
use syslet_syscalls::{Bases, Row, build};

/// The arguments as the kernel gets them: offsets become addresses in the record and the out area, structures with
/// offsets in them become others, in `built`.
pub(crate) fn resolve(
    row: Option<&Row>,
    call: &Call<'_>,
    out: &mut [u8],
    built: &mut Vec<u64>,
) -> [u64; ARGS_MAX] {
    let kinds = call.kinds();
    let mut args = call.args();
    if kinds.all_values() {
        return args;
    }
    let data = call.data().as_ptr().expose_provenance() as u64;
    let out = out.as_mut_ptr().expose_provenance() as u64;
    for (index, arg) in args.iter_mut().enumerate().take(call.argc()) {
        *arg = match kinds.get(index) {
            ArgKind::IN => data + *arg,
            ArgKind::OUT => out + *arg,
            ArgKind::INOUT => out + u64::from(Inout::unpack(*arg).out),
            _ => *arg,
        };
    }
    if let Some(row) = row.filter(|row| row.is_built) {
        build(row, call, Bases { data, out }, built, &mut args);
    }
    args
}

//! What the decoder prints. The expected lines are those of strace, but for the differences that specs/decode.md lists.

mod calls;
mod events;
mod files;
mod hostile;
mod processes;
mod programs;
mod properties;
mod refused;
mod results;
mod sockets;
mod vectors;

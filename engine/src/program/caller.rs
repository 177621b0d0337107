//! What the machine asks of the thread that has the program.

use syslet_abi::Atom;

use crate::program::interpreter::Interpreter;
use crate::program::value::Value;

/// Who makes the calls of a program.
pub(crate) trait Caller {
    /// Makes the call of atom `index`; nothing when somebody else has to go on from there.
    fn call(&mut self, interpreter: &mut Interpreter, atom: &Atom<'_>, index: usize) -> Option<Value>;

    /// Runs the members of the group that begins behind atom `index`; gives how many have succeeded. Nothing as above.
    fn together(&mut self, interpreter: &mut Interpreter, index: usize) -> Option<Value>;

    /// What the submission brought.
    fn data(&self) -> &[u8];

    /// The out area.
    fn out(&mut self) -> &mut [u8];

    /// Whether the program is to stop.
    fn is_cancelled(&self) -> bool;

    /// No cancel reaches the program from here on.
    fn shield(&mut self);
}

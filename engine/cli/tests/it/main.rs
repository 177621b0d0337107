//! The command as a person runs it: real files, real output, real exit codes.

mod document;
mod ending;
mod files;
mod json;
mod order;
mod probe;
mod scripts;
mod syslet;
mod table;
mod text;

//! The command as a person runs it: real files, real output, real exit codes.

mod document;
mod ending;
mod files;
mod generated;
mod group_scripts;
mod groups;
mod json;
mod numbers;
mod order;
mod probe;
mod scripts;
mod syslet;
mod table;
mod text;
mod valgrind;

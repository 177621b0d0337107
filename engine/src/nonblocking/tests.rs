//! Each twin beside the plain call, on files of the same kind.

mod rig;

mod choice;
mod reads;
mod positions;
mod writes;
mod receives;
mod sends;
mod non_blocking;
mod waits;
mod again;
mod children;
mod locks;
mod sleeps;
mod limits;
mod widths;
mod edge;

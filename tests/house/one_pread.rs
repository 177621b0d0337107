//! One `pread64` in the form of the README, run inline: `house --executed` counts the files that it executes.

use std::sync::Arc;

use syslet::{Config, Engine, Params, Ring, Submission};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engine = Engine::start(Config::default())?;
    let mut ring = engine.ring(&Params::default())?;
    let file = Arc::new(std::fs::File::open("/etc/os-release")?);
    // The probe of a kind of file and the first growth of a buffer happen once: they are no part of a call.
    for round in 0..4 {
        let seen = if round == 3 { one_pread(&mut ring, &file)? } else { warm_up(&mut ring, &file)? };
        assert!(seen > 0, "the file has bytes");
    }
    Ok(())
}

/// The stretch that is counted; its name tells valgrind where.
#[inline(never)]
fn one_pread(ring: &mut Ring, file: &Arc<std::fs::File>) -> Result<usize, Box<dyn std::error::Error>> {
    warm_up(ring, file)
}

fn warm_up(ring: &mut Ring, file: &Arc<std::fs::File>) -> Result<usize, Box<dyn std::error::Error>> {
    let call = Submission::call(libc::SYS_pread64).lend(file).output(64).value(64).value(0);
    ring.push_safe(&call.timing().user_data(1).build())?;
    ring.submit_and_wait(1)?;
    let mut seen = 0;
    for done in ring.completions() {
        seen += done.data().map_or(0, <[u8]>::len);
    }
    Ok(seen)
}

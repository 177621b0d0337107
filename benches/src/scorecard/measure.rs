//! Measuring one ground: all ways that its goals name, in the same rounds. Called by the scorecard, once for each ground.

use crate::busy::{Busy, allowed};
use crate::compare::{Turns, batch_calls, rounds_of};
use crate::turn::Entrant;
use crate::{chains, contender, workload};

use super::goals::{Cores, Ground, Work};

/// A way of doing the work, by name, with its turns or the reason why there are none.
pub(super) type Ran = (&'static str, Result<Turns, String>);

/// All ways of one ground, or the reason why this machine does not have the ground.
pub(super) type Measured = Result<Vec<Ran>, String>;

/// Measures `ways` in so many rounds.
///
/// # Errors
/// When one of them fails, or gives another result than it must.
pub(super) fn measure(ground: Ground, ways: &[&str], rounds: usize) -> Result<Measured, String> {
    if ground.cores != Cores::Any && allowed().len() < 2 {
        return Ok(Err("there is no other core".to_owned()));
    }
    let busy = (ground.cores == Cores::Busy).then(Busy::begin).transpose();
    let busy = busy.map_err(|error| error.to_string())?;
    let ran = match ground.work {
        Work::Calls(name, depth) => calls(name, depth, ways, rounds),
        Work::Chain(name) => chain(name, ways, rounds),
    };
    drop(busy);
    ran.map(Ok)
}

fn calls(name: &str, depth: usize, ways: &[&str], rounds: usize) -> Result<Vec<Ran>, String> {
    let kind = workload::ALL.iter().find(|kind| kind.name == name).ok_or("no such workload")?;
    let mut workload = (kind.prepare)(depth).map_err(|error| error.to_string())?;
    let batch = workload.batch(batch_calls(depth));
    let (mut entrants, mut ran) = (Vec::new(), Vec::new());
    for kind in contender::ALL.iter().filter(|kind| ways.contains(&kind.name)) {
        match (kind.prepare)(depth, &batch) {
            Ok(contender) => entrants.push(Entrant { name: kind.name, contender }),
            Err(reason) => ran.push((kind.name, Err(reason))),
        }
    }
    let turns = rounds_of(&batch, &mut entrants, rounds)?;
    ran.extend(entrants.iter().zip(turns).map(|(entrant, turns)| (entrant.name, Ok(turns))));
    Ok(ran)
}

fn chain(name: &str, ways: &[&str], rounds: usize) -> Result<Vec<Ran>, String> {
    let kind = chains::ALL.iter().find(|kind| kind.name == name).ok_or("no such chain")?;
    let work = (kind.prepare)().map_err(|error| error.to_string())?;
    let (mut doers, mut ran) = (Vec::new(), Vec::new());
    for (name, doer) in work.doers.into_iter().filter(|(name, _)| ways.contains(name)) {
        match doer {
            Ok(doer) => doers.push((name, doer)),
            Err(reason) => ran.push((name, Err(reason))),
        }
    }
    let turns = chains::rounds_of(&mut doers, work.pieces, work.bytes, rounds)?;
    ran.extend(doers.iter().zip(turns).map(|((name, _), turns)| (*name, Ok(turns))));
    Ok(ran)
}

//! What the workers are: found by the starter, which is confined as they are, and asked again as long as the system lacks
//! what is needed to find it.

use std::io;
use std::os::fd::OwnedFd;

use nix::unistd::gettid;

use crate::confinement::calls::Answers;
use crate::confinement::files::{self, ThreadFiles};
use crate::confinement::landlock;
use crate::confinement::raw::{self, Place};
use crate::confinement::tables::Tables;
use crate::confinement::{Comparison, Confine, Source};
use crate::nonblocking::{Abilities, Ability, NonBlocking};

/// What a comparison needs to know of the workers.
#[derive(Debug)]
pub(crate) struct Workers {
    pub(crate) tables: Tables,
    /// No call and no other thread changes those of a thread.
    pub(crate) securebits: i64,
    pub(crate) by: By,
}

/// How it is found out what a thread may do.
#[derive(Debug)]
pub(crate) enum By {
    /// From /proc: where it is, and what it tells of the starter.
    Files { proc: OwnedFd, monitor: ThreadFiles },
    /// It is not there: threads ask for themselves.
    Calls,
}

/// What the starter says of itself when it is asked: what a submitter cannot find out from outside.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    pub(crate) answers: Answers,
    pub(crate) places: Option<[Place; 2]>,
    /// Only where that is compared.
    pub(crate) layers: Option<u32>,
}

impl Workers {
    /// Called by the starter.
    ///
    /// # Errors
    /// What the system lacks: it may have it later.
    /// It sees no less than one of `before`: what was found with /proc is not found without.
    pub(crate) fn of_this_thread(abilities: Abilities, before: Option<&Workers>) -> io::Result<Workers> {
        let tables = Tables::of_this_thread(gettid().as_raw(), abilities.has(Ability::Kcmp))?;
        let securebits = raw::securebits()?;
        let opened = files::proc().and_then(|proc| {
            let monitor = ThreadFiles::of_this_thread(&proc)?;
            monitor.status(&mut Vec::new())?;
            monitor.namespaces()?;
            Ok(By::Files { proc, monitor })
        });
        let by = match opened {
            Err(error) if is_shortage(&error) => return Err(error),
            // A filter may kill who asks for these ids.
            Err(error) if !abilities.has(Ability::FsIds) && abilities.abilities() != NonBlocking::Off => {
                return Err(error);
            }
            Err(error) if before.is_some_and(Workers::is_by_files) => return Err(error),
            Err(_) => By::Calls,
            Ok(by) => by,
        };
        Ok(Workers { tables, securebits, by })
    }

    pub(crate) fn is_by_files(&self) -> bool {
        matches!(self.by, By::Files { .. })
    }

    /// Called by the starter: whether all that it has open is still what it was.
    pub(crate) fn is_whole(&self) -> bool {
        let has_files = match &self.by {
            By::Files { proc, monitor } => monitor.is_whole() && ThreadFiles::of_this_thread(proc).is_ok(),
            By::Calls => true,
        };
        has_files && self.tables.has_same_files(gettid().as_raw()).unwrap_or(false)
    }

    /// How submitters are compared with them.
    pub(crate) fn comparison(&self, confine: Confine) -> Comparison {
        Comparison {
            threads: if matches!(self.by, By::Files { .. }) { Source::Status } else { Source::Calls },
            tables: if self.tables.is_by_kcmp() { Source::Kcmp } else { Source::Locks },
            landlock: confine == Confine::Strict,
        }
    }
}

impl Told {
    /// Called by the starter.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn of_this_thread(confine: Confine) -> io::Result<Told> {
        let mut told = Told::default();
        told.answers.ask()?;
        told.places = raw::places().ok();
        if confine == Confine::Strict {
            told.layers = Some(landlock::layers()?);
        }
        Ok(told)
    }
}

/// Whether the system may have later what it lacks now.
fn is_shortage(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE | libc::ENOMEM))
}

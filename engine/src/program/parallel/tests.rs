//! A parallel group without a pool: a double stands in the place of the host, and notes the stops that the group asks for.
#![allow(unsafe_code, reason = "makes the calls of a group")]

use std::thread;

use syslet_attrs::{Registry, RunBy};
use syslet_syscalls::RawArgs;

use crate::Submission;
use crate::exec::attributes::AttributeContext;
use crate::exec::claim::Why;
use crate::exec::usage::Counters;
use crate::program::interpreter::Value;
use crate::program::member::{Member, Name};
use crate::program::one_call::{By, Tools};
use crate::program::parallel::{Host, ParallelGroup, Place, RingPrograms, Team};
use crate::slots::maker::Maker;
use crate::slots::phase::Stop;
use crate::sys::activity::Activity;
use crate::sys::sync::{Arc, AtomicBool, AtomicU32, Mutex, Ordering, lock};

/// A host that stops calls without signals, and notes each.
#[derive(Debug, Default)]
struct Double {
    stopped: Mutex<Vec<(Arc<Member>, Stop)>>,
    sleeps: AtomicBool,
}

impl Host for Double {
    fn share(&self) {
        unreachable!("a group is shared where it is made");
    }

    fn will_sleep(&self, _: &Activity) {
        self.sleeps.store(true, Ordering::Release);
    }

    fn stop(&self, member: &Arc<Member>) -> Stop {
        let found = member.stop(Why::Asked);
        lock(&self.stopped).push((Arc::clone(member), found));
        found
    }

    fn stop_at(&self, _: u64, _: &Arc<Member>) {
        unreachable!("no call of these groups has a deadline");
    }

    fn is_in_haste(&self) -> bool {
        false
    }
}

/// The double, and the calls of a ring's programs.
struct Rig {
    host: Double,
    programs: RingPrograms,
    activity: Activity,
    context: AttributeContext,
}

const PROGRAM: u64 = 7;

impl Rig {
    fn new() -> Rig {
        Rig {
            host: Double::default(),
            programs: RingPrograms::default(),
            activity: Activity::new(),
            context: AttributeContext { registry: Registry::built_in(), trace: None },
        }
    }

    fn team(&self) -> Team<'_> {
        let (host, programs, activity) = (&self.host, &self.programs, &self.activity);
        Team { host, programs, activity, maker: Maker::default(), may_share: true }
    }

    /// A group of so many getppid, as the thread that has the program adds it.
    fn group(&self, calls: usize, enough: u64) -> Arc<ParallelGroup> {
        let words = || bytemuck::pod_collect_to_vec(Submission::call(libc::SYS_getppid).build().bytes());
        let name = |atom| Name { program: PROGRAM, atom };
        let place = |atom| Place::new(words(), RawArgs::default(), (name(atom), 0), None);
        let group = Arc::new(ParallelGroup::new((0..calls).map(place).collect(), enough));
        self.programs.groups.add(&group);
        group
    }

    /// Joins the group, as the thread that has the program does.
    fn join(&self, group: &ParallelGroup) {
        let mut tools = Tools {
            context: &self.context,
            counters: &mut Counters::default(),
            returns: &mut Vec::new(),
            by: By { is_pooled: true, run_by: RunBy::POOLED, abilities: None, is_leaving: false },
            hold: None,
            team: Some(self.team()),
        };
        // SAFETY: getppid has no arguments and changes nothing.
        unsafe { tools.join(group, self.team(), &AtomicU32::new(0)) };
    }

    /// The findings of the stops.
    fn found(&self) -> Vec<Stop> {
        lock(&self.host.stopped).iter().map(|(_, found)| *found).collect()
    }
}

fn parent() -> Value {
    Value::plain(u64::from(std::os::unix::process::parent_id()))
}

/// SYSLET-26: as soon as enough have succeeded every call of the group is stopped, and those that have not begun are not made.
#[test]
fn enough_successes_stop_the_others() {
    let rig = Rig::new();
    let group = rig.group(4, 2);
    rig.join(&group);
    assert_eq!(group.succeeded(), 2);
    let came = [0, 1, 2, 3].map(|index| group.came(index).0);
    assert_eq!(came, [parent(), parent(), Value::cancelled(), Value::cancelled()]);
    let found = rig.found();
    assert_eq!(found.len(), 4, "each call of the group: {found:?}");
    assert!(found[..2].iter().all(|found| *found != Stop::Removed), "these were over: {found:?}");
    assert_eq!(found[2..], [Stop::Removed; 2]);
}

/// SYSLET-26: without a number all calls are made, none is stopped, and the group waits for the call that another thread makes.
#[test]
fn all_are_made_and_waited_for() {
    let rig = Rig::new();
    let group = rig.group(3, 0);
    let elsewhere = group.take().expect("no call was taken before");
    thread::scope(|scope| {
        scope.spawn(|| {
            while !rig.host.sleeps.load(Ordering::Acquire) {
                thread::yield_now();
            }
            *lock(&group.places[elsewhere].came) = Some((Value::plain(1), Vec::new()));
            group.finish(elsewhere, rig.team());
        });
        rig.join(&group);
    });
    assert_eq!(group.succeeded(), 3);
    assert_eq!([0, 1, 2].map(|index| group.came(index).0), [Value::plain(1), parent(), parent()]);
    assert_eq!(rig.found(), []);
}

/// POOL-17: a call whose worker dies is over with EOWNERDEAD, is no success, and is not found any more.
#[test]
fn a_dead_workers_call_is_over() {
    let rig = Rig::new();
    let group = rig.group(2, 0);
    let index = group.take().expect("no call was taken before");
    let place = &group.places[index];
    assert!(place.member.begin(Maker::default()), "the worker begins the call");
    rig.programs.running.add(place.name, &place.member);
    group.reap(index, rig.team());
    rig.join(&group);
    assert!(rig.programs.running.find(place.name).is_none());
    assert!(place.member.is_over());
    assert_eq!(group.succeeded(), 1);
    assert_eq!([0, 1].map(|index| group.came(index).0), [Value::error(libc::EOWNERDEAD), parent()]);
}

/// SYSLET-37: when the worker that has the program dies, calls that have not begun are not made, and all others are stopped and waited
/// for.
#[test]
fn an_orphaned_group_is_stopped() {
    let rig = Rig::new();
    let group = rig.group(3, 0);
    let elsewhere = group.take().expect("no call was taken before");
    group.orphan(rig.team());
    assert!(rig.programs.groups.of(PROGRAM).is_none() && rig.programs.groups.is_empty());
    assert_eq!(rig.found().len(), 3);
    assert!(!group.has_more());
    thread::scope(|scope| {
        scope.spawn(|| {
            while !rig.host.sleeps.load(Ordering::Acquire) {
                thread::yield_now();
            }
            group.finish(elsewhere, rig.team());
        });
        group.outlast(Some(rig.team()));
    });
    assert_eq!([1, 2].map(|index| group.came(index).0), [Value::cancelled(); 2]);
}

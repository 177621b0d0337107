//! Loom models of a held call: its owner makes calls one after the other while the monitor kicks, over a model of the kernel's pending
//! signal. The heavy side of the barrier stands as a fence on both sides: loom has no membarrier.
//! Run by `--cfg syslet_loom` test builds.

use loom::thread;

use super::{HeldCall, Hold, Watching, word};
use crate::sys::barrier::Barrier;
use crate::sys::sync::{Arc, AtomicBool, AtomicU32, Ordering};

const CALL: HeldCall = HeldCall { nr: 257, first: 0, tid: 7 };

/// A hold, and the signal that is pending on its owner.
struct Model {
    hold: Hold,
    pending: AtomicBool,
}

impl Model {
    fn new() -> Arc<Model> {
        let hold = Hold::new(Barrier::Mutual, None);
        Arc::new(Model { hold, pending: AtomicBool::new(false) })
    }

    /// A thread that enters the kernel takes the pending signal on its way out.
    fn enter_kernel(&self) -> bool {
        self.pending.swap(false, Ordering::AcqRel)
    }

    /// The owner makes one call, which is short; says whether it was taken out of it.
    fn make(&self) -> bool {
        assert!(self.hold.enter(CALL));
        let is_stopped = self.hold.word().load(Ordering::Acquire) != 0;
        let was_hit = self.enter_kernel();
        let was_kicked = is_stopped || was_hit && self.hold.word().load(Ordering::Acquire) != 0;
        assert!(was_kicked || !was_hit, "a signal that meets a call finds its word set");
        self.hold.leave(|| drop(self.enter_kernel()));
        was_kicked
    }

    /// One look of the monitor, and its kick.
    fn look(&self) -> bool {
        let glance = self.hold.glance();
        glance.is_inside()
            && self.hold.kick(glance, word::RESTARTED, || {
                self.pending.store(true, Ordering::Release);
                true
            })
    }
}

/// KICK-6: at whatever moment the kick comes, behind a held call no signal is pending and the word is clear, so neither the code there nor
/// the next call is met.
#[test]
fn loom_a_late_signal_meets_nothing() {
    loom::model(|| {
        let model = Model::new();
        let monitor = {
            let model = Arc::clone(&model);
            thread::spawn(move || model.look())
        };
        let mut kicked = 0;
        for _ in 0..2 {
            kicked += u32::from(model.make());
            assert!(!model.pending.load(Ordering::Acquire), "a signal behind the call");
            assert_eq!(model.hold.word().load(Ordering::Relaxed), 0, "the next call would be stopped");
        }
        let was_sent = monitor.join().unwrap();
        assert!(!model.pending.load(Ordering::Acquire));
        assert!(kicked <= u32::from(was_sent), "one kick, one call");
    });
}

/// KICK-7: of the monitor that stops looking and an owner that begins a call, one sees the other.
#[test]
fn loom_the_monitor_does_not_sleep_over_a_call() {
    loom::model(|| {
        let asked = Arc::new(AtomicU32::new(0));
        let watching = {
            let asked = Arc::clone(&asked);
            Arc::new(Watching::new(move || drop(asked.fetch_add(1, Ordering::Relaxed))))
        };
        watching.set(true);
        let hold = Arc::new(Hold::new(Barrier::Mutual, Some(Arc::clone(&watching))));
        let owner = {
            let hold = Arc::clone(&hold);
            thread::spawn(move || drop(hold.enter(CALL)))
        };
        watching.set(false);
        let is_seen = hold.settle().is_inside();
        owner.join().unwrap();
        assert!(is_seen || asked.load(Ordering::Relaxed) == 1, "a call that no thread looks at");
    });
}

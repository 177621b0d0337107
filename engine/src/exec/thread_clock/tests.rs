use super::*;

/// A thread whose readings take 100 ns each, and that counts how often its account is asked for.
#[derive(Default)]
struct Told {
    thread: u64,
    now_ns: u64,
    /// Of that, the time without a processor.
    away_ns: u64,
    switches: u64,
    accounts: u32,
}

impl Told {
    /// Goes away for so long.
    fn sleep(&mut self, ns: u64) {
        (self.now_ns, self.away_ns, self.switches) = (self.now_ns + ns, self.away_ns + ns, self.switches + 1);
    }

    fn compute(&mut self, ns: u64) {
        self.now_ns += ns;
    }
}

impl Readings for Told {
    fn thread(&mut self) -> u64 {
        self.thread
    }

    fn now_ns(&mut self) -> u64 {
        self.compute(100);
        self.now_ns
    }

    fn account_ns(&mut self) -> u64 {
        self.accounts += 1;
        self.compute(100);
        self.now_ns - self.away_ns
    }

    fn counts(&mut self, spent: &mut Spent) {
        self.compute(100);
        (spent.voluntary_switches, spent.involuntary_switches) =
            (self.switches / 2, self.switches.div_ceil(2));
    }
}

/// The time on the processor of a call that does this.
fn cpu_ns(clock: &mut ThreadClock, told: &mut Told, call: impl FnOnce(&mut Told)) -> u64 {
    let first = clock.first(told);
    call(told);
    clock.last(told, &first).since(&first).cpu_ns
}

/// ATTR-104: of calls that stay on the processor the first asks for the thread's account, and the others go on with it.
#[test]
fn a_thread_that_stays_is_asked_once() {
    let (mut clock, mut told) = (ThreadClock::default(), Told::default());
    for _ in 0..100 {
        let spent = cpu_ns(&mut clock, &mut told, |told| told.compute(5_000));
        assert_eq!(spent, 5_100, "the call, and the reading at its end");
    }
    assert_eq!(told.accounts, 1);
}

/// ATTR-104: a call that sleeps is told from its time on the processor, and asks once, at its end.
#[test]
fn a_sleep_is_not_on_the_processor() {
    let (mut clock, mut told) = (ThreadClock::default(), Told::default());
    cpu_ns(&mut clock, &mut told, |_| ());
    for asked in 2..100 {
        let spent = cpu_ns(&mut clock, &mut told, |told| {
            told.compute(3_000);
            told.sleep(1_000_000);
            told.compute(2_000);
        });
        assert!((5_000..=5_200).contains(&spent), "{spent}");
        assert_eq!(told.accounts, asked, "the account at its end serves the next one as well");
    }
}

/// ATTR-104: no account is gone on with after a switch, in another thread, or for long.
#[test]
fn an_account_is_gone_on_with_where_it_holds() {
    let (mut clock, mut told) = (ThreadClock::default(), Told::default());
    let mut asked_behind = |between: fn(&mut Told)| {
        cpu_ns(&mut clock, &mut told, |_| ());
        let before = told.accounts;
        between(&mut told);
        let spent = cpu_ns(&mut clock, &mut told, |told| {
            told.compute(700);
            told.sleep(900);
        });
        assert!((700..=900).contains(&spent), "{spent}");
        told.accounts - before
    };
    assert_eq!(asked_behind(|_| ()), 1, "at its end");
    assert_eq!(asked_behind(|told| told.compute(1_000_000)), 1);
    assert_eq!(asked_behind(|told| told.sleep(1)), 2);
    assert_eq!(asked_behind(|told| told.compute(ACCOUNT_NS_MAX)), 2);
    assert_eq!(asked_behind(|told| told.thread += 1), 2);
    assert_eq!(asked_behind(|_| ()), 1);
}

/// ATTR-104: the kernel's readings of this thread go on as its account does, across sleeps.
#[test]
fn the_kernel_says_the_same() {
    let mut clock = ThreadClock::default();
    let begun = clock.first(&mut Kernel);
    let own = |spent: &Spent| spent.cpu_ns;
    let mut sum = 0;
    let account = Kernel.account_ns();
    for round in 0..200 {
        let first = clock.first(&mut Kernel);
        if round % 4 == 0 {
            std::thread::park_timeout(std::time::Duration::from_micros(50));
        }
        sum += clock.last(&mut Kernel, &first).since(&first).cpu_ns;
    }
    let account = Kernel.account_ns() - account;
    let whole = own(&clock.last(&mut Kernel, &begun)) - own(&begun);
    assert!(sum <= account && sum <= whole, "calls took {sum} ns of {account} ns, and of {whole} ns");
}

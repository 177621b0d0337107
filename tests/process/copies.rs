//! Several copies of the library in one process: loaded twice as a shared library, beside the one in the program. Each has a
//! handler and a list of its own. Alone in its process, because it looks at all handlers.
//!
//! `cargo test` builds the shared library, as an example. For this test alone: `cargo build -p syslet-tests --example loaded_copy`.
#![allow(unsafe_code, reason = "loads libraries, and calls what they export")]

use std::ffi::{CString, c_int, c_void};
use std::mem::{MaybeUninit, transmute};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::atomic::AtomicU32;

use syslet::syscalls::{Site, sites};
use syslet::{Config, Engine};

type Handler = extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);

/// A copy of the library: its sites, and the handler that its first engine has installed.
struct Copy {
    sites: Vec<Site>,
    handler: Handler,
}

/// The library that cargo has built.
fn library() -> PathBuf {
    let program = std::env::current_exe().expect("this test has a file");
    let built = program.parent().and_then(Path::parent).expect("cargo's folders").join("examples");
    built.join("libloaded_copy.so")
}

/// The handlers of all signals that have one, but for those that let calls be restarted: the engine's other signal is one of them.
fn handlers() -> Vec<libc::sighandler_t> {
    let all = (1..=libc::SIGRTMAX()).filter(|signal| ![32, 33].contains(signal));
    let actions = all.map(|signal| {
        let mut action = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: asks only.
        assert_eq!(unsafe { libc::sigaction(signal, ptr::null(), action.as_mut_ptr()) }, 0);
        // SAFETY: zeroes are a valid action.
        unsafe { action.assume_init() }
    });
    let own = actions.filter(|action| action.sa_flags & libc::SA_RESTART == 0);
    own.map(|action| action.sa_sigaction)
        .filter(|handler| ![libc::SIG_DFL, libc::SIG_IGN].contains(handler))
        .collect()
}

/// The handler that `start` installs, and what `start` gives.
fn installed_by<T>(start: impl FnOnce() -> T) -> (Handler, T) {
    let before = handlers();
    let given = start();
    let news: Vec<_> = handlers().into_iter().filter(|handler| !before.contains(handler)).collect();
    assert_eq!(news.len(), 1, "a copy chooses a signal that no other copy handles");
    // SAFETY: it is installed with SA_SIGINFO, and the library stays loaded.
    (unsafe { transmute::<libc::sighandler_t, Handler>(news[0]) }, given)
}

/// The function of this name.
fn function(library: *mut c_void, name: &std::ffi::CStr) -> *mut c_void {
    // SAFETY: the library is loaded.
    let function = unsafe { libc::dlsym(library, name.as_ptr()) };
    assert!(!function.is_null(), "{name:?}");
    function
}

/// Loads a copy, and has it interrupt a call.
fn load(folder: &Path, name: &str) -> Copy {
    let file = folder.join(name);
    std::fs::copy(library(), &file).unwrap_or_else(|error| panic!("{}: {error}", library().display()));
    let path = CString::new(file.as_os_str().as_bytes()).expect("no NUL");
    // SAFETY: it is the library beside this test, whose start touches nothing of this program.
    let library = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
    assert!(!library.is_null(), "{}", file.display());
    // SAFETY: `library.rs` has it with these types.
    let interrupts =
        unsafe { transmute::<*mut c_void, extern "C" fn() -> i32>(function(library, c"copy_interrupts")) };
    // SAFETY: as above.
    let copy_sites = unsafe {
        transmute::<*mut c_void, unsafe extern "C" fn(*mut [usize; 3], usize) -> usize>(function(
            library,
            c"copy_sites",
        ))
    };
    let (handler, has_interrupted) = installed_by(|| interrupts());
    assert_eq!(has_interrupted, 1, "{name}: its signal interrupts its call");
    let mut sites = vec![[0; 3]; 1 << 14];
    // SAFETY: there is room for so many.
    let count = unsafe { copy_sites(sites.as_mut_ptr(), sites.len()) };
    sites.truncate(count);
    let site = |[start, instruction, never]: [usize; 3]| Site { start, instruction, never };
    let sites: Vec<Site> = sites.into_iter().map(site).collect();
    assert!((2..1 << 14).contains(&count), "{name}: {count} sites");
    assert!(sites.iter().all(|site| is_code_of(site, &file)), "{name}: sites of its own code only");
    Copy { sites, handler }
}

/// Whether the site lies in code of this file.
fn is_code_of(site: &Site, file: &Path) -> bool {
    let maps = std::fs::read_to_string("/proc/self/maps").expect("there is /proc");
    let file = file.to_str().expect("its name is text");
    maps.lines().filter(|line| line.contains(" r-xp ") && line.ends_with(file)).any(|line| {
        let (start, end) = line.split_once(' ').expect("a range").0.split_once('-').expect("two ends");
        let [start, end] = [start, end].map(|at| usize::from_str_radix(at, 16).expect("an address"));
        [site.start, site.instruction, site.never].iter().all(|at| (start..end).contains(at))
    })
}

/// Where the handler sends a thread that stands at `counter`, and whose cancel word is set.
#[cfg(target_arch = "x86_64")]
fn moved(handler: Handler, counter: usize) -> usize {
    let word = AtomicU32::new(1);
    // SAFETY: zeroes are a valid context.
    let mut context: libc::ucontext_t = unsafe { MaybeUninit::zeroed().assume_init() };
    let registers = &mut context.uc_mcontext.gregs;
    let [rip, r12] = [libc::REG_RIP, libc::REG_R12].map(|at| usize::try_from(at).expect("an index"));
    registers[rip] = i64::try_from(counter).expect("an address of the program");
    registers[r12] = i64::try_from(word.as_ptr().expose_provenance()).expect("an address of the program");
    handler(0, ptr::null_mut(), (&raw mut context).cast());
    usize::try_from(context.uc_mcontext.gregs[rip]).expect("an address of the program")
}

/// CANCEL-23: each copy of the library that is loaded has a list of the sites of its own code, and its handler moves threads
/// that stand there, and no others.
#[cfg(target_arch = "x86_64")]
#[test]
fn each_loaded_copy_has_its_own_list() {
    let folder = tempfile::tempdir().expect("a folder");
    let (handler, _engine) = installed_by(|| Engine::start(Config::default()).expect("an engine"));
    let program = Copy { sites: sites().to_vec(), handler };
    let own = std::env::current_exe().expect("this test has a file");
    assert!(program.sites.iter().all(|site| is_code_of(site, &own)), "the program has its own sites");
    let copies = [program, load(folder.path(), "a.so"), load(folder.path(), "b.so")];
    assert_eq!(copies[1].sites.len(), copies[2].sites.len(), "the same code twice");
    for (at, copy) in copies.iter().enumerate() {
        for (other, Copy { sites, .. }) in copies.iter().enumerate() {
            for site in sites {
                let expected = if at == other { site.never } else { site.instruction };
                assert_eq!(moved(copy.handler, site.instruction), expected, "{at} at a site of {other}");
            }
        }
    }
}

//! The command under valgrind, which runs no clone that it does not know.

use std::process::Command;

/// TWIN-49: an engine started as by default runs there: a call that sleeps, one with a non-blocking attempt, and one with a thread of its own.
#[test]
fn the_default_start_survives() {
    let valgrind = || Command::new("valgrind");
    if valgrind().arg("--version").output().is_err() {
        println!("not tried: valgrind is not installed here");
        return;
    }
    let mut run = valgrind();
    run.args(["-q", "--tool=none", env!("CARGO_BIN_EXE_syslet"), "run"]);
    for statement in [
        "p = pipe2(out(8), O_CLOEXEC)",
        "read(i32(p, 0), out(9), 5)",
        "write(i32(p, 4), \"hello\", 5)",
        "umask(0o22)  @private",
    ] {
        run.args(["-e", statement]);
    }
    let ended = run.output().expect("valgrind was there");
    let (told, said) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert_eq!(ended.status.code(), Some(0), "{told}{said}");
    assert!(told.contains("2: read(") && told.contains("\"hello\", 5) = 5"), "{told}{said}");
}

//! The man pages and completions that lie beside the source.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::files::Directory;
use crate::syslet::{statements, syslet};

const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// The files of a folder with their contents.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let all = fs::read_dir(folder).expect("the folder is there");
    let file = |entry: fs::DirEntry| {
        let text = fs::read_to_string(entry.path()).expect("text");
        (entry.file_name().into_string().expect("a name"), text)
    };
    all.map(|entry| file(entry.expect("an entry"))).collect()
}

/// SCRIPT-78: pages and completions are those that this command writes; only the page of the language is written by hand.
#[test]
fn generated_files_are_current() {
    let directory = Directory::new("generated");
    let target = directory.path("out");
    assert_eq!(syslet(&["generate", &target]).quiet(), (0, ""));
    for folder in ["man", "completions"] {
        let mut here = files(&Path::new(HERE).join(folder));
        assert_eq!(here.remove("syslet.5").is_some(), folder == "man");
        let made = files(&Path::new(&target).join(folder));
        let hint = "cargo run -- generate engine/cli";
        assert_eq!(here.keys().collect::<Vec<_>>(), made.keys().collect::<Vec<_>>(), "{hint}");
        for (name, text) in &made {
            assert!(here[name] == *text, "{folder}/{name} is old: {hint}");
        }
    }
    assert!(!syslet(&["--help"]).stdout.contains("generate"));
}

/// SCRIPT-78: the completions are right for bash, and have the subcommands and options that help shows.
#[test]
fn bash_completes() {
    let script = format!(
        "source {HERE}/completions/syslet.bash; complete_for() {{ COMP_WORDS=(\"$@\"); COMP_CWORD=$(($#-1)); COMPREPLY=(); \
         _syslet syslet \"${{@: -1}}\" \"${{@: -2:1}}\"; echo \"${{COMPREPLY[@]}}\"; }}; complete_for syslet ''; complete_for syslet run --ti; \
         complete_for syslet table --class ''"
    );
    let Ok(bash) = Command::new("bash").args(["-c", &script]).output() else {
        println!("skipped: there is no bash");
        return;
    };
    let text = String::from_utf8(bash.stdout).expect("text");
    let lines: Vec<&str> = text.lines().collect();
    assert!(["run", "probe", "table"].iter().all(|word| lines[0].contains(word)), "{text}");
    assert_eq!((lines[1], lines[2]), ("--timeout", "instant storage descriptor sleeps"));
}

/// SCRIPT-78: the page of the language names all of its words, and its examples are scripts.
#[test]
fn the_page_of_the_language() {
    let page = fs::read_to_string(Path::new(HERE).join("man/syslet.5")).expect("it is there");
    let words = "after after! buffer out pack length default area scratch loop if else break continue stop together \
                 finally budget order errno error i32 u64 $@";
    for word in words.split(' ') {
        assert!(page.contains(word), "{word}");
    }
    let examples: Vec<String> = page
        .split("\n.nf\n")
        .skip(1)
        .map(|rest| rest.split("\n.fi").next().unwrap_or_default().replace("\\-", "-").replace("\\&", ""))
        .collect();
    assert_eq!(examples.len(), 2);
    for example in &examples {
        let run = statements(&["--dry-run"], &[example]);
        assert_eq!((run.code, &*run.stderr), (Some(0), ""), "{example}");
    }
}

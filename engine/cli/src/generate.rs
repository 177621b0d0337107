//! `syslet generate`, which no help shows: writes the man pages and the completions that lie beside the source. The page of the
//! scripts' language, `man/syslet.5`, is written by hand.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, Command, CommandFactory, value_parser};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::options::{EXITS, Options};

/// The shells that there are completions for.
const SHELLS: [Shell; 3] = [Shell::Bash, Shell::Fish, Shell::Zsh];

const NAME: &str = "generate";
const DIRECTORY: &str = "DIRECTORY";

/// The subcommand; completions do not have it.
pub(crate) fn subcommand() -> Command {
    let directory = Arg::new(DIRECTORY).required(true).value_parser(value_parser!(PathBuf));
    Command::new(NAME).hide(true).about("Writes the man pages and the completions").arg(directory)
}

/// The folder to write into, if the subcommand was given.
pub(crate) fn asked(matches: &ArgMatches) -> Option<&PathBuf> {
    matches.subcommand_matches(NAME)?.get_one(DIRECTORY)
}

/// Writes all pages and completions into `man` and `completions` of `directory`.
pub(crate) fn generate(directory: &Path) -> io::Result<()> {
    let (man, completions) = (directory.join("man"), directory.join("completions"));
    fs::create_dir_all(&man)?;
    fs::create_dir_all(&completions)?;
    let mut command = Options::command();
    for shell in SHELLS {
        clap_complete::generate_to(shell, &mut command, "syslet", &completions)?;
    }
    let source = format!("syslet {}", command.get_version().unwrap_or_default());
    let mut command = command.disable_help_subcommand(true).after_help("");
    command.build();
    for sub in command.get_subcommands() {
        page(&man.join(format!("syslet-{}.1", sub.get_name())), sub, &source)?;
    }
    page(&man.join("syslet.1"), &command, &source)
}

/// Writes the page of one command; `source` is the program and its version.
fn page(path: &Path, command: &Command, source: &str) -> io::Result<()> {
    let mut out = Vec::new();
    let man = Man::new(command.clone()).source(source);
    man.render_title(&mut out)?;
    man.render_name_section(&mut out)?;
    man.render_synopsis_section(&mut out)?;
    man.render_description_section(&mut out)?;
    man.render_options_section(&mut out)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut out)?;
    }
    writeln!(out, ".SH \"EXIT STATUS\"")?;
    for line in EXITS.lines().skip(1) {
        let (code, meaning) = line.trim().split_once(' ').unwrap_or((line, ""));
        writeln!(out, ".TP\n.B {code}\n{}", meaning.trim())?;
    }
    writeln!(out, ".SH \"SEE ALSO\"\n.BR syslet (1),\n.BR syslet\\-run (1),\n.BR syslet\\-table (1),")?;
    writeln!(out, ".BR syslet\\-probe (1),\n.BR syslet (5)")?;
    let lines: Vec<&str> = std::str::from_utf8(&out).map_err(io::Error::other)?.lines().collect();
    let text: String = lines.iter().map(|line| format!("{}\n", line.trim_end())).collect();
    fs::write(path, text)
}

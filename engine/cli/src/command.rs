//! The subcommands, each from its options to its exit code; `lib` calls them. Data go to stdout, messages to stderr.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use annotate_snippets::Renderer;
use anstream::{AutoStream, ColorChoice};

use syslet::AttributeId;

use crate::exit::Exit;
use crate::options::{Colour, Command, Options, ProbeOptions, RunOptions, TableOptions};
use crate::plan::group::Atom;
use crate::plan::{Ask, Plan, Step};
use crate::print::json::JsonPrinter;
use crate::print::output::Output;
use crate::print::text::TextPrinter;
use crate::print::{Printer, Quiet};
use crate::run::words::Words;
use crate::run::{self, Ended, interrupt, setup};
use crate::script::error::ScriptError;
use crate::script::source::{SCRIPT_BYTES_MAX, Source};
use crate::{generate, print, probe, script, table};

/// Runs the subcommand that the options name.
pub(crate) fn command(options: Options) -> Exit {
    match options.color {
        Colour::Auto => ColorChoice::Auto,
        Colour::Always => ColorChoice::Always,
        Colour::Never => ColorChoice::Never,
    }
    .write_global();
    match options.command {
        Command::Run(options) => run(options),
        Command::Probe(options) => show_probe(&options),
        Command::Table(options) => show_table(&options),
    }
}

/// Writes the man pages and the completions (`generate`).
pub(crate) fn generated(directory: &Path) -> Exit {
    written(generate::generate(directory), Exit::Success)
}

fn message(text: &str) {
    // With stderr closed there is no place for the message.
    let _ = writeln!(anstream::stderr(), "syslet: {text}");
}

fn run(options: RunOptions) -> Exit {
    let (source, arguments) = match source(&options) {
        Ok(found) => found,
        Err(text) => {
            message(&text);
            return Exit::Usage;
        }
    };
    match script::compile(&source, &arguments) {
        Ok(Plan { unused_argument: Some(unused), .. }) => {
            let argument = String::from_utf8_lossy(&arguments[unused]);
            message(&format!(
                "the script has no use for argument {}, `{argument}`; options stand in front of the script",
                unused + 1
            ));
            Exit::Usage
        }
        Ok(plan) if options.dry_run => {
            let mut out = match open_report(&options) {
                Ok(out) => out,
                Err(exit) => return exit,
            };
            let how = print::plan::How {
                json: options.json,
                shown_bytes: options.shown_bytes,
                has_workers: options.workers != Some(0),
            };
            written(print::plan::print(&plan, how, &mut out), Exit::Success)
        }
        Ok(plan) => {
            if let Some(line) = plan.repeated_for_none {
                message(&format!(
                    "line {line} runs once for each argument, and none was given: arguments stand behind the script"
                ));
            }
            run_plan(&plan, &options)
        }
        Err(faults) => script_errors(&faults, &source),
    }
}

/// The place of the report, or the exit where it cannot be opened.
fn open_report(options: &RunOptions) -> Result<Output, Exit> {
    let path = options.output.as_deref();
    Output::open(path).map_err(|error| {
        let name = path.map_or("standard output".into(), Path::to_string_lossy);
        message(&format!("{name}: the report cannot be written there: {error}"));
        Exit::NotSupported
    })
}

/// So many faults are told of at once.
const FAULTS_MAX: usize = 20;

fn script_errors(faults: &[ScriptError], source: &Source) -> Exit {
    for fault in faults.iter().take(FAULTS_MAX) {
        let _ = writeln!(anstream::stderr(), "{}", fault.render(source, &Renderer::styled()));
    }
    if let Some(more) = faults.len().checked_sub(FAULTS_MAX).filter(|more| *more > 0) {
        message(&format!("and {more} more faults"));
    }
    faults.first().map_or(Exit::Usage, |fault| fault.exit)
}

fn run_plan(plan: &Plan, options: &RunOptions) -> Exit {
    let changes = |ask: &Ask| (AttributeId::LANE..=AttributeId::RETRY).contains(&ask.id);
    let is_away = |step: &Step| step.group.iter().flat_map(|group| &group.atoms).any(Atom::is_async);
    let needs_worker = |step: &&Step| step.is_private || is_away(step) || step.all_asks().any(changes);
    let private = plan.steps.iter().find(needs_worker);
    if let (Some(step), Some(0)) = (private, options.workers) {
        message(&format!(
            "line {}: {} is to have a thread of its own, or a worker, and there are none",
            step.line, step.call
        ));
        return Exit::NotSupported;
    }
    if let Err(error) = interrupt::install(options.timeout) {
        message(&format!("signals cannot be handled here: {error}"));
        return Exit::NotSupported;
    }
    let config = match setup::config(plan, options.workers, options.trace.as_deref()) {
        Ok(config) => config,
        Err(text) => {
            message(&text);
            return Exit::NotSupported;
        }
    };
    if let Some(limit) = setup::limit(plan, config.get_workers_max()) {
        message(&limit);
    }
    let out = match open_report(options) {
        Ok(out) => out,
        Err(exit) => return exit,
    };
    let mut printer: Box<dyn Printer> = if options.json {
        Box::new(JsonPrinter { out })
    } else {
        let colours = match options.output {
            Some(_) => ColorChoice::Never,
            None => AutoStream::choice(&io::stdout()),
        };
        let out: Box<dyn Write> = Box::new(out);
        Box::new(TextPrinter { out: AutoStream::new(out, colours) })
    };
    let words = Words::new(options.shown_bytes, options.fd_paths);
    let ended = run::run(plan, config, words, &mut Quiet { is_quiet: options.quiet, printer: &mut *printer });
    match ended {
        Ok(Ended { exit, remarks, report }) => {
            remarks.iter().for_each(|line| message(line));
            let is_whole = report.is_ok();
            let exit = written(report, exit);
            if !is_whole && exit == Exit::Success { Exit::Failure } else { exit }
        }
        Err(text) => {
            message(&text);
            Exit::NotSupported
        }
    }
}

fn show_probe(options: &ProbeOptions) -> Exit {
    match probe::probe() {
        Ok(found) => written(found.print(options.json, &mut io::stdout().lock()), Exit::Success),
        Err(text) => {
            message(&text);
            Exit::NotSupported
        }
    }
}

fn show_table(options: &TableOptions) -> Exit {
    let mut out = BufWriter::new(io::stdout().lock());
    match table::print(options, &mut out) {
        Ok(Ok(printed)) => {
            printed.remark.iter().for_each(|remark| message(remark));
            Exit::Success
        }
        Ok(Err(text)) => {
            message(&text);
            Exit::Usage
        }
        Err(error) => written(Err(error), Exit::Success),
    }
}

/// The exit code when output was written or not: a reader that went away is no failure.
fn written(result: io::Result<()>, exit: Exit) -> Exit {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            message(&format!("the output cannot be written: {error}"));
            Exit::Failure
        }
        _ => exit,
    }
}

/// The script and its arguments.
fn source(options: &RunOptions) -> Result<(Source, Vec<Vec<u8>>), String> {
    let mut operands = options.operands.iter().cloned();
    let source = if options.statements.is_empty() {
        read(&operands.next().unwrap_or_default())?
    } else {
        Source { name: "-e".to_owned(), text: options.statements.join("\n") }
    };
    Ok((source, operands.map(OsStringExt::into_vec).collect()))
}

fn read(file: &OsString) -> Result<Source, String> {
    let name = file.to_string_lossy().into_owned();
    let mut bytes = Vec::new();
    let limit = SCRIPT_BYTES_MAX as u64 + 1;
    let result = if file == "-" {
        io::stdin().lock().take(limit).read_to_end(&mut bytes)
    } else {
        File::open(file).and_then(|file| file.take(limit).read_to_end(&mut bytes))
    };
    result.map_err(|error| format!("{name} cannot be read: {error}"))?;
    if bytes.len() > SCRIPT_BYTES_MAX {
        return Err(format!("{name} is too long: a script has at most 16 MiB"));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let (before, rest) = error.as_bytes().split_at(error.utf8_error().valid_up_to());
        let line = before.split(|&byte| byte == b'\n').count();
        let begin = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        let column = 1 + String::from_utf8_lossy(&before[begin..]).chars().count();
        let byte = rest.first().copied().unwrap_or_default();
        format!("{name}:{line}:{column}: a script is UTF-8, and the byte {byte:#04x} here is not")
    })?;
    Ok(Source { name, text })
}

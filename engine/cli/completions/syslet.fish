# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_syslet_global_optspecs
    string join \n color= h/help V/version
end

function __fish_syslet_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_syslet_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_syslet_using_subcommand
    set -l cmd (__fish_syslet_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c syslet -n "__fish_syslet_needs_command" -l color -d 'When to use colour; auto is on a terminal, unless NO_COLOR is set, and with CLICOLOR_FORCE everywhere' -r -f -a "auto\t''
always\t''
never\t''"
complete -c syslet -n "__fish_syslet_needs_command" -s h -l help -d 'Print help'
complete -c syslet -n "__fish_syslet_needs_command" -s V -l version -d 'Print version'
complete -c syslet -n "__fish_syslet_needs_command" -f -a "run" -d 'Runs a script'
complete -c syslet -n "__fish_syslet_needs_command" -f -a "probe" -d 'Shows syslet\'s abilities here: kernel, limits, non-blocking attempts, io_uring, confinement'
complete -c syslet -n "__fish_syslet_needs_command" -f -a "table" -d 'Shows the table of calls'
complete -c syslet -n "__fish_syslet_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c syslet -n "__fish_syslet_using_subcommand run" -s o -l output -d 'Write the report to this file instead of the standard output' -r -F
complete -c syslet -n "__fish_syslet_using_subcommand run" -s s -d 'Show at most this many bytes of data in text output' -r
complete -c syslet -n "__fish_syslet_using_subcommand run" -l timeout -d 'End the run after this long: seconds, or a number and a unit, for example 10, 1.5s, 500ms, 5m or 1h' -r
complete -c syslet -n "__fish_syslet_using_subcommand run" -l workers -d 'At most this many workers, 0 to 65536; with 0 the command runs every call itself, one after the other' -r
complete -c syslet -n "__fish_syslet_using_subcommand run" -l trace -d 'Write a line to PATH when a call with @trace begins, and one when it ends; /sys/kernel/tracing/trace_marker puts them beside the kernel\'s events' -r -F
complete -c syslet -n "__fish_syslet_using_subcommand run" -s e -d 'A statement; repeated, one line each. There is no FILE then' -r
complete -c syslet -n "__fish_syslet_using_subcommand run" -l color -d 'When to use colour; auto is on a terminal, unless NO_COLOR is set, and with CLICOLOR_FORCE everywhere' -r -f -a "auto\t''
always\t''
never\t''"
complete -c syslet -n "__fish_syslet_using_subcommand run" -l json -d 'Print JSON Lines'
complete -c syslet -n "__fish_syslet_using_subcommand run" -l dry-run -d 'Print the plan and run nothing'
complete -c syslet -n "__fish_syslet_using_subcommand run" -s q -l quiet -d 'Print nothing about calls that succeed'
complete -c syslet -n "__fish_syslet_using_subcommand run" -s y -l fd-paths -d 'Show the paths of descriptors in text output, 3</etc/passwd>'
complete -c syslet -n "__fish_syslet_using_subcommand run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c syslet -n "__fish_syslet_using_subcommand probe" -l color -d 'When to use colour; auto is on a terminal, unless NO_COLOR is set, and with CLICOLOR_FORCE everywhere' -r -f -a "auto\t''
always\t''
never\t''"
complete -c syslet -n "__fish_syslet_using_subcommand probe" -l json -d 'Print one JSON object'
complete -c syslet -n "__fish_syslet_using_subcommand probe" -s h -l help -d 'Print help'
complete -c syslet -n "__fish_syslet_using_subcommand table" -l class -d 'Calls that are of this class, with some arguments at least' -r -f -a "instant\t''
storage\t''
descriptor\t''
sleeps\t''"
complete -c syslet -n "__fish_syslet_using_subcommand table" -l scope -d 'Calls that have this scope, with some arguments at least' -r -f -a "process\t''
reads-thread\t''
writes-thread\t''
bound-to-thread\t''
engine-life\t''"
complete -c syslet -n "__fish_syslet_using_subcommand table" -l arg -d 'Calls with an argument of this type; may be repeated' -r -f -a "address\t''
clock\t''
command\t''
descriptors\t''
dirfd\t''
fd\t''
flags\t''
gather\t''
id\t''
in\t''
inout\t''
int\t''
mode\t''
offset\t''
opaque\t''
out\t''
path\t''
pid\t''
receivemessage\t''
receivemessages\t''
scatter\t''
sendmessage\t''
sendmessages\t''
signal\t''
size\t''
socketaddress\t''
text\t''
uint\t''"
complete -c syslet -n "__fish_syslet_using_subcommand table" -l has -d 'Calls of which this can be said; may be repeated' -r -f -a "nonblocking\t'It has a non-blocking attempt'
memory\t'It acts on the address space'
descriptors\t'It closes or replaces descriptors'
private\t'It changes its thread, and wants PRIVATE'
condition\t'Arguments decide about class, scope or restart'
restart\t'It can be interrupted'
kick\t'A submitter that is held in it is taken out'
danger\t'Safe code must not make it, for a reason of its own'
self-contained\t'All it needs can travel in a submission'
safe\t'Safe code may make it'
gone\t'The kernel has only the number left'"
complete -c syslet -n "__fish_syslet_using_subcommand table" -l missing-in -d 'Calls that this has no way of making' -r -f -a "io_uring\t'io_uring of the running kernel, or where that is forbidden, of a known one'"
complete -c syslet -n "__fish_syslet_using_subcommand table" -l color -d 'When to use colour; auto is on a terminal, unless NO_COLOR is set, and with CLICOLOR_FORCE everywhere' -r -f -a "auto\t''
always\t''
never\t''"
complete -c syslet -n "__fish_syslet_using_subcommand table" -l json -d 'Print JSON Lines'
complete -c syslet -n "__fish_syslet_using_subcommand table" -l markdown -d 'Print the table of specs/syscalls.md'
complete -c syslet -n "__fish_syslet_using_subcommand table" -l summary -d 'Print how many calls there are, and how many of which kind'
complete -c syslet -n "__fish_syslet_using_subcommand table" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c syslet -n "__fish_syslet_using_subcommand help; and not __fish_seen_subcommand_from run probe table help" -f -a "run" -d 'Runs a script'
complete -c syslet -n "__fish_syslet_using_subcommand help; and not __fish_seen_subcommand_from run probe table help" -f -a "probe" -d 'Shows syslet\'s abilities here: kernel, limits, non-blocking attempts, io_uring, confinement'
complete -c syslet -n "__fish_syslet_using_subcommand help; and not __fish_seen_subcommand_from run probe table help" -f -a "table" -d 'Shows the table of calls'
complete -c syslet -n "__fish_syslet_using_subcommand help; and not __fish_seen_subcommand_from run probe table help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'

"""The `groove` command. Subcommands are loaded when they are called, so that `groove --help` answers at once.

run              the embedded stack, until some files are done
run_files        how `groove run` feeds the stack, and knows that it is done
import_sessions  sessions and rules files on this machine to values
import_hooks     what hooks recorded of the imported sessions, and what they give out
import_pipeline  imported events through the stack
import_report    what an import tells
import_judge     second opinions on imported sessions
hook             the experiment inside an assistant: install, look, uninstall
hook_switch      rules files with what each period is assigned, for assistants without hooks
hook_status      what became of the hook
adopt            learnings out of a rules file, to the hook
restore          and back
prune            what may go, taken out and put back
up               the embedded stack, until it is stopped
publish          heavy events from a file into the event log
learnings        import, list and decide about learnings
values           what each learning is worth
show             all that is known about one learning
explain          why one session says what it says about a learning
withhold         which learnings a session gets
shadow           what other settings would make of the stored records
label            a person judges pairs that are in doubt
calibrate        fits the activation probability to labels
tasks            what failed, and trying it again
replay           finished sessions, processed again
sessions         where sessions stand
transcripts      transcripts that come by another way than with their event
dead_letters     messages and sessions that gave up
lag              how far each partition has been read
tail             follows what is published
outbox           messages on their way
status           how everything stands
doctor           checks every part
health           whether a part on this machine shows life
rebuild          sums and values recomputed from the records
forget           sessions or learnings out of everything, for good
forget_places    each place that forgets, and what it cannot reach
config           what is set, where it comes from, and what it means
bridge           starts a bridge
worker           starts a worker
store            starts the store server
flower           Flower, in the browser
web              the dashboard, in the browser
next_step        `groove` alone: where things stand, and what to do next
support/         what the commands share

Exit status: 0 all well; 1 an error, or something was refused or found wrong; 2 the command line was wrong; 130 interrupted.
"""

import importlib
import io
import os
import signal
import sys
from difflib import get_close_matches
from pathlib import Path

import click

from worker.errors import BrokerUnavailable, EventLogUnavailable, GrooveError
from worker.operations.wording import told

#: command -> what `groove --help` says; the module of this name in this package has it
COMMANDS = {
    "import": "From your sessions and rules files to what each rule is worth.",
    "run": "Process event files with the embedded stack, show the values, stop.",
    "hook": "Let an assistant's sessions take part in the experiment.",
    "adopt": "Move learnings out of a rules file, to the hook.",
    "restore": "Put a rules file back as it was before.",
    "prune": "Which learnings may go, what that saves, and how to undo it.",
    "up": "Run the embedded stack until Ctrl-C, restarting what dies.",
    "publish": "Put heavy events from a file into the event log.",
    "learnings": "Import, list and decide about learnings.",
    "values": "What each learning is worth, best first.",
    "show": "All that is known about one learning.",
    "explain": "Why one session says what it says about a learning.",
    "withhold": "Decide which learnings a session gets.",
    "shadow": "What other settings would make of the stored records.",
    "label": "Judge pairs that are in doubt, for calibrate.",
    "calibrate": "Fit the activation probability anew from labels.",
    "tasks": "What failed, and trying it again.",
    "replay": "Process finished sessions again.",
    "sessions": "Where sessions stand, and one session's whole story.",
    "transcripts": "Transcripts that do not come with their event.",
    "dead-letters": "Messages and sessions that gave up, with their reason.",
    "lag": "How far each partition has been read.",
    "tail": "Follow what is published to groove.attribution.",
    "outbox": "Messages on their way to groove.attribution.",
    "status": "How everything stands.",
    "doctor": "Check every part and every promise.",
    "health": "Whether a part on this machine shows life.",
    "rebuild": "Recompute sums and values from the records alone.",
    "forget": "Remove sessions or learnings from everything, for good.",
    "config": "What is set, where it comes from, and what it means.",
    "bridge": "Start a bridge: event log to task queue.",
    "worker": "Start a worker: embeds sessions, attributes learnings.",
    "store": "Start the store server, which owns the results.",
    "web": "Look at everything, and decide, in the browser.",
    "flower": "Watch workers, queues and tasks in the browser.",
}

#: of commands whose name no module can have
_MODULES = {"import": "import_sessions"}


class LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        module = importlib.import_module(f"worker.cli.{_MODULES.get(name, name)}")
        command: click.Command = getattr(module, f"{name}_command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Click knows no near names of commands that are not loaded."""
        if self.get_command(ctx, args[0]) is None and (near := get_close_matches(args[0], COMMANDS, n=1)):
            ctx.fail(f"No such command {args[0]!r}. Did you mean {near[0]!r}?")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="groove-attribution", prog_name="groove")
@click.option("--config", metavar="FILE", help="Settings from this file instead of ./groove.toml; as GROOVE_CONFIG.")
@click.pass_context
def groove(context: click.Context, config: str | None) -> None:
    """Which learnings of an AI coding assistant help, which do nothing, which hurt.

    Without a command it tells what to do next.
    Settings come from groove.toml and GROOVE_ variables; data lies in .groove unless GROOVE_DATA_DIR says otherwise.
    """
    if config:
        # parts that a command starts read the same
        os.environ["GROOVE_CONFIG"] = str(Path(config).absolute())
    from worker.logs import configure_logs
    from worker.settings.groups import LogSettings

    # what a command answers stands on standard output alone; the long-running parts configure theirs by the settings
    configure_logs(LogSettings(level="warning"), is_final=False)
    if context.invoked_subcommand is None:
        from worker.cli.next_step import print_next_step

        print_next_step()


def main() -> None:
    """Run the command; what goes wrong is one line and a status, never a traceback."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed, as by `>&-`
            setattr(sys, name, io.TextIOWrapper(io.FileIO(os.devnull, "w"), encoding="utf-8"))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # another one is a caller's own
            # what a terminal or a cron job's ASCII cannot say is spelt out
            stream.reconfigure(errors="backslashreplace")
    try:
        try:
            status = groove.main(prog_name="groove", standalone_mode=False)
        finally:
            sys.stdout.flush()  # at the end of the process nobody could catch that its reader has gone
        sys.exit(status)
    except GrooveError as error:
        click.echo(f"groove: {told(error)}{_what_helps(error)}", err=True)
        sys.exit(1)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        click.echo("groove: interrupted", err=True)
        sys.exit(128 + signal.SIGINT)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _what_helps(error: GrooveError) -> str:
    """What starts a part that is missing because the embedded stack does not run."""
    if not isinstance(error, BrokerUnavailable | EventLogUnavailable):
        return ""
    from worker.operations.examining import is_at_rest
    from worker.settings import load_settings

    settings = load_settings()
    is_elsewhere = isinstance(error, EventLogUnavailable) and settings.event_log is not None
    return (
        "; the embedded stack does not run: `groove up` starts it" if is_at_rest(settings) and not is_elsewhere else ""
    )

"""Every command with its arguments and options, as `groove COMMAND --help` tells them."""

from collections.abc import Iterator

import click

from worker.cli import COMMANDS, groove

_HEAD = """# Commands

Made from the commands themselves: `groove COMMAND --help` prints the same. What they share:

* Every command that answers takes `--json`; only `groove health` answers by its status, and `groove tail` in JSON anyway. What the HTTP API
  answers too has the same shape there. Numbers and states go to standard output, remarks and refusals to standard error.
* On a terminal tables are folded to its width, and long ids are shown as short as commands take them. When output is piped, each row is
  one line and nothing is shortened.
* Ids of learnings and sessions may be shortened to any beginning that only one has.
* Exit status: 0 all well; 1 an error, or something was refused or found wrong; 2 a wrong command line; 130 interrupted.
* The shell completes commands, options and choices after `eval "$(_GROOVE_COMPLETE=bash_source groove)"`, in `zsh` with `zsh_source`; in
  `fish` `_GROOVE_COMPLETE=fish_source groove | source`.
"""


def commands() -> str:
    """The page, in Markdown."""
    context = click.Context(groove, info_name="groove")
    sections: list[str] = []
    for name in COMMANDS:
        command = groove.get_command(context, name)
        assert command is not None
        sections.extend(_sections(command, click.Context(command, info_name=name, parent=context), level=2))
    return "\n".join([_HEAD, *sections])


def _sections(command: click.Command, context: click.Context, *, level: int) -> Iterator[str]:
    yield f"{'#' * level} {context.command_path}\n\n{_prose(command)}\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            yield from _sections(child, click.Context(child, info_name=name, parent=context), level=level + 1)
        return
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    yield f"```text\n{usage}\n```\n"
    rows = [record for each in command.get_params(context) if (record := each.get_help_record(context))]
    if rows:
        yield "| option | meaning |\n|---|---|"
        yield "\n".join(f"| `{_cell(option)}` | {_cell(meaning)} |" for option, meaning in rows) + "\n"


def _prose(command: click.Command) -> str:
    return (command.help or "").replace("\b", "").strip()


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")

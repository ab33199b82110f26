"""Who stands behind the text of a `user` line: a person, or the harness that wrote it in a person's place."""

import re

from worker.formats.transcripts.lines import names
from worker.formats.transcripts.session import Refusal

#: a text that opens like this was written by the harness, or by a tool that runs beside it
_MACHINE_OPENERS = (
    "<local-command-stdout>",
    "<local-command-stderr>",
    "<local-command-caveat>",
    "<bash-input>",
    "<bash-stdout>",
    "<bash-stderr>",
    "<task-notification>",
    "<user-memory-input>",
    "<user-prompt-submit-hook>",
    "<ci-monitor-event>",
    "<environment_context>",
    "<user_instructions>",
    "<permissions instructions>",
    "<turn_aborted>",
    "<subagent_notification>",
    "# AGENTS.md instructions",
    "<skill>",
    "<skills_instructions>",
    "<plugins_instructions>",
    "<apps_instructions>",
    "<collaboration_mode>",
    "<user_shell_command>",
    "Caveat: The messages below",
    "This session is being continued",
    "Stop hook feedback:",
    '{"task_id":',
)
#: stands before or after a person's words in the same text, and is none of them
_PUT_IN = re.compile(r"<(system-reminder|ide_opened_file|ide_selection|ide_diagnostics)>.*?</\1>", re.DOTALL)
_COMMAND_OPENERS = ("<command-name>", "<command-message>")
_COMMAND_NAME = re.compile(r"<command-name>\s*/?(.*?)</command-name>", re.DOTALL)
_COMMAND_ARGUMENTS = re.compile(r"<command-args>(.*?)</command-args>", re.DOTALL)
#: commands to the harness itself: what is said to them is not said to the assistant
_HARNESS_COMMANDS = names(
    "add-dir agents clear color compact config cost effort exit export fast help hooks login logout mcp memory model"
    " output-style permissions plugin plugins quit rename resume rewind status statusline theme usage vim"
)
_TYPED_COMMAND = re.compile(r"/([\w:-]+)(?:\s+(.*))?", re.DOTALL)
INTERRUPTION = "[Request interrupted by user"

_REFUSALS = (
    ("The user doesn't want to proceed with this tool use", Refusal.TOOL_USE),
    ("The user doesn't want to take this action right now", Refusal.ACTION),
    ("The agent proposed a plan that was rejected", Refusal.PLAN),
    ("Permission for this tool use was denied", Refusal.SUBAGENT),
    ("Permission for this action has been denied", Refusal.CLASSIFIER),
)
_WORDS_FOLLOW = "the user said:\n"
_AFTER_THE_WORDS = "\n\nNote: The user's next message may contain a correction"

#: how the first prompt of a session reads that a tool made for itself
_TOOL_PROMPTS = (
    "Analyze this Claude Code session",
    "Hello memory agent",
    "You are a Claude-Mem",
    "Please write a 5-10 word title",
)
#: a person can begin like this too, but hardly leaves it at that
_HELPER_PROMPTS = (
    "Generate a commit message",
    "Write a commit message",
    "Generate a concise commit message",
    "Summarize this coding conversation",
    "Summarize the following conversation",
)


def words_of_a_person(text: str) -> str:
    """What a person said in this text; empty where it is all the harness's. Of `/command arguments` it is the arguments."""
    said = _PUT_IN.sub("", text).strip() if "<" in text else text.strip()
    if said.startswith(_COMMAND_OPENERS):
        return _arguments(_found(_COMMAND_NAME, said), _found(_COMMAND_ARGUMENTS, said))
    if said.startswith((*_MACHINE_OPENERS, INTERRUPTION)):
        return ""
    return said


def words_of_a_queued_prompt(text: str) -> str:
    """Decide who spoke in a prompt that waited in the queue, where a command still stands as it was typed."""
    said = words_of_a_person(text)
    typed = _TYPED_COMMAND.fullmatch(said)
    return _arguments(typed[1], typed[2] or "") if typed else said


def _found(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return match[1].strip() if match else ""


def _arguments(command: str, arguments: str) -> str:
    return "" if command in _HARNESS_COMMANDS else arguments.strip()


def refusal_in(answer: str) -> Refusal | None:
    """Why the call was not carried out; None where a failed call's answer says no such thing."""
    return next((refusal for opener, refusal in _REFUSALS if answer.startswith(opener)), None)


def correction_in(answer: str) -> str:
    """The words with which a person turned a call down; empty where they gave none."""
    _, found, words = answer.partition(_WORDS_FOLLOW)
    return words.partition(_AFTER_THE_WORDS)[0].strip() if found else ""


def is_a_tools_prompt(text: str, *, is_only: bool) -> bool:
    """Whether a session that begins with this prompt is a tool's own; `is_only` where no other prompt follows."""
    return text.startswith(_TOOL_PROMPTS) or (is_only and text.startswith(_HELPER_PROMPTS))

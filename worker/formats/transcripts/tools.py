"""What a tool is for, told by its name, whichever assistant has it; and the command or path that a call of it was given."""

import re
import shlex
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any

from worker.formats.transcripts.lines import names, parse_json


class Purpose(StrEnum):
    SHELL = "shell"
    READ = "read"
    SEARCH = "search"
    EDIT = "edit"
    #: asks the person
    ASK = "ask"
    #: keeps a plan or a list of what is to be done
    PLAN = "plan"
    #: hands work to a subagent
    DELEGATE = "delegate"
    WEB = "web"
    OTHER = "other"


_NAMES = {
    Purpose.SHELL: names(
        "bash shell sh zsh powershell pwsh cmd terminal exec execcommand executecommand runcommand runshellcommand"
        " shellcommand shelltool runterminalcmd runterminalcommand runinterminal localshell runbash executebash"
    ),
    Purpose.READ: names(
        "read view readfile openfile open notebookread viewfile readmanyfiles readtextfile readnotebook cat"
    ),
    Purpose.SEARCH: names(
        "grep glob ls list search find rg grepsearch codebasesearch codesearch semanticsearch filesearch searchfiles searchfile"
        " searchdir findfile findfiles listdir listdirectory listfiles globfilesearch toolsearch searchfilecontent"
    ),
    Purpose.EDIT: names(
        "edit write multiedit notebookedit writefile writetofile create createfile newfile replace replaceinfile strreplace insert"
        " update editfile editnotebook searchreplace applypatch applydiff replacestringinfile multireplacestringinfile"
        " inserteditintofile strreplaceeditor strreplacebasededittool texteditor append"
    ),
    Purpose.ASK: names("askuserquestion askfollowupquestion askquestions askuser requestuserinput ask"),
    Purpose.PLAN: names(
        "todowrite todoread todo updateplan updatetodolist managetodolist taskcreate taskupdate tasklist exitplanmode enterplanmode"
    ),
    Purpose.DELEGATE: names("task agent runsubagent spawnagent dispatchagent subagent"),
    Purpose.WEB: names("webfetch websearch fetch fetchwebpage webrun googlewebsearch openurl"),
}
_PURPOSE_OF = {name: purpose for purpose, known in _NAMES.items() for name in known}
#: `mcp__server__tool`, `functions.tool`
_OF_SERVER = re.compile(r"^.*(?:__|[./:])(?=.)")
_COMMANDS = ("command", "cmd", "script")
_PATHS = names("filepath path filename notebookpath targetfile targetnotebook absolutepath relativepath file dirpath")
#: `command` of Anthropic's text editor: which of its functions is called
_EDITORS_FUNCTIONS = names("view create str_replace insert undo_edit")
_INTERPRETERS = re.compile(r"(?:.*/)?(?:ba|z|da|k)?sh|(?:.*/)?(?:pwsh|powershell)(?:\.exe)?|cmd(?:\.exe)?")
_INTERPRETED = re.compile(r"-\w*c|-Command|/[cC]")
#: a program that itself calls tools: `tools.exec_command({cmd: "…"})`
_PROGRAMMED = re.compile(r'\b(?:cmd|command)"?\s*:\s*("(?:[^"\\\n]|\\.)*")')


@lru_cache(maxsize=1024)
def purpose_of(tool: str) -> Purpose:
    plain = re.sub(r"[\s_-]", "", _OF_SERVER.sub("", tool)).lower()
    return _PURPOSE_OF.get(plain, Purpose.OTHER)


def command_of(tool: str, given: Mapping[str, Any] | None, text: str) -> str | None:
    """The command line that a shell was given, by name or as the call's text alone; None where the tool runs none."""
    found = next((given[name] for name in _COMMANDS if given.get(name)), None) if given else None
    if found is None and given and isinstance(given.get("action"), Mapping):
        return command_of(tool, given["action"], text)
    if isinstance(found, str) and found in _EDITORS_FUNCTIONS and purpose_of(tool) is Purpose.EDIT:
        return None
    if isinstance(found, list):
        return _joined([str(part) for part in found])
    if isinstance(found, str):
        return found
    if purpose_of(tool) is not Purpose.SHELL:
        return None
    programmed = [parse_json(quoted.encode("utf-8", "replace")) for quoted in _PROGRAMMED.findall(text)]
    return "\n".join(str(each) for each in programmed) or text


def _joined(words: list[str]) -> str:
    """`["bash", "-lc", "make test"]` runs `make test`."""
    if len(words) > 2 and _INTERPRETERS.fullmatch(words[0]) and _INTERPRETED.fullmatch(words[1]):
        return " ".join(words[2:])
    return words[0] if len(words) == 1 else shlex.join(words)


def path_of(given: Mapping[str, Any]) -> str | None:
    """The file or folder that a call names."""
    return next(
        (value for name, value in given.items() if plain_name(name) in _PATHS and value and isinstance(value, str)),
        None,
    )


def plain_name(name: str) -> str:
    """`newString`, `new_string` -> `newstring`."""
    return name.replace("_", "").lower()


def sides(given: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The edits that a call makes, one by one: those in a list of its own, or the call itself."""
    several = next(
        (value for name, value in given.items() if plain_name(name) in _SEVERAL and isinstance(value, list)), None
    )
    if several is None:
        yield given
    else:
        yield from (each for each in several if isinstance(each, Mapping))


_SEVERAL = names("edits replacements changes")

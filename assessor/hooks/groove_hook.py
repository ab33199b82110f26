"""The hook of groove attribution: gives an assistant the learnings that its session is assigned, and notes what it gave.

`python3 -I -S groove_hook.py ASSISTANT SCOPE [PART/PARTS]`, on the events SessionStart, SubagentStart and SessionEnd. Only the standard
library, from Python 3.8 on. It waits for nothing but its input, says nothing on standard error and ends with status 0 whatever happens:
then it gives all learnings or none, and the session takes no part in the experiment. GROOVE_OFF=1, or a file `off` or `off-ASSISTANT`
beside the snapshot, switches it off. How it decides and what it writes: docs/hooks.md.
"""

from __future__ import annotations

import json
import os
import signal
import stat
import sys
import time

try:  # the interpreter's own: hashlib loads a library of megabytes first
    from _sha256 import sha256  # type: ignore[import-not-found]
except ImportError:
    try:
        from _sha2 import sha256  # type: ignore[import-not-found]  # its name since Python 3.12
    except ImportError:
        from hashlib import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Record = dict[str, Any]

LIMIT = 10_000  # characters that an assistant takes from one output, as JavaScript counts them
OLD_SECONDS = 7 * 24 * 3600
PATIENCE_SECONDS = 4
TRANSCRIPT_BYTES = 64 << 20  # of a longer one only the end is read
DRAWS_KEPT_SECONDS = 90 * 24 * 3600
TITLE = "Learnings of this repository"
LEARNING, SECTION = "<!-- groove:learning ", "<!-- groove:section "
MANAGED = ".groove/learnings.md"
TOO_LONG = "the learnings are longer than the hook may give: run groove hook install again"


def main(arguments: list[str]) -> None:
    began = time.monotonic()
    signal.signal(signal.SIGALRM, lambda *_: os._exit(0))
    signal.alarm(PATIENCE_SECONDS)
    if os.environ.get("GROOVE_OFF", "") not in ("", "0") or os.isatty(0):
        return
    assistant, scope, share = [*arguments, "", "", ""][:3]
    part, parts = (int(number) for number in (share or "1/1").split("/"))
    told = read_input()
    event, session, cwd = told.get("hook_event_name"), told.get("session_id"), told.get("cwd") or os.getcwd()
    place = find_project(cwd)
    if event not in ("SessionStart", "SubagentStart", "SessionEnd") or not is_id(session) or place is None:
        return
    project, folder = place
    is_off = any(os.path.exists(os.path.join(folder, name)) for name in ("off", f"off-{assistant}"))
    if is_off or is_installed_nearer(scope, project):
        return
    record = {"format": 1, "at": moment(time.time()), "event": event, "session_id": session, "conversation_id": session}
    record.update(harness=assistant, cwd=cwd, source=str(told.get("source") or told.get("reason") or "")[:40])
    if event == "SessionEnd":
        draw = read_draw(folder, session)
        record.update(conversation_id=draw["conversation"] if draw else session)
        append(folder, record, began)
        return
    texts = inject(told, project, folder, record, parts, began)
    if part <= len(texts):
        answer = {"hookSpecificOutput": {"hookEventName": event, "additionalContext": texts[part - 1]}}
        os.write(1, json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace"))


def inject(told: Record, project: str, folder: str, record: Record, parts: int, began: float) -> list[str]:
    """What to print, part by part; what was decided is remembered and noted first."""
    session, event, source = record["session_id"], record["event"], record["source"]
    snapshot, reason = read_snapshot(folder)
    blocks = read_blocks(project, snapshot)
    if not blocks:
        return []

    def again(shown: Record) -> Record | None:
        same = snapshot is not None and shown.get("policy") == snapshot["policy_version"]
        return drawn(snapshot, blocks, shown["conversation"]) if same and snapshot else None

    draw, is_there = find_draw(told, folder, session, record["cwd"], again)
    is_new = draw is None and not is_there and event == "SessionStart" and source in ("", "startup", "clear")
    if draw is None and not is_new:
        reason = "the conversation began without a draw"
    # whether all of them fit, not those drawn: who takes part must not hang on the draw
    if parts_needed(blocks, [block["known"]["mark"] for block in blocks if block["known"]]) > parts:
        reason = TOO_LONG
    if is_new and not reason and snapshot:
        draw = drawn(snapshot, blocks, session)
        reason = "" if draw["probabilities"] or draw["excluded"] else "the snapshot knows none of the learnings"
    if reason == TOO_LONG or (is_new and reason):
        draw = None
    is_shown = event == "SubagentStart" or source == "compact" or not is_there
    note(record, draw, reason, is_shown)
    is_noted = event == "SubagentStart" or draw is None or write_draw(folder, told, draw, record["cwd"])
    if not (append(folder, record, began) and is_noted) and is_new:
        draw = None  # nobody would know of it: as if there were no experiment
    if not is_shown:
        return []
    if reason == TOO_LONG:
        pointer = f"{TITLE} stand in {MANAGED}: read that file before you begin."
        return [f"{pointer}\n\n{no_part(session)}"]
    hidden = {block["id"] for block in blocks if block["known"] and block["known"]["disabled"]}
    if draw is None:
        return packed(visible(blocks, hidden), lambda _: no_part(session))
    known = draw
    marks = {block["id"]: block["known"]["mark"] for block in blocks if block["known"]}
    withheld = [marks[id_] for id_ in known["withheld"] if id_ in marks]
    shown = visible(blocks, hidden.union(known["withheld"]))
    injected = set(known["injected"])
    return packed(
        shown,
        lambda group: trace(
            known["policy"],
            known["conversation"],
            [marks[block["id"]] for block in group if block["id"] in injected and block["id"] in marks],
            withheld,
        ),
    )


def note(record: Record, draw: Record | None, reason: str, is_shown: bool) -> None:
    """What is decided, into the line for the spool."""
    record.update(takes_part=draw is not None, reason="" if draw else reason, is_printed=is_shown)
    if draw is not None:
        record.update({name: draw[name] for name in ("injected", "withheld", "excluded", "probabilities")})
        record.update(conversation_id=draw["conversation"], policy_version=draw["policy"])
        if draw["conversation"] != record["session_id"]:
            record.update(parent_session_id=draw["conversation"])


# ---- the decision


def uniform(salt: str, unit: str, conversation: str) -> float:
    """The pair's own number in [0, 1); the store computes the same (docs/statistics.md 2)."""
    digest = sha256(f"{salt}|{unit}|{conversation}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def drawn(snapshot: Record, blocks: list[Record], conversation: str) -> Record:
    """About what stands in the snapshot and, in the same words, in the managed file."""
    draw: Record = {"conversation": conversation, "policy": snapshot["policy_version"], "probabilities": {}}
    draw.update(injected=[], withheld=[], excluded=[])
    for known in [block["known"] for block in blocks if block["known"]]:
        if known["disabled"]:
            draw["excluded"].append(known["id"])
            continue
        chance = round(known["withhold_probability"], 6)
        is_withheld = uniform(snapshot["salt"], known["unit"], conversation) < chance
        draw["withheld" if is_withheld else "injected"].append(known["id"])
        draw["probabilities"][known["id"]] = chance
    return draw


def find_draw(
    told: Record, folder: str, session: str, cwd: str, again: Callable[[Record], Record | None]
) -> tuple[Record | None, bool]:
    """-> (the draw of the conversation that this session goes on, if any; whether the assistant's context holds its text already).

    `again` draws anew what a transcript shows, where its file is gone.
    """
    shown, is_there = read_transcript(path_of(told.get("transcript_path")), folder, session)
    draw = read_draw(folder, session) or (read_draw(folder, shown["conversation"]) or again(shown) if shown else None)
    if draw is None and shown is None and told.get("source") == "fork":
        draw = newest_draw(folder, session, cwd)
        if draw is not None:
            _, is_there = read_transcript(draw["transcript"], folder, draw["conversation"])
    return draw, is_there


# ---- what is read


def read_input() -> Record:
    """The assistant's JSON; waits for its end only, and not even for that where the object is complete."""
    data = b""
    while True:
        piece = os.read(0, 1 << 16)
        data += piece
        if not piece or data.rstrip().endswith(b"}"):
            try:
                told = json.loads(data)
                return told if isinstance(told, dict) else {}
            except ValueError:
                if not piece:
                    return {}


def find_project(cwd: str) -> tuple[str, str] | None:
    """-> (the nearest folder above that has learnings of this kind, where its hook's files lie)."""
    here = os.path.abspath(cwd)
    while True:
        data = os.path.join(here, os.environ.get("GROOVE_DATA_DIR") or ".groove")
        hook = os.path.join(data, "hook")
        if os.path.isfile(os.path.join(here, MANAGED)) or os.path.isfile(os.path.join(hook, "snapshot.json")):
            return here, hook if os.path.isdir(hook) else hook_of_main_tree(here) or hook
        above = os.path.dirname(here)
        if above == here:
            return None
        here = above


def hook_of_main_tree(here: str) -> str | None:
    """A worktree of git shares the files of the repository that it was made from."""
    pointer = os.path.join(here, ".git")
    if not os.path.isfile(pointer):
        return None
    with open(pointer, encoding="utf-8") as file:
        target = os.path.join(here, file.read(4096).partition("gitdir:")[2].strip())
    main_tree, found, _ = os.path.normpath(target).rpartition(f"{os.sep}.git{os.sep}worktrees{os.sep}")
    hook = os.path.join(main_tree, ".groove", "hook")
    return hook if found and os.path.isdir(hook) else None


def is_installed_nearer(scope: str, project: str) -> bool:
    """So that two installations do not inject twice: the project's goes before the person's, that before a plugin's."""
    home = os.path.expanduser("~")
    places = [
        os.path.join(project, name)
        for name in (".claude/settings.json", ".claude/settings.local.json", ".codex/hooks.json")
    ]
    if scope == "plugin":
        claude, codex = os.environ.get("CLAUDE_CONFIG_DIR"), os.environ.get("CODEX_HOME")
        places += [
            os.path.join(claude or f"{home}/.claude", "settings.json"),
            os.path.join(codex or f"{home}/.codex", "hooks.json"),
        ]
    return scope in ("user", "plugin") and any(b"groove_hook.py" in read_bytes(place) for place in places)


def read_snapshot(folder: str) -> tuple[Record | None, str]:
    """-> (the snapshot, why nothing may be drawn by it)."""
    data = read_bytes(os.path.join(folder, "snapshot.json"))
    if not data:
        return None, "no snapshot"
    try:
        snapshot = json.loads(data)
        for known in snapshot["learnings"]:
            known["id"] + known["mark"] + known["unit"] + known["text"]  # texts, all of them
            if not 0 <= known["withhold_probability"] <= 1:
                return None, "a snapshot that cannot be read"
            known["disabled"] = bool(known.get("disabled"))
        snapshot["salt"] + snapshot["policy_version"] + snapshot["written_at"]
    except (ValueError, KeyError, TypeError):
        return None, "a snapshot that cannot be read"
    if snapshot.get("format") != 1:
        return None, "a snapshot of another release: run groove hook install again"
    return snapshot, "an old snapshot" if snapshot["written_at"] < moment(time.time() - OLD_SECONDS) else ""


def read_blocks(project: str, snapshot: Record | None) -> list[Record]:
    """What there is to inject, in its order: the managed file, which a person may have edited; without one, the snapshot.

    Each block's `known` is its learning in the snapshot, None where that does not say the same: it is injected then, and not drawn.
    """
    learnings = {known["id"]: known for known in snapshot["learnings"]} if snapshot else {}
    data = read_bytes(os.path.join(project, MANAGED))
    if not data:
        return [block_of("learning", id_, "", known["text"], known) for id_, known in learnings.items()]
    blocks: list[Record] = []
    for line in data.decode("utf-8", "replace").replace("\r\n", "\n").split("\n"):
        kind = "learning" if line.startswith(LEARNING) else "section" if line.startswith(SECTION) else ""
        if kind and line.rstrip().endswith("-->"):
            name = line.rstrip()[len(LEARNING if kind == "learning" else SECTION) : -len("-->")].strip()
            id_, _, section = name.partition(" in ") if kind == "learning" else (name, "", "")
            blocks.append(block_of(kind, id_.strip(), section.strip(), "", None))
        elif blocks:
            blocks[-1]["text"] += line + "\n"
    for block in blocks:
        block["text"] = block["text"].strip("\n")
        known = learnings.get(block["id"])
        if block["kind"] == "learning" and known and letters(known["text"]) == letters(block["text"]):
            block["known"] = known
    return [block for block in blocks if block["kind"] == "section" or block["text"].strip()]


def letters(text: str) -> str:
    """Marks of lists and tables make no other text."""
    return "".join(character for character in text.lower() if character.isalnum())


def block_of(kind: str, id_: str, section: str, text: str, known: Record | None) -> Record:
    return {"kind": kind, "id": id_, "section": section, "text": text, "known": known}


def read_transcript(path: str, folder: str, session: str) -> tuple[Record | None, bool]:
    """-> (what the newest marker of ours says, whether it stands after the last compaction). A marker that is merely quoted is none."""
    data = read_bytes(path, TRANSCRIPT_BYTES)
    at, compacted = len(data), max(data.rfind(b'"compact_boundary"'), data.rfind(b'"type":"compacted"'))
    for _ in range(64):
        at = data.rfind(b"<!-- groove", 0, at)
        if at < 0:
            break
        text = data[at : at + (1 << 16)].decode("utf-8", "replace").partition(" -->")[0].replace("\\", "")
        shown = {"conversation": text.partition("<!-- groove-all ")[2]}
        if not shown["conversation"]:
            try:
                shown = json.loads(text.partition("<!-- groove ")[2])
            except ValueError:
                continue
        known = shown.get("conversation") if isinstance(shown, dict) else None
        if is_id(known) and ("policy" not in shown or known == session or read_draw(folder, known)):
            return shown, at > compacted
    return None, False


def read_bytes(path: str, most: int = 16 << 20) -> bytes:
    """The content of a regular file, its end where it is longer than `most` bytes; empty where it cannot be read."""
    try:
        number = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except (OSError, ValueError):
        return b""
    with os.fdopen(number, "rb") as file:
        status = os.fstat(number)
        if not stat.S_ISREG(status.st_mode):
            return b""
        file.seek(max(0, status.st_size - most))
        return file.read(most)


# ---- what is printed


def visible(blocks: list[Record], hidden: set[str]) -> list[Record]:
    """Without what is hidden; a section's own words only where one of its learnings is to be seen."""
    learnings = [block for block in blocks if block["kind"] == "learning" and block["id"] not in hidden]
    sections = {block["section"] for block in learnings}
    seen = {id(block) for block in learnings}
    return [block for block in blocks if id(block) in seen or (block["kind"] == "section" and block["id"] in sections)]


def packed(blocks: list[Record], marker: Callable[[list[Record]], str]) -> list[str]:
    """The fewest texts that hold the blocks in order, none longer than an assistant takes; each learning stays whole.

    More than could ever be printed, where one learning alone is too long.
    """
    groups: list[list[Record]] = [[]]
    for block in blocks:
        if groups[-1] and width(written([*groups[-1], block], marker)) > LIMIT:
            groups.append([])
        groups[-1].append(block)
    texts = [written(group, marker) for group in groups]
    return texts if all(width(text) <= LIMIT for text in texts) else [*texts, *[""] * 1000]


def written(group: list[Record], marker: Callable[[list[Record]], str]) -> str:
    """One text of these blocks, with its marker at the end."""
    body = ""
    for before, block in zip([None, *group], group):
        is_list = before and all(each["text"].lstrip()[:1] in ("-", "*", "|") for each in (before, block))
        body += ("" if before is None else "\n" if is_list else "\n\n") + block["text"]
    return f"{TITLE}:\n\n{body}\n\n{marker(group)}" if body else f"{TITLE}: none in this session.\n\n{marker(group)}"


def parts_needed(blocks: list[Record], marks: list[str]) -> int:
    """For all of them, whatever the session and the policy are called; over 1000 where one alone is too long."""
    return len(packed(blocks, lambda _: trace("x" * 64, "x" * 64, marks, [])))


def trace(policy: str, conversation: str, injected: list[str], withheld: list[str]) -> str:
    """By which the transcript shows what was injected."""
    said = {"policy": policy, "conversation": conversation, "injected": injected, "withheld": withheld}
    text = json.dumps(said, separators=(",", ":")).replace(">", "\\u003e")
    return f"<!-- groove {text} -->"


def no_part(conversation: str) -> str:
    """In the place of a trace, where the session takes no part."""
    return f"<!-- groove-all {conversation} -->"


def width(text: str) -> int:
    return len(text.encode("utf-16-le", "replace")) // 2


# ---- what is written


def append(folder: str, record: Record, began: float) -> bool:
    """One line to the spool, with one write; False where it could not be written whole."""
    record["milliseconds"] = round((time.monotonic() - began) * 1000, 1)
    line = b"\n" + json.dumps(record, separators=(",", ":")).encode("utf-8", "replace") + b"\n"
    try:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
        number = os.open(os.path.join(folder, "spool.jsonl"), flags, 0o600)
        return stat.S_ISREG(os.fstat(number).st_mode) and os.write(number, line) == len(line)
    except OSError:
        return False


def write_draw(folder: str, told: Record, draw: Record, cwd: str) -> bool:
    """So that whatever goes on with this session gets the same."""
    known = {**draw, "cwd": cwd, "transcript": path_of(told.get("transcript_path"))}
    path = path_of_draw(folder, told["session_id"])
    beside = f"{path}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        if not os.path.exists(path):
            remove_old_draws(os.path.dirname(path))
        number = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        data = json.dumps(known, separators=(",", ":")).encode("utf-8", "replace")
        if os.write(number, data) != len(data):
            raise OSError
        os.replace(beside, path)
    except OSError:
        try:
            os.unlink(beside)
        except OSError:
            pass
        return False
    return True


def remove_old_draws(folder: str) -> None:
    """Now and then: assistants themselves forget their sessions after a month."""
    if os.getpid() % 64:
        return
    with os.scandir(folder) as found:
        for each in found:
            if each.stat(follow_symlinks=False).st_mtime < time.time() - DRAWS_KEPT_SECONDS:
                os.unlink(each.path)


def read_draw(folder: str, session: object) -> Record | None:
    """None where nothing was drawn, or what was cannot be read."""
    return draw_at(path_of_draw(folder, session)) if is_id(session) else None


def newest_draw(folder: str, session: str, cwd: str) -> Record | None:
    """The newest draw of another session in the same folder: a fork does not tell what it was forked from."""
    try:
        with os.scandir(os.path.join(folder, "draws")) as found:
            paths = sorted(
                ((each.stat().st_mtime, each.path) for each in found if each.name.endswith(".json")), reverse=True
            )
    except OSError:
        return None
    draws = (draw_at(path) for _, path in paths[:64] if path != path_of_draw(folder, session))
    return next((draw for draw in draws if draw and draw["cwd"] == cwd), None)


def draw_at(path: str) -> Record | None:
    try:
        draw: Record = json.loads(read_bytes(path))
        for name in (
            "conversation",
            "policy",
            "injected",
            "withheld",
            "excluded",
            "probabilities",
            "cwd",
            "transcript",
        ):
            draw[name]
    except (ValueError, KeyError, TypeError):
        return None
    return draw


def path_of_draw(folder: str, session: object) -> str:
    name = sha256(str(session).encode("utf-8", "replace")).hexdigest()[:32]
    return os.path.join(folder, "draws", f"{name}.json")


def path_of(told: object) -> str:
    return os.path.expanduser(told) if isinstance(told, str) else ""


def is_id(told: object) -> bool:
    return isinstance(told, str) and told.isprintable() and 0 < len(told.encode("utf-8", "replace")) <= 255


def moment(seconds: float) -> str:
    """RFC 3339, UTC; later moments are greater texts."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds % 1 * 1e6):06d}Z"


if __name__ == "__main__":
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        main(sys.argv[1:])
    except BaseException:
        pass
    os._exit(0)

"""Reading a transcript or a learning takes time in proportion to its length, whatever it is made of."""

import gc
import time
from collections.abc import Callable

import pytest

from worker.domain import Block, BlockKind, Learning, LearningCategory, Message, Transcript
from worker.formats.transcripts.flattened import parse_flattened
from worker.layers.activation.chunks import chunk_transcript
from worker.layers.activation.common_words import words_of
from worker.layers.activation.contamination import contaminated_learnings
from worker.layers.activation.fences import is_document, stretches
from worker.layers.activation.named_code import CodeKind, named_code
from worker.layers.activation.ngrams import ngram_weights
from worker.layers.activation.wording import actions_of

#: what quadratic patterns stumble over: one character or a short piece, again and again
PIECES = (
    *(
        ".",
        "-",
        "/",
        "_",
        "*",
        " ",
        "\n",
        "\t",
        "`",
        "~",
        '"',
        "'",
        "(",
        ")",
        "a",
        "A",
        "é",
        "0",
        ",",
        ":",
        "{",
        "<",
        "\\",
        "\0",
    ),
    *("a.", "a-", "a_", "a/", "a b ", "aB", "a()", ".a()", "--a ", "- ", " - ", "./", "../", "//", "-/", "/*", "e.g. "),
    *(
        "use `a`, ",
        "`a` or ",
        "not a_b ",
        "never `a b`",
        "like a_b; ",
        "say ",
        "``` ",
        "```a\n",
        "~~~ `",
        "``` `",
        "[tool:a]\n",
    ),
    *("cat > a <<E\n", "cat > a <<E\nE\n", "tee ", "cat ", "> ", "<<E "),
    *(".py", "a.py-", "{a", "feat(", "fix: ", "instead of ", "before ", ", use ", ". ", "a\0", "\u200d", "\U0001f600"),
)
#: what stands before and after the pieces, so that a run ends in a failure as well as in a match
FRAMES = (("", ""), ("x", " "), ("```", "`"), ("~~~", "`"), ("a", "\x00z"), ("a  ", "-z"))


def of_block(kind: BlockKind, text: str, tool: str | None = None) -> Transcript:
    block = Block(kind=kind, text=text, tool=tool, input={"file_path": text, "content": text} if tool else None)
    return Transcript(messages=(Message(message_idx=0, role="assistant", blocks=(block,)),))


def of_shell(command: str) -> Transcript:
    block = Block(kind=BlockKind.TOOL_USE, text=command, tool="Bash", input={"command": command})
    return Transcript(messages=(Message(message_idx=0, role="assistant", blocks=(block,)),))


LEARNING = Learning(
    learning_id="l", category=LearningCategory.TOOL_USAGE, description="", insight="Use rg, not grep, to search"
)
READERS: dict[str, Callable[[str], object]] = {
    "contamination": lambda text: contaminated_learnings([LEARNING], of_block(BlockKind.TOOL_RESULT, text)),
    "chunks of a text": lambda text: chunk_transcript(of_block(BlockKind.TEXT, text)),
    "chunks of an edit": lambda text: chunk_transcript(of_block(BlockKind.TOOL_USE, text, "Write")),
    "chunks of a command": lambda text: chunk_transcript(of_shell(text)),
    "fences": lambda text: [is_document("md", part) for _, part in stretches(text)],
    "named code": named_code.__wrapped__,
    "actions": actions_of,
    "words": words_of,
    "n-grams": ngram_weights,
    "flattened": parse_flattened,
}
_SHORT = 4_000
#: processor seconds of the double length; what is quadratic takes several of them
_MOST = 0.3


def seconds(read: Callable[[str], object], text: str) -> float:
    """Processor time of this thread without the garbage collector: neither a busy machine nor what other tests left behind counts."""
    gc.disable()
    try:
        began = time.thread_time()
        read(text)
        return time.thread_time() - began
    finally:
        gc.enable()


def least(read: Callable[[str], object], text: str) -> float:
    """What is quadratic takes its time at every try."""
    return min(seconds(read, text) for _ in range(3))


@pytest.mark.parametrize("name", READERS)
def test_double_the_length_takes_double_the_time(name: str) -> None:
    """For every piece and frame, twice as much text takes about twice as long: never four times, and never seconds."""
    read, slow = READERS[name], []
    for piece in PIECES:
        for before, after in FRAMES:
            short = before + piece * (_SHORT // len(piece)) + after
            double = before + piece * (2 * _SHORT // len(piece)) + after
            took = seconds(read, double)
            if took > 0.05 and (took := least(read, double)) > min(_MOST, max(0.05, 3.2 * least(read, short))):
                slow.append((before, piece, after, took))
    assert not slow


def test_refusals_of_a_tool_that_nobody_called() -> None:
    """Each looks for the call that it is of, however many calls of other tools there are."""
    short, double = ("[tool:Bash] x\n" * count + "[tool_rejected_by_user:Other]\n" * count for count in (4_000, 8_000))
    assert least(parse_flattened, double) < max(_MOST, 3.2 * least(parse_flattened, short))


@pytest.mark.parametrize(
    "needle", ["`a********b`", "`a*a*a*a*a*a*a*b`", "`*a*a*a*a*b`", "`a * a * a * b`", "`a*.a*.a*.b`", "`a**`", "`**`"]
)
def test_stars_in_a_learning_cost_no_more_than_words(needle: str) -> None:
    """A learning that names code with many stars is looked for in one pass over each word."""
    (code,) = named_code(f"Run {needle}")
    for text in ("a" * 2_000, "a." * 1_000, "a " * 150, " " * 300, "ab" * 1_000 + ":"):
        assert least(code.stands_in, text) < _MOST


@pytest.mark.parametrize(
    ("needle", "text", "stands"),
    [
        ("`fmt.print*`", "fmt.printf", True),
        ("`fmt.print*`", "fmt.print", True),
        ("`a*b*c`", "axxbyyc", True),
        ("`a*b*c`", "abcbc", True),
        ("`a*b*c`", "abcx", False),
        ("`a*b*c`", "a b c", False),
        ("`a*bc`", "abcbc", True),
        ("`a*bc`", "abcbcd", False),
        ("`*_test`", "my_test", True),
        ("`*_test`", "my_tests", False),
        ("`select * from`", "select  from", True),
        ("`select * from`", "select all from", True),
    ],
)
def test_a_star_stands_for_any_ending(needle: str, text: str, stands: bool) -> None:
    """As before: letters, digits and underscores, none of them too, and what comes behind must end where the name does."""
    (code,) = named_code(f"Look at {needle}")
    assert code.kind in CodeKind
    assert code.stands_in(text) is stands


def test_a_list_of_programs_is_followed_back_to_its_verb() -> None:
    """Every program in a list that begins with "use" is a command, however long the list is; one in another sentence is not."""
    names = [f"`prog{number}`" for number in range(12)]
    assert {code.kind for code in named_code("Use " + ", ".join(names))} == {CodeKind.COMMAND}
    assert {code.kind for code in named_code("Look. " + ", ".join(names))} == {CodeKind.MENTIONED}

"""Code that a learning names, found where a session writes it another way, and not where it is only looked for."""

from collections.abc import Callable

import pytest

from worker.attribution.bundle import SessionBundle
from worker.domain import Activation, ExplicitReference, Learning
from worker.layers.activation.detector import HybridDetector

Bundle = Callable[..., SessionBundle]
Make = Callable[..., Learning]
Detect = Callable[[str, str], Activation]


@pytest.fixture
def detect(bundle: Bundle, learning: Make) -> Detect:
    """What is found of a learning in a session of one answer."""

    def found(insight: str, said: str) -> Activation:
        session = bundle([("user", "go on"), ("assistant", said)], {"l1": learning(insight)})
        return HybridDetector().detect("l1", session.insights, session.evidence)

    return found


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("src/lib/auth.ts:1", "[tool:Bash] sed -n '1,80p' src/lib/auth.ts"),
        ("src/lib/auth.ts:1-48", "[tool:Bash] sed -n '1,80p' src/lib/auth.ts"),
        ("src/lib/auth.ts:12:5", "[tool:Read] src/lib/auth.ts"),
        ("src/lib/auth.ts#L12-L30", "[tool:Read] src/lib/auth.ts"),
        ("src/lib/auth.ts", "The page is guarded now, see `src/lib/auth.ts:12`."),
        ("@docs/guards.md", "[tool:Read] docs/guards.md"),
        ("@docs/guards/", "[tool:Bash] ls docs/guards"),
    ],
)
def test_a_path_is_known_with_a_line_or_a_mention(detect: Detect, named: str, said: str) -> None:
    """On either side; another file is none."""
    insight = f"The guards of all routes are described in `{named}`"
    assert detect(insight, said).features["nothing_found"] == 0
    assert detect(insight, "[tool:Read] src/other/page.css").features["nothing_found"] == 1


@pytest.mark.parametrize(
    ("named", "said", "nothing_found"),
    [
        ("src/lib/store/server.ts", 'import { open } from "@/lib/store/server"', 0),
        ("lib/store/server.js", 'const open = require("../lib/store/server")', 0),
        ("src/lib/store/index.ts", 'import { open } from "@/lib/store"', 0),
        ("src/shop/orders.py", "from shop.orders import place", 0),
        ("shop/orders/__init__.py", "import shop.orders", 0),
        ("src/lib/store/server.ts", 'import { open } from "@/lib/store/server-actions"', 1),
        ("src/server.ts", 'import { open } from "@/server"', 1),
        ("src/shop/orders.md", "from shop.orders import place", 1),
    ],
)
def test_an_import_names_its_file(detect: Detect, named: str, said: str, nothing_found: int) -> None:
    """By at least two names, so that no word of prose is taken for one."""
    answer = detect(f"Clients of the database live in `{named}`", f"```\n{said}\n```")
    assert answer.features["nothing_found"] == nothing_found


@pytest.mark.parametrize("command", ["cargo test 2>&1", "cargo test --all", "cargo test | tail", "cargo test # all"])
def test_a_placeholder_stands_for_one_word_at_least(detect: Detect, command: str) -> None:
    """The command without it was run in part."""
    rule = "Run the tests of one name with `cargo test <name>`"
    assert 0 < detect(rule, f"[tool:Bash] {command}").features["commands_run"] < 1
    whole = detect(rule, "[tool:Bash] cargo test -q parser").features["commands_run"]
    assert whole > detect(rule, f"[tool:Bash] {command}").features["commands_run"]


RULE = "In the browser import `makeBrowserClient` for the database"


@pytest.mark.parametrize(
    "said",
    [
        '[tool:Bash] rg "makeBrowserClient" -n src',
        "[tool:shell] grep -rn makeBrowserClient src 2>/dev/null | sort | head -5",
        "[tool:run_shell_command] git grep makeBrowserClient",
        "[tool:Grep] pattern makeBrowserClient",
        "[tool:search_files] makeBrowserClient",
    ],
)
def test_a_name_that_is_looked_for_is_not_written(detect: Detect, said: str) -> None:
    """Whichever tool looks; nothing is quoted as a reference, either."""
    answer = detect(RULE, said)
    assert answer.features["code_written"] == 0
    assert not any(isinstance(signal, ExplicitReference) for signal in answer.signals)


@pytest.mark.parametrize(
    "said",
    [
        "[tool:Write] src/page.ts\nconst db = makeBrowserClient(url)",
        '[tool:Bash] echo "makeBrowserClient()" | tee src/page.ts',
        "[tool:Bash] cat makeBrowserClient.txt > src/page.ts",
        "[tool:Bash] rg -l makeBrowserClient | xargs rm",
        "[tool:Bash] rg makeBrowserClient src\n[tool:Write] src/page.ts\nconst db = makeBrowserClient(url)",
    ],
)
def test_a_name_that_is_written_or_acted_on_counts(detect: Detect, said: str) -> None:
    """Also beside a search for it."""
    assert detect(RULE, said).features["code_written"] > 0


def test_going_to_a_path_by_a_search_counts(detect: Detect) -> None:
    """A place is used by going there; and a flag of a search is used by searching."""
    assert detect("`src/tables` holds the schemas", '[tool:Bash] rg "Order" src/tables').features["code_written"] > 0
    assert detect("Search with `--hidden-files`", "[tool:Bash] rg --hidden-files x").features["code_written"] > 0

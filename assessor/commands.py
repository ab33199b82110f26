"""What a shell command line is for, and whether its exit code is that of the part that matters."""

import re

_PREFIX = re.compile(
    r"^(?:\w+=\S*\s+|(?:sudo|time|env|command|rtk|npx|bunx|pnpm exec|pnpm dlx|yarn dlx|uv run|poetry run|pipenv run|timeout \S+)\s+)+"
)
_CHECK = re.compile(
    r"^(?:(?:\S*/)?(?:pytest|tox|nox|jest|vitest|mocha|ava|rspec|phpunit|ctest|tsc|eslint|ruff|mypy|pyright|flake8|biome|xcodebuild|"
    r"make|gradlew?|mvnw?|rake|just)\b|"
    r"go (?:test|build|vet)\b|cargo (?:test|build|check|clippy|nextest)\b|dotnet (?:test|build)\b|mix (?:test|compile)\b|"
    r"swift (?:test|build)\b|bazel (?:test|build)\b|python\S* -m (?:pytest|unittest|mypy|ruff)\b|"
    r"(?:npm|pnpm|yarn|bun)(?: run)?(?: -\S+)* (?:test|build|lint|type-?check|check|compile)\b\S*|npm t\b|bun test\b)"
)
_HAND_OVER = re.compile(r"^(?:git (?:-\S+ \S+ )*(?:commit|push)\b|gh pr (?:create|merge)\b)")
_BACK = re.compile(
    r"^git (?:-\S+ \S+ )*(?:restore\b|revert\b|reset --hard(?: HEAD[~^\d]*)?$|checkout (?:HEAD )?-- |checkout \.)"
)
_NEW_BRANCH = re.compile(r"\bgit (?:branch|switch -c|checkout -b) ")
#: how shells and parsers of arguments open when they never ran what was asked
_NEVER_RAN = re.compile(
    r"(?:error: )?(?:unrecogni[sz]ed (?:subcommand|arguments?|command|option)|unknown (?:command|subcommand|option)|"
    r"no such (?:command|option))\b|"
    r"(?:\S+: )?(?:line \d+: )?\S+: (?:command )?not found$|error: (?:script not found|unexpected argument)\b",
    re.IGNORECASE,
)
_EXIT_CODE = re.compile(r"^(?:Exit code \d+|Process exited with code \d+|Output:)\s*$", re.IGNORECASE)
_STEP = re.compile(r"\s*(?:&&|\|\||;|\n)\s*")


def is_check(command: str) -> bool:
    """A test, build or lint command whose status the line's exit code is: `| tail` and `|| true` hide it."""
    last = re.split(r";|\n", command.strip().rstrip(";"))[-1]
    if "||" in last or last.rstrip().endswith("&"):
        return False
    steps = re.split(r"\s*&&\s*", last.strip())
    return any(_CHECK.match(_bare(step)) and not _is_piped(step, command) for step in steps)


def never_ran(answer: str) -> bool:
    """The answer opens with the refusal to run the command at all. Nothing else is ever read from an answer."""
    return bool(_NEVER_RAN.match(first_line(answer)))


def first_line(answer: str) -> str:
    """The first one that says something: a harness puts the exit code before it."""
    lines = (line.strip() for line in answer.splitlines())
    return next((line for line in lines if line and not _EXIT_CODE.match(line)), "")


def hides_its_code(command: str) -> bool:
    """A pipe's exit code is that of its last command."""
    return _is_piped(command, command)


def hands_over(command: str) -> bool:
    """Commits, pushes or opens a pull request."""
    return any(_HAND_OVER.match(_bare(step)) for step in _STEP.split(command))


def goes_back(command: str) -> bool:
    """Throws away changes of the working tree or undoes a commit; commits that get a branch of their own first are only moved."""
    return not _NEW_BRANCH.search(command) and any(_BACK.match(_bare(step)) for step in _STEP.split(command))


def _bare(step: str) -> str:
    return _PREFIX.sub("", step.strip())


def _is_piped(step: str, command: str) -> bool:
    return "|" in re.sub(r"'[^']*'|\"[^\"]*\"", "", step) and "pipefail" not in command

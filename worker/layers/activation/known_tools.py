"""Programs and libraries that a learning may name without quoting them: names that mean nothing else in a sentence about code."""

import re

from worker.formats.transcripts.lines import names

TOOLS = names(
    "pytest ruff mypy pyright flake8 pylint isort uv pipenv virtualenv conda tox nox bandit pytest-cov hypothesis alembic sqlalchemy"
    " pydantic fastapi vitest jest mocha playwright cypress puppeteer eslint prettier biome tsc ts-node tsx pnpm npm npx yarn bun"
    " esbuild webpack rollup vite turbopack storybook zod prisma drizzle tailwind husky commitlint lint-staged cargo clippy rustfmt"
    " gofmt gofumpt golangci-lint goimports staticcheck docker docker-compose podman kubectl helm terraform ansible gradle maven mvn"
    " ktlint detekt dotnet nuget xcodebuild swiftlint swiftformat rspec rubocop bundler phpunit phpstan composer pre-commit shellcheck"
    " shfmt hadolint tmux ripgrep rg jq curl gh mkdocs postgresql sqlite redis git-lfs"
)
PATTERN = re.compile(
    r"(?<![\w./`\"'-])("
    + "|".join(sorted(map(re.escape, TOOLS), key=lambda name: (-len(name), name)))
    + r")(?![\w/`-]|\.\w)",
    re.IGNORECASE,
)
_ASKED_FOR = re.compile(
    r"\b(?:use|using|run|running|via|with|prefer|execute|(?:set|check|lint|test|build|format|install)\w*)\b[^.;:`]{0,40}$",
    re.IGNORECASE,
)
#: characters; what `_ASKED_FOR` finds is shorter
_REACH = 60


def is_asked_for(text: str, place: int) -> bool:
    """The tool that begins at `place` stands after a verb of use, in the same clause."""
    return _ASKED_FOR.search(text[max(0, place - _REACH) : place]) is not None

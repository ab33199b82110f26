"""The judge that `groove import --assessor` asks, and what it tells: its agreement with labels before its word counts."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from assessor.judges.agreement import ENOUGH, Agreement
from assessor.judges.hearing import Hearing
from assessor.judges.insights import Insights
from assessor.judges.judgement import Judge
from assessor.judges.model import Model
from worker.operations.wording import counted

_MODEL = "litellm:"
#: reasons named
_NAMED = 3


def judge_options(command: Callable[..., None]) -> Callable[..., None]:
    assessor = click.option(
        "--assessor",
        metavar="insights|litellm:MODEL",
        callback=_checked,
        help="A second opinion: the facets of Claude Code's /insights, or a model, which gets each session, shortened.",
    )
    labels = click.option(
        "--labels",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        help="JSONL of session_id and outcome: the second opinion counts as far as it agrees with these.",
    )
    return assessor(labels(command))


def judge_named(name: str, claude: Path) -> Judge:
    """`claude`: the folder of Claude Code. Raises `ConfigurationError` where the judge's library is not installed."""
    return Insights(claude) if name == "insights" else Model(name.removeprefix(_MODEL))


def judge_lines(hearing: Hearing) -> Iterator[str]:
    values = list(hearing.values.values())
    mean = f", mean outcome {sum(values) / len(values):+.2f}" if values else ""
    yield f"{hearing.judge} judged {counted(len(hearing.judgements), 'sessions')}, {len(values)} with an outcome{mean}"
    for reason, number in hearing.failures.most_common(_NAMED):
        yield f"  {counted(number, 'sessions')} as before: {reason}"
    if hearing.not_asked:
        yield f"  {counted(hearing.not_asked, 'sessions')} not asked about: too many failures in a row"
    if hearing.agreement and hearing.agreement.n:
        yield f"  {_agreement_line(hearing.agreement)}"
    yield f"  {_use_line(hearing)}"


def judge_document(hearing: Hearing) -> dict[str, Any]:
    return {
        "name": hearing.judge,
        "sessions": {session_id: asdict(judgement) for session_id, judgement in hearing.judgements.items()},
        "failures": dict(hearing.failures),
        "not_asked": hearing.not_asked,
        "agreement": asdict(hearing.agreement) if hearing.agreement else None,
        "weight": hearing.weight,
    }


def _agreement_line(found: Agreement) -> str:
    return (
        f"beside {counted(found.n, 'labels')}: rank correlation {_number(found.rank_correlation)}, "
        f"mean difference {_number(found.mean_difference)}, AUC of success {_number(found.auc)}"
    )


def _use_line(hearing: Hearing) -> str:
    if hearing.weight:
        return f"used: one part of the outcome, weight {hearing.weight:g}"
    if hearing.agreement is None:
        return f"not used: --labels FILE with {ENOUGH} sessions or more shows whether to believe it"
    if hearing.agreement.n < ENOUGH:
        return f"not used: {hearing.agreement.n} of its sessions have a label, {ENOUGH} are needed"
    return "not used: its agreement with the labels may be chance"


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2f}"


def _checked(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    if value is None or value == "insights" or (value.startswith(_MODEL) and value != _MODEL):
        return value
    raise click.BadParameter(f"{value!r} is neither insights nor litellm:MODEL, such as litellm:ollama/llama3")

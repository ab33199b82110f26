"""`groove doctor`: is everything well, and if not, what to do."""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict

import click

from worker.cli.support.output import escaped, print_hanging
from worker.operations.examining import examine
from worker.operations.findings import Finding
from worker.settings import load_settings


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True)
def doctor_command(*, as_json: bool) -> None:
    """Check every part and every promise; the status is 0 only when all is well."""
    findings = list(examine(load_settings()))
    if as_json:
        click.echo(escaped(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=1)))
    else:
        for finding in findings:
            for lead, line in lines(finding):
                print_hanging(lead, line)
    sys.exit(0 if all(finding.is_well for finding in findings) else 1)


def lines(finding: Finding) -> Iterator[tuple[str, str]]:
    """(what stands before it, the line)."""
    mark = "note" if finding.is_note else "ok  " if finding.is_well else "BAD "
    yield f"{mark} ", f"{finding.what}: {finding.detail}"
    if finding.advice and (finding.is_note or not finding.is_well):
        yield "       ", finding.advice

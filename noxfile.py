"""The unit tests on every supported Python that is there: `nox`. The others are named and skipped.

Without torch and the model, which would be five gigabytes per interpreter: tests that need them are skipped and say so.
"""

import nox

nox.options.error_on_missing_interpreters = False
PROJECT = nox.project.load_toml("pyproject.toml")


@nox.session(python=["3.11", "3.12", "3.13"])
def unit(session: nox.Session) -> None:
    """`nox -s unit-3.13 -- -k name` hands on what follows the dashes to pytest."""
    tools = nox.project.dependency_groups(PROJECT, "test", "docs")
    session.install(
        "--constraint", "constraints.txt", "--editable", ".[embedded,postgresql,flower]", "scikit-learn", *tools
    )
    session.run("pytest", "tests/unit", *session.posargs)

"""One line of the table."""

from dataclasses import dataclass

HEADER = (
    "| fault | parts | seed | sessions | finished | lost | published none/once/more | extra task runs | values identical "
    "| seconds to recover | |\n|---|---|---|---|---|---|---|---|---|---|---|"
)
#: what the table does not say line by line
HEADING = """Into every run go a tenth of the events twice, all in random order. Sessions: those whose event the ledger or the log still
holds. Published: messages of one attempt carry one id, else the note says so. Extra task runs: above one for each session and learning."""


@dataclass(frozen=True, kw_only=True)
class Row:
    fault: str
    #: event log and ledger
    parts: str
    seed: int
    sessions: int
    finished: int
    #: sessions that were published never, once, more often; copies of one attempt share their id
    published_none: int
    published_once: int
    published_more: int
    #: attempts whose messages carry several ids, and ids that several attempts share
    wrong_ids: int
    extra_runs: int
    #: as in a run without faults, bit for bit
    identical: bool
    #: learnings that failed though they should not, or the other way round, or for another reason
    wrong_failures: int
    #: from the last fault until all was finished; None: it was not
    seconds: float | None
    note: str = ""

    @property
    def lost(self) -> int:
        return self.sessions - self.finished

    @property
    def is_well(self) -> bool:
        wrong = self.lost, self.published_none, self.wrong_ids, self.wrong_failures
        return self.sessions > 0 and not any(wrong) and self.identical

    def __str__(self) -> str:
        published = f"{self.published_none}/{self.published_once}/{self.published_more}"
        wrong = [f"{self.wrong_ids} attempts with wrong ids"] if self.wrong_ids else []
        wrong += [f"{self.wrong_failures} learnings wrongly failed or not"] if self.wrong_failures else []
        cells = (
            *(self.fault, self.parts, self.seed, self.sessions, self.finished, self.lost, published, self.extra_runs),
            *(
                "yes" if self.identical else "NO",
                "–" if self.seconds is None else f"{self.seconds:.1f}",
                "; ".join([*wrong, self.note]),
            ),
        )
        return f"| {' | '.join(map(str, cells))} |"

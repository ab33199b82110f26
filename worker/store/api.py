"""The store as commands see it: its public HTTP API, one method per endpoint."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeVar
from urllib.parse import quote

from pydantic import TypeAdapter
from pydantic_core import to_json

from worker.domain import (
    AblationExperiment,
    AttributionRecord,
    Decision,
    DecisionKind,
    Learning,
    LearningCategory,
    LearningStatus,
    LearningValue,
    SessionBackground,
    VerdictKind,
)
from worker.layers.aggregation.breakdown import GroupEffect
from worker.layers.aggregation.explain import Explanation
from worker.layers.aggregation.observed import Observed
from worker.settings.layers import LayerParameters
from worker.store.answers import Assignments, Grouped, Refreshed, Revision, ShadowChange, Shown, Status, TakenDecisions
from worker.store.connection import StoreConnection, Token
from worker.store.shapes.assignments import MadeDecision, PublishedPolicy, TakenDecision
from worker.store.shapes.changes import ForgottenFromStore, ImportReport, UndoneTogether
from worker.store.shapes.experiments import ExperimentOverview
from worker.store.shapes.health import LearningHealth
from worker.store.shapes.learning import Arms, OverTime, RecordPage, RecordSort, SessionSummary, TextOfEpochs
from worker.store.shapes.learnings import LearningPage, LearningSort
from worker.store.shapes.sections import Section
from worker.store.shapes.sessions import SessionPage
from worker.store.shapes.upkeep import OutlookStatus, Proof, Reading, SumDifference

#: learnings sent in one request
_PORTION = 500
#: decisions sent in one request
_DECISIONS = 5000
#: as many as a page may hold
_ALL = 100_000
_ACTION_OF = {
    DecisionKind.ENABLED: "enable",
    DecisionKind.DISABLED: "disable",
    DecisionKind.PINNED: "pin",
    DecisionKind.UNPINNED: "unpin",
    DecisionKind.TRIED: "try",
}
_Answer = TypeVar("_Answer")


class StoreApi:
    """Threads and forks may share it. `token`: the read token, or the write token for what changes something.

    Every method raises `StoreUnavailable` when the server cannot be reached, and `NotFound` for an unknown id.
    """

    def __init__(self, address: str, *, token: Token = "", timeout_s: float = 600.0) -> None:
        self._connection = StoreConnection(address, token=token, timeout_s=timeout_s)

    def close(self) -> None:
        self._connection.close()

    # -- all learnings

    def status(self) -> Status:
        return self._get(Status, "/attr/status")

    def revision(self) -> str:
        """Another text after whatever was written to the store."""
        return self._get(Revision, "/revision").revision

    def learnings(
        self,
        *,
        sort: str = LearningSort.VALUE,
        reverse: bool = False,
        status: LearningStatus | None = None,
        verdict: VerdictKind | None = None,
        category: LearningCategory | None = None,
        scope: str = "",
        text: str = "",
        may_go: bool = False,
        offset: int = 0,
        limit: int | None = None,
    ) -> LearningPage:
        query: dict[str, Any] = {"sort": sort, "offset": offset, "limit": min(limit or _ALL, _ALL)}
        chosen = {"status": status, "verdict": verdict, "category": category, "scope": scope, "text": text}
        chosen |= {"reverse": "true" if reverse else "", "may_go": "true" if may_go else ""}
        return self._get(LearningPage, "/learnings", query | {key: str(one) for key, one in chosen.items() if one})

    def overview(self, *, limit: int = 50) -> ExperimentOverview:
        """All experiments together; `limit`: learnings in each list."""
        return self._get(ExperimentOverview, "/attr/overview", {"limit": limit})

    def learning_ids(self, *, beginning: str = "") -> list[str]:
        """In order."""
        return self._get(list[str], "/learnings/ids", {"beginning": beginning})

    def plain_learnings(self) -> list[Learning]:
        """All of them without their values, in the order of ids: quicker than `learnings`, which works values out."""
        return self._get(list[Learning], "/learnings/plain")

    def values(self) -> list[LearningValue]:
        """All of them, best first."""
        return [listed.value for listed in self.learnings().learnings]

    def health(self) -> list[LearningHealth]:
        """Health of every learning that has records and is neither disabled nor deprecated."""
        return self._get(list[LearningHealth], "/attr/experiments")

    def proof(self, *, seconds: float) -> Proof:
        """Whether the stored sums agree with the records, of as many learnings as the time allows."""
        return self._get(Proof, "/attr/proof", {"seconds": seconds})

    def observed(self) -> list[Observed]:
        """What followed each learning's uses, of those that have sessions; counted, not randomised."""
        return self._get(list[Observed], "/attr/observed")

    def import_learnings(self, learnings: Sequence[Learning], *, actor: str) -> ImportReport:
        """Add or replace by id, portion by portion."""
        portions = [learnings[start : start + _PORTION] for start in range(0, len(learnings), _PORTION)]
        reports = [
            self._post(ImportReport, "/learnings/import", {"actor": actor, "learnings": portion})
            for portion in portions
        ]
        return ImportReport(
            new=tuple(id_ for report in reports for id_ in report.new),
            changed=tuple(id_ for report in reports for id_ in report.changed),
            unchanged=tuple(id_ for report in reports for id_ in report.unchanged),
        )

    # -- one learning

    def show(self, learning_id: str, *, recent: int = 20) -> Shown:
        return self._get(Shown, f"/attr/show/{_part(learning_id)}", {"recent": recent})

    def history(self, learning_id: str) -> list[Decision]:
        return self._get(list[Decision], f"/learnings/{_part(learning_id)}/history")

    def experiment(self, learning_id: str) -> AblationExperiment:
        return self._get(AblationExperiment, f"/learnings/{_part(learning_id)}/experiment")

    def groups(self, learning_id: str) -> list[GroupEffect]:
        """A learning's effect by project, user and so on."""
        return self._get(list[GroupEffect], f"/learnings/{_part(learning_id)}/groups")

    def sessions(self, learning_id: str, *, limit: int = 100) -> list[AttributionRecord]:
        """A learning's records, newest first."""
        return self._get(list[AttributionRecord], f"/learnings/{_part(learning_id)}/sessions", {"limit": limit})

    def over_time(self, learning_id: str, *, points: int = 60, epoch: int | None = None) -> OverTime:
        """A learning's interval closing in, and its use; `epoch`: None is the present one."""
        query = {"points": points} | ({} if epoch is None else {"epoch": epoch})
        return self._get(OverTime, f"/learnings/{_part(learning_id)}/over-time", query)

    def arms(self, learning_id: str) -> Arms:
        return self._get(Arms, f"/learnings/{_part(learning_id)}/arms")

    def texts(self, learning_id: str) -> list[TextOfEpochs]:
        return self._get(list[TextOfEpochs], f"/learnings/{_part(learning_id)}/texts")

    def lean_records(
        self,
        learning_id: str,
        *,
        arm: str | None = None,
        used: bool | None = None,
        randomised: bool | None = None,
        epoch: int | None = None,
        sort: str = RecordSort.NEWEST,
        offset: int = 0,
        limit: int = 100,
    ) -> RecordPage:
        """A learning's records without quotes and signals. `arm`: "with", "without"; what is None chooses nothing."""
        chosen = {"arm": arm, "used": used, "randomised": randomised, "epoch": epoch}
        query = {"sort": sort, "offset": offset, "limit": limit}
        query |= {key: str(one).lower() for key, one in chosen.items() if one is not None}
        return self._get(RecordPage, f"/learnings/{_part(learning_id)}/records", query)

    def decide(self, learning_id: str, kind: DecisionKind, *, actor: str, reason: str = "") -> Decision:
        path = f"/learnings/{_part(learning_id)}/{_ACTION_OF[kind]}"
        return self._post(Decision, path, {"actor": actor, "reason": reason})

    def decide_together(
        self, learning_ids: Sequence[str], kind: DecisionKind, *, actor: str, reason: str = ""
    ) -> list[Decision]:
        """About all of them, at most 10,000, in their order; or, where one is unknown, about none."""
        body = {"action": _ACTION_OF[kind], "learning_ids": learning_ids, "actor": actor, "reason": reason}
        return self._post(list[Decision], "/learnings/decide", body)

    def undo_together(self, lines: Mapping[str, int | None], *, actor: str, reason: str = "") -> UndoneTogether:
        """Take back a line of each learning's log, at most 10,000; None: the newest that a person wrote."""
        return self._post(UndoneTogether, "/learnings/undo", {"lines": lines, "actor": actor, "reason": reason})

    def undo(self, learning_id: str, *, actor: str, number: int | None = None, reason: str = "") -> Decision:
        """Take back the newest decision about it, or line `number` of its log."""
        body = {"actor": actor, "reason": reason, "number": number}
        return self._post(Decision, f"/learnings/{_part(learning_id)}/undo", body)

    # -- sections

    def sections(self) -> list[Section]:
        """Learnings that are drawn together, with their common value and their own."""
        return self._get(list[Section], "/attr/sections")

    def draw_together(self, drawn_with: Mapping[str, str | None], *, actor: str) -> list[str]:
        """Learning -> the section whose draw it takes from now on, None: its own -> those that changed."""
        return self._post(Grouped, "/learnings/sections", {"actor": actor, "drawn_with": drawn_with}).changed

    # -- one session

    def assign(self, session_id: str, learning_ids: Sequence[str], *, conversation_id: str = "") -> Assignments:
        body = {"session_id": session_id, "learning_ids": learning_ids, "conversation_id": conversation_id}
        return self._post(Assignments, "/assignments", body)

    def take_decisions(self, decisions: Sequence[MadeDecision]) -> list[TakenDecision]:
        """Made elsewhere by a policy that was given out; portion by portion, answered in their order."""
        portions = [decisions[start : start + _DECISIONS] for start in range(0, len(decisions), _DECISIONS)]
        answers = [self._post(TakenDecisions, "/assignments", {"decisions": portion}) for portion in portions]
        return [taken for answer in answers for taken in answer.decisions]

    def publish_policy(self, learning_ids: Sequence[str]) -> PublishedPolicy:
        """What to decide by elsewhere, for the known ones among these."""
        return self._post(PublishedPolicy, "/assignments/policy", {"learning_ids": learning_ids})

    def records(self, session_id: str) -> list[AttributionRecord]:
        return self._get(list[AttributionRecord], f"/sessions/{_part(session_id)}/records")

    def summaries(self, session_ids: Sequence[str]) -> list[SessionSummary]:
        """Summaries of those that have records among at most 1,000 sessions, in their order."""
        return self._post(list[SessionSummary], "/sessions/summaries", {"session_ids": session_ids})

    def find_sessions(
        self, *, outcome: str | None = None, project: str = "", offset: int = 0, limit: int = 100
    ) -> SessionPage:
        """Sessions that have records, the newest first; `outcome`: "good", "bad" or "neither"."""
        query = {"outcome": outcome, "project": project, "offset": offset, "limit": limit}
        return self._get(SessionPage, "/sessions", {key: one for key, one in query.items() if one not in {None, ""}})

    def explain(self, learning_id: str, session_id: str) -> Explanation:
        return self._get(Explanation, f"/attr/explain/{_part(learning_id)}/{_part(session_id)}")

    # -- forgetting

    def forget_session(self, session_id: str, *, dry_run: bool = False) -> ForgottenFromStore:
        """For good; nothing of it is stored again. `dry_run`: only count."""
        return self._delete(f"/sessions/{_part(session_id)}", dry_run=dry_run)

    def forget_learning(self, learning_id: str, *, dry_run: bool = False) -> ForgottenFromStore:
        """Forget a learning, with all that was found out about it. `dry_run`: only count."""
        return self._delete(f"/learnings/{_part(learning_id)}", dry_run=dry_run)

    # -- upkeep

    def rebuild(self, *, repair: bool) -> list[SumDifference]:
        return self._post(list[SumDifference], "/attr/rebuild", {"repair": repair})

    def refresh(self) -> int:
        """Bring every cached value up to date -> how many changed."""
        return self._post(Refreshed, "/attr/refresh", {}).changed

    def outlook(self) -> OutlookStatus:
        """How much of the outcomes was to be expected."""
        return self._get(OutlookStatus, "/attr/outlook")

    def sessions_without_background(self, *, limit: int = 1000) -> list[str]:
        """By id; those of which nobody was asked yet."""
        return self._get(list[str], "/attr/backgrounds/missing", {"limit": limit})

    def tell_backgrounds(self, given: Mapping[str, SessionBackground | None]) -> int:
        """None: nobody can tell -> of how many sessions something new is known."""
        return self._post(Refreshed, "/attr/backgrounds", {"backgrounds": given}).changed

    def shadow(self, parameters: LayerParameters, *, readings: Sequence[Reading] = ()) -> list[ShadowChange]:
        return self._post(list[ShadowChange], "/attr/shadow", {"parameters": parameters, "readings": readings})

    # -- the wire

    def _get(self, answer: type[_Answer], path: str, query: dict[str, Any] | None = None) -> _Answer:
        return _read(answer, self._connection.request("GET", path, query=query))

    def _post(self, answer: type[_Answer], path: str, body: dict[str, Any]) -> _Answer:
        return _read(answer, self._connection.request("POST", path, body=to_json(body)))

    def _delete(self, path: str, *, dry_run: bool) -> ForgottenFromStore:
        query = {"dry_run": "true" if dry_run else "false"}
        return _read(ForgottenFromStore, self._connection.request("DELETE", path, query=query))


def _read(answer: type[_Answer], raw: bytes) -> _Answer:
    found: _Answer = _adapter(answer).validate_json(raw)  # type: ignore[arg-type]  # every type can be hashed
    return found


@cache
def _adapter(answer: Any) -> TypeAdapter[Any]:
    return TypeAdapter(answer)


def _part(id_: str) -> str:
    """An id as one part of a path, whatever is in it: a client takes plain dots for a step upwards."""
    return "%2E" * len(id_) if id_ in {".", ".."} else quote(id_, safe="")

"""A team's sessions with the real stack beside them, from `groove adopt` to the verdicts, and what must hold at the end."""

import hashlib
import json
import subprocess
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fixtures.waiting import wait_until

from assistant_standin.assistant import Assistant
from assistant_standin.team import RULES, Team, chi_square, drawn_otherwise
from worker.formats.hook_folder import HookFolder
from worker.formats.hook_snapshot import HookSnapshot, snapshot_at
from worker.store.hooks.agreement import hook_agreement
from worker.store.hooks.records import open_records

if TYPE_CHECKING:
    from acceptance.groove_command import Groove


#: seconds in which an import of hundreds of sessions ends on a busy machine
_PATIENCE = 1500


@dataclass(kw_only=True)
class HookedRun:
    groove: "Groove"
    team: Team
    rate: str
    snapshot: HookSnapshot
    up: "subprocess.Popen[bytes] | None" = field(default=None)

    @classmethod
    def begin(cls, groove: "Groove", *, rate: float) -> "HookedRun":
        """Rules adopted one by one, the hook installed, the stack up."""
        project, home = groove.folder, groove.folder / "home"
        home.mkdir()
        (project / "CLAUDE.md").write_text(RULES)
        subprocess.run(["git", "init", "-q"], cwd=project, check=True)
        for words in (("adopt", "CLAUDE.md", "--unit", "bullet", "--yes"), ("hook", "install", "claude-code", "--yes")):
            groove(*words, HOME=str(home), GROOVE_ABLATION__RATE=str(rate))
        snapshot = snapshot_at(HookFolder(groove.folder / ".groove").snapshot)
        assert snapshot is not None
        team = Team(assistant=Assistant(home=home), project=project)
        return cls(groove=groove, team=team, rate=str(rate), snapshot=snapshot)

    def work(self, sessions: int, *, is_away: bool) -> None:
        """`is_away`: the stack is gone for the middle half of them."""
        quarter = sessions // 4
        self._start()
        self.team.work(range(quarter))
        if is_away:
            self._stop()
        self.team.work(range(quarter, sessions - quarter))
        if is_away:
            self._start()
        self.team.work(range(sessions - quarter, sessions))
        spool = HookFolder(self.groove.folder / ".groove").spool
        wait_until(lambda: not spool.exists() or not spool.read_bytes().strip(), "the spool is taken in")

    def end(self) -> dict[str, Any]:
        """Everything imported -> what was found."""
        importing = self._begun("import")
        assert importing.wait(_PATIENCE) == 0
        imported = self._asked("import")  # there is nothing left to do, and it tells what there is
        data = self.groove.folder / ".groove"
        with open_records(data) as records:
            kept = records.all()
            damaged = records.damaged()
        starts = {each.record.session_id: each.record for each in kept if each.record.takes_part}
        roots = [record for record in starts.values() if record.session_id == record.conversation_id]
        withheld = Counter({known.id: 0 for known in self.snapshot.learnings})
        withheld.update(id_ for record in roots for id_ in record.withheld)
        agreement = hook_agreement(data)
        assert agreement is not None
        listed = self._asked("learnings", "list")["learnings"]
        texts = {each["learning"]["learning_id"]: each["learning"]["insight"] for each in listed}
        values = {each["learning"]["learning_id"]: each["value"] for each in listed}
        chance = self.snapshot.learnings[0].withhold_probability
        self._stop()
        return {
            "sessions": len(self.team.sessions),
            "imported": imported["read"],
            "recorded": len(starts),
            "records_damaged": damaged,
            "hooks_called": len(self.team.assistant.called),
            "hooks_not_well": sum(status != 0 or bool(err) for _, _, status, err, _ in self.team.assistant.called),
            "contexts_wrong": self.team.wrong,
            "drawn_otherwise": drawn_otherwise(kept, self.snapshot),
            "otherwise_in_the_store": self._otherwise_in_the_store(starts),
            "agree": agreement.agree,
            "disagree": dict(agreement.disagree),
            "refused": agreement.refused,
            "withheld_of": [len(roots), {texts[id_][:30]: count for id_, count in withheld.items()}],
            "chi_square_p": round(chi_square(withheld, len(roots), chance), 4),
            "verdicts": {
                texts[id_]: [values[id_]["verdict"]["kind"], round(values[id_]["estimated_value"], 3)]
                for id_ in withheld
            },
            "records": hashlib.sha256(json.dumps(self._records(withheld)).encode()).hexdigest()[:16],
        }

    def _otherwise_in_the_store(self, starts: dict[str, Any]) -> list[str]:
        """Sessions of which the store answers something else than the hook did."""
        ids = [known.id for known in self.snapshot.learnings]
        wrong = []
        for session_id, record in list(starts.items())[:: max(1, len(starts) // 12)]:
            answer = self._asked("withhold", "--session", session_id, "--learnings", ",".join(ids))
            out = {each["learning_id"] for each in answer["assignments"] if each["decision"] == "withhold"}
            excluded = {each["learning_id"] for each in answer["assignments"] if each["decision"] == "excluded"}
            if out - excluded != set(record.withheld) - excluded:
                wrong.append(session_id)
        return wrong

    def _records(self, ids: "Counter[str]") -> list[list[Any]]:
        """Of every learning what each session says of its arm, in order."""
        found = []
        for learning_id in sorted(ids):
            arms = self._asked("show", learning_id)["value"]
            found.append([learning_id, arms["sessions_with"], arms["sessions_without"], arms["estimated_value"]])
        return found

    def _asked(self, *words: str) -> Any:
        home = str(self.team.assistant.home)
        return self.groove.json(*words, HOME=home, GROOVE_ABLATION__RATE=self.rate)

    def _begun(self, *words: str) -> "subprocess.Popen[bytes]":
        return self.groove.start(*words, HOME=str(self.team.assistant.home), GROOVE_ABLATION__RATE=self.rate)

    def _start(self) -> None:
        self.up = self._begun("up")
        socket = Path(self.groove.folder, ".groove", "run", "store.sock")
        wait_until(socket.exists, "the stack is up")

    def _stop(self) -> None:
        if self.up is not None:
            self.up.terminate()
            assert self.up.wait(60) == 0
            self.up = None

"""Decisions made elsewhere by a policy that was given out: taken once, refused where they contradict it, old versions included."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from fixtures.store import WRITE, learning, store_server, version

from worker.domain import DecisionKind
from worker.errors import NotFound
from worker.formats.limits import EARLIEST
from worker.layers.ablation.assignment import is_withheld
from worker.store.api import StoreApi
from worker.store.client import HttpStore
from worker.store.protocol import AttributionStore
from worker.store.shapes.assignments import MadeDecision, PolicyLearning, PublishedPolicy, TakenDecision, TakenState
from worker.system.clock import DAY

A, B, SECTION = "a", "b", "section"
#: a moment that sessions may have
NOW = 1_700_000_000_000_000
STORED, KNOWN, REFUSED = TakenState.STORED, TakenState.KNOWN, TakenState.REFUSED


@pytest.fixture
def known(store: AttributionStore) -> AttributionStore:
    store.import_learnings([learning(A), learning(B), learning(SECTION)], actor="alex", now=1)
    return store


def decided(
    policy: PublishedPolicy, session_id: str, *, conversation: str = "", at: int = NOW, **changes: object
) -> list[MadeDecision]:
    """As a hook does it: from the policy alone."""
    return [
        replace(_decide(policy, line, session_id, conversation, at), **changes)  # type: ignore[arg-type]
        for line in policy.learnings
    ]


def _decide(policy: PublishedPolicy, line: PolicyLearning, session_id: str, conversation: str, at: int) -> MadeDecision:
    withheld = is_withheld(
        salt=policy.salt,
        learning_id=line.unit,
        session_id=conversation or session_id,
        probability=line.withhold_probability,
    )
    return MadeDecision(
        session_id=session_id,
        learning_id=line.learning_id,
        decision="excluded" if line.disabled else "withhold" if withheld else "inject",
        withhold_probability=line.withhold_probability,
        policy_version=policy.policy_version,
        decided_at=at,
        conversation_id=conversation,
    )


def states(taken: list[TakenDecision]) -> list[TakenState]:
    return [each.state for each in taken]


def test_what_a_hook_decides_is_what_the_store_would_have(known: AttributionStore) -> None:
    """Over many sessions: chance, decision, epoch; the second time all of it is known, and the log is the same."""
    policy = known.publish_policy([A, B], now=2)
    for number in range(100):
        made = decided(policy, f"s{number}")
        assert states(known.take_decisions(made, now=NOW + 9)) == [STORED, STORED]
        assert states(known.take_decisions(made, now=NOW + 10)) == [KNOWN, KNOWN]
        asked = known.assign(f"s{number}", [A, B], now=11)
        assert [(a.decision, a.withhold_probability) for a in asked] == [
            (m.decision, m.withhold_probability) for m in made
        ]
        elsewhere = known.assign(f"other-{number}", [A, B], now=11, conversation_id=f"s{number}")
        assert [a.decision for a in elsewhere] == [m.decision for m in made]
    withheld = sum(known.assign(f"s{number}", [A], now=12)[0].decision == "withhold" for number in range(100))
    assert 2 <= withheld <= 25
    opened = known.open_session("s7", version(), [A])
    assert opened.assignments[A].epoch == 1


def test_old_versions_stay_known(known: AttributionStore) -> None:
    """A person disables a learning while a hook has the old policy: what it decided then still counts; what it makes up does not."""
    before = known.publish_policy([A], now=2)
    assert known.publish_policy([A, B], now=3).policy_version == before.policy_version
    known.decide(A, DecisionKind.DISABLED, actor="alex", reason="no", now=4)
    after = known.publish_policy([A], now=5)
    assert after.policy_version != before.policy_version
    assert [(line.disabled, line.withhold_probability) for line in after.learnings] == [(True, 0.0)]
    assert states(known.take_decisions(decided(before, "s"), now=NOW + 6)) == [STORED]
    assert states(known.take_decisions(decided(after, "t"), now=NOW + 6)) == [STORED]
    mixed = decided(before, "u", policy_version=after.policy_version)
    (taken,) = known.take_decisions(mixed, now=NOW + 6)
    assert (taken.state, taken.reason) == (
        REFUSED,
        f"policy {after.policy_version} gives it the chance 0, not {mixed[0].withhold_probability:g}",
    )
    known.decide(A, DecisionKind.ENABLED, actor="alex", reason="", now=7)
    again = known.publish_policy([A], now=8)
    assert [line.epoch for line in again.learnings] == [2]
    known.take_decisions(decided(again, "v"), now=NOW + 9)
    epochs = {s: known.open_session(s, version(), [A]).assignments[A].epoch for s in ("s", "v")}
    assert epochs == {"s": 1, "v": 2}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda m: replace(m, learning_id="nobody"), "unknown learning: import it"),
        (lambda m: replace(m, policy_version="99-abc"), "policy 99-abc was never given out"),
        (lambda m: replace(m, policy_version="9" * 200), f"policy {'9' * 200} was never given out"),
        (lambda m: replace(m, policy_version="1-zzzz"), "policy 1-zzzz was never given out"),
        (lambda m: replace(m, withhold_probability=0.5), "gives it the chance 0.25, not 0.5"),
        (lambda m: replace(m, decision="withhold"), "draws inject for this conversation, not withhold"),
        (lambda m: replace(m, decision="excluded"), "draws inject for this conversation, not excluded"),
    ],
    ids=["learning", "version", "endless version", "digest", "chance", "decision", "exclusion"],
)
def test_what_contradicts_its_policy_is_refused(
    known: AttributionStore, change: Callable[[MadeDecision], MadeDecision], reason: str
) -> None:
    """With a reason, and without harm to the others that came with it."""
    policy = known.publish_policy([A, B], now=2)
    session = next(f"s{n}" for n in range(99) if all(m.decision == "inject" for m in decided(policy, f"s{n}")))
    first, second = decided(policy, session)
    refused, taken = known.take_decisions([change(first), second], now=NOW + 3)
    assert refused.state is REFUSED
    assert refused.reason.endswith(reason)
    assert taken == TakenDecision(session_id=session, learning_id=B, state=STORED)
    assert set(known.open_session(session, version(), []).assignments) == {B}


@pytest.mark.parametrize(
    ("at", "reason"),
    [
        (1_768_940_048, "1970-01-01T00:29:28.940048Z is before the year 2000: is a clock not set, or is it not in mi"),
        (EARLIEST - 1, "1999-12-31T23:59:59.999999Z is before the year 2000"),
        (EARLIEST, ""),
        (NOW + DAY, ""),
        (NOW + DAY + 1, "is more than a day ahead of the store's clock (2023-11-14T22:13:20.000000Z)"),
        (2**53, "2255-06-05T23:47:34.740992Z is more than a day ahead"),
    ],
    ids=["seconds", "1999", "2000", "a day ahead", "further ahead", "2255"],
)
def test_a_moment_that_no_session_had_is_refused(known: AttributionStore, at: int, reason: str) -> None:
    """By the rule for events; the others that came with it are taken."""
    policy = known.publish_policy([A, B], now=2)
    first, second = decided(policy, "s")
    asked, other = known.take_decisions([replace(first, decided_at=at), second], now=NOW)
    assert (asked.state, other.state) == (REFUSED if reason else STORED, STORED)
    assert reason in asked.reason
    assert asked.reason.startswith("decided_at: ") == bool(reason)
    assert set(known.open_session("s", version(), []).assignments) == ({B} if reason else {A, B})


def test_a_second_draw_for_a_session_is_refused(known: AttributionStore) -> None:
    """The first one stands, be it made here or elsewhere."""
    policy = known.publish_policy([A], now=2)
    known.take_decisions(decided(policy, "s"), now=NOW + 3)
    known.decide(A, DecisionKind.TRIED, actor="alex", reason="", now=4)
    tried = known.publish_policy([A], now=5)
    (taken,) = known.take_decisions(decided(tried, "s"), now=NOW + 6)
    assert taken.state is REFUSED
    assert taken.reason.endswith(" at the chance 0.25 was assigned before")
    assert tried.learnings[0].withhold_probability == 0.5


def test_nothing_of_a_forgotten_session_is_logged(known: AttributionStore) -> None:
    """Its decisions may still stand in a spool; a forgotten learning takes its lines with it."""
    policy = known.publish_policy([A, B], now=2)
    known.forget_session("s", dry_run=False)
    assert [t.reason for t in known.take_decisions(decided(policy, "s"), now=NOW + 3)] == [
        "the session was forgotten"
    ] * 2
    known.forget_learning(A, dry_run=False)
    assert [t.state for t in known.take_decisions(decided(policy, "t"), now=NOW + 4)] == [REFUSED, STORED]
    known.import_learnings([learning(A)], actor="alex", now=5)
    (reason,) = {t.reason for t in known.take_decisions(decided(policy, "u")[:1], now=NOW + 6)}
    assert reason == f"policy {policy.policy_version} says nothing of this learning"
    assert states(known.take_decisions(decided(known.publish_policy([A], now=7), "u"), now=NOW + 8)) == [STORED]


def test_a_section_is_drawn_as_one(known: AttributionStore) -> None:
    """Its learnings share unit, chance and decision, online and elsewhere; the section is logged with them, and goes on its own again."""
    assert known.draw_together({A: SECTION, B: SECTION}, actor="alex", now=2) == [A, B]
    assert known.draw_together({A: SECTION}, actor="alex", now=3) == []
    known.decide(SECTION, DecisionKind.TRIED, actor="alex", reason="", now=4)
    policy = known.publish_policy([A, B, SECTION], now=5)
    assert {(line.unit, line.withhold_probability) for line in policy.learnings} == {(SECTION, 0.5)}
    for number in range(30):
        made = [m for m in decided(policy, f"s{number}") if m.learning_id != SECTION]
        assert len({m.decision for m in made}) == 1
        assert states(known.take_decisions(made, now=NOW + 6)) == [STORED, STORED]
        online = known.assign(f"t{number}", [B], now=6, conversation_id=f"s{number}")
        assert online[0].decision == made[0].decision
        for session_id, members in ((f"s{number}", {A, B}), (f"t{number}", {B})):
            logged = known.open_session(session_id, version(), []).assignments
            assert set(logged) == {SECTION, *members}
            assert {logged[id_].drawn_with for id_ in members} == {SECTION}
            assert logged[SECTION].drawn_with == ""
            assert {each.was_withheld for each in logged.values()} == {made[0].decision == "withhold"}
    (section,) = known.list_sections()
    assert (section.section.learning_id, [v.learning_id for v in section.learnings]) == (SECTION, [A, B])
    assert section.learnings[0].verdict.reason.endswith("its section, which has the verdict")
    assert [line.kind for line in known.get_decisions(A)] == [DecisionKind.IMPORTED, DecisionKind.GROUPED]
    known.decide(SECTION, DecisionKind.DISABLED, actor="alex", reason="no", now=7)
    (answer,) = known.assign("later", [A], now=8)
    assert (answer.decision, answer.reason) == ("excluded", "its section section is Disabled: no")
    known.draw_together({A: None, B: None}, actor="alex", now=9)
    assert {line.unit for line in known.publish_policy([A], now=9).learnings} == {A}
    assert known.list_sections() == []


def test_what_is_excluded_by_itself_has_not_its_sections_chance(known: AttributionStore) -> None:
    """Or its session would stand in the arm of those that had it."""
    known.draw_together({A: SECTION, B: SECTION}, actor="alex", now=2)
    known.decide(A, DecisionKind.DISABLED, actor="alex", reason="no", now=3)
    first, second = known.assign("s", [A, B], now=4)
    assert (first.decision, second.withhold_probability) == ("excluded", 0.25)
    logged = known.open_session("s", version(), []).assignments
    assert {id_: each.withhold_probability for id_, each in logged.items()} == {A: 0.0, B: 0.25, SECTION: 0.25}


def test_a_section_stands_in_no_other(known: AttributionStore) -> None:
    """Nor in itself; nothing changes then."""
    known.draw_together({A: SECTION}, actor="alex", now=2)
    for nested in ({SECTION: B}, {B: A}, {SECTION: SECTION}):
        with pytest.raises(ValueError, match="a section stands in no other one"):
            known.draw_together(nested, actor="alex", now=3)
    with pytest.raises(NotFound):
        known.draw_together({B: "nobody"}, actor="alex", now=3)
    assert [s.section.learning_id for s in known.list_sections()] == [SECTION]
    known.forget_learning(SECTION, dry_run=False)
    assert known.list_sections() == []
    assert known.assign("s", [A], now=4)[0].decision in ("inject", "withhold")


@pytest.fixture
def api(server_address: str) -> Iterator[StoreApi]:
    store = StoreApi(server_address, token=WRITE)
    store.import_learnings([learning(A), learning(B), learning(SECTION)], actor="alex")
    yield store
    store.close()


def test_it_goes_over_http(api: StoreApi, server_address: str) -> None:
    """Policy, decisions, sections: the same answers, with nothing lost on the way."""
    assert api.draw_together({A: SECTION}, actor="alex") == [A]
    policy = api.publish_policy([A, B, "nobody's"])
    assert [line.unit for line in policy.learnings] == [SECTION, B]
    made = decided(policy, "fork", conversation="first")
    assert states(api.take_decisions(made)) == [STORED, STORED]
    assert states(api.take_decisions(made)) == [KNOWN, KNOWN]
    same = api.assign("fork", [A, B], conversation_id="first").assignments
    assert [a.decision for a in same] == [m.decision for m in made]
    assert [s.section.learning_id for s in api.sections()] == [SECTION]
    sessions = HttpStore(server_address, token=WRITE)
    assert sessions.open_session("fork", version(), []).assignments[A].drawn_with == SECTION
    sessions.close()
    with pytest.raises(ValueError, match=r"^decisions.0.decided_at: Input should be greater"):
        api.take_decisions([replace(made[0], decided_at=-1)])


def test_policies_survive_a_restart(socket_address: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The same content has the same version, another one the next number; sections too."""
    folder = tmp_path_factory.mktemp("db")
    with store_server(socket_address, folder=folder, killed=True) as (address, _):
        api = StoreApi(address, token=WRITE)
        api.import_learnings([learning(A), learning(SECTION)], actor="alex")
        api.draw_together({A: SECTION}, actor="alex")
        first = api.publish_policy([A])
    with store_server(socket_address, folder=folder) as (address, _):
        api = StoreApi(address, token=WRITE)
        assert api.publish_policy([A]) == first
        api.decide(SECTION, DecisionKind.TRIED, actor="alex")
        second = api.publish_policy([A])
        assert (first.policy_version[:2], second.policy_version[:2]) == ("1-", "2-")
        assert states(api.take_decisions([*decided(first, "s"), *decided(second, "t")])) == [STORED, STORED]

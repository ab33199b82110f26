"""Managed learnings and the policy in force -> the snapshot that hooks decide by, written when something in it has changed."""

from dataclasses import replace

from worker.formats.hook_folder import HookFolder
from worker.formats.hook_managed import Managed, read_managed
from worker.formats.hook_snapshot import HookSnapshot, SnapshotLearning, marks_of, snapshot_at, write_snapshot
from worker.store.hooks.seam import PolicyStore
from worker.store.shapes.assignments import PublishedPolicy
from worker.system.clock import DAY


def refresh_snapshot(folder: HookFolder, store: PolicyStore, *, now: int) -> bool:
    """-> whether it was written. Once a day it is, whatever has changed: hooks do not trust an old one.

    Without managed learnings there is none to write. Raises `InvalidFile` where they cannot be read or it cannot be written.
    """
    managed = read_managed(folder.managed)
    if managed is None:
        return False
    policy = store.publish_policy([learning.id for learning in managed.learnings])
    snapshot, present = snapshot_of(managed, policy, now=now), snapshot_at(folder.snapshot)
    if present is not None and abs(now - present.written_at) < DAY and _same(snapshot, present):
        return False
    write_snapshot(folder.snapshot, snapshot)
    return True


def snapshot_of(managed: Managed, policy: PublishedPolicy, *, now: int) -> HookSnapshot:
    """A snapshot of the learnings that the store knows; a hook injects the others without drawing them."""
    marks = marks_of(learning.learning_id for learning in policy.learnings)
    return HookSnapshot(
        written_at=now,
        root=managed.root,
        policy_version=policy.policy_version,
        salt=policy.salt,
        learnings=tuple(
            SnapshotLearning(
                id=learning.learning_id,
                mark=marks[learning.learning_id],
                epoch=learning.epoch,
                unit=learning.unit,
                text=learning.text,
                withhold_probability=learning.withhold_probability,
                pinned=learning.pinned,
                disabled=learning.disabled,
            )
            for learning in policy.learnings
        ),
    )


def _same(one: HookSnapshot, other: HookSnapshot) -> bool:
    return replace(one, written_at=other.written_at) == other

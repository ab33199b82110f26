"""Hooks and an import: what they recorded of its sessions goes into the store first, and what they give out is brought up to date."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from assessor.managed.adopting import was_edited
from assessor.project import Project
from assessor.taking_part import Agreement, HookRecords, NoRecords
from worker.cli.adopt import looked_at, tell_the_store
from worker.formats.hook_folder import HookFolder
from worker.formats.hook_spool import SpoolRecord
from worker.operations.connections import open_store
from worker.settings import Settings
from worker.store.hooks.keeper import HookKeeper
from worker.store.hooks.records import HookRecords as KeptRecords
from worker.store.hooks.records import RecordState, is_recorded, open_records
from worker.store.hooks.spool import has_lines


class RecordedByHooks(HookRecords):
    def __init__(self, records: KeptRecords) -> None:
        self._records = records

    def of_session(self, session_id: str) -> Sequence[SpoolRecord]:
        """Without those that the store found to contradict their policy."""
        kept = self._records.of_session(session_id)
        return [each.record for each in kept if each.state is not RecordState.REFUSED]

    def compared(self, session_id: str, agreement: Agreement) -> None:
        if agreement is not Agreement.NEITHER or self._records.of_session(session_id):
            self._records.note_comparison(session_id, str(agreement))


def keep_managed(settings: Settings, projects: Sequence[Project]) -> None:
    """What people edited in the managed file is what the hook gives out from now on: other words of a learning, or of its section."""
    for project in projects:
        if was_edited(project.root, settings.data_dir):
            tell_the_store(settings, looked_at(settings, project.root, "section"))


@contextmanager
def recorded_by_hooks(settings: Settings) -> Iterator[HookRecords]:
    """The hook's records, including what stands in the spool; a store is started for it where none runs."""
    folder = HookFolder(settings.data_dir)
    if not (is_recorded(folder) or has_lines(folder)):
        yield NoRecords()
        return
    with open_records(settings.data_dir) as records:
        if has_lines(folder) or records.counts()[RecordState.WAITING]:
            with open_store(settings) as store:
                HookKeeper(settings.data_dir, store).look(patient=True)
        yield RecordedByHooks(records)

"""Hooks, a switchback and an import: what they gave its sessions goes into the store first, and what they give is brought up to date."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from assessor.archive import Archive
from assessor.managed.adopting import is_news_to_the_hook
from assessor.managed.periods import may_be_of, records_of
from assessor.managed.switchback import switch
from assessor.project import Project
from assessor.taking_part import Agreement, HookRecords, NoRecords
from worker.cli.adopt import looked_at, tell_the_store
from worker.formats.hook_folder import HookFolder
from worker.formats.hook_spool import SpoolRecord
from worker.formats.hook_switchback import SOURCE, read_switchback
from worker.formats.transcripts.copies import shared_lines
from worker.operations.connections import open_store
from worker.settings import Settings
from worker.store.hooks.keeper import HookKeeper
from worker.store.hooks.records import HookRecords as KeptRecords
from worker.store.hooks.records import RecordState, is_recorded, open_records
from worker.store.hooks.spool import append, drain, has_lines, has_renamed, the_spool
from worker.system.clock import now_micros


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


def record_periods(settings: Settings, archive: Archive) -> None:
    """Sessions that began in a period of the switchback, and that nobody has recorded yet, into the spool."""
    switch(settings.data_dir)
    folder = HookFolder(settings.data_dir)
    if (known := read_switchback(folder.switchback)) is None:
        return
    with open_records(settings.data_dir) as records, the_spool(folder, patient=True):
        drain(folder, records, now=now_micros())
        recorded = [kept.record for kept in records.all()]
        done = {each.session_id for each in recorded} | _copies(archive)
        stood = {each.conversation_id for each in recorded if each.source == SOURCE}
        entries = [entry for entry in archive.sessions(known.root) if entry.session_id not in done]
        read = (archive.transcript(entry.session_id) for entry in entries if may_be_of(known, entry.started_at))
        append(folder, records_of(known, filter(None, read), stood))


def _copies(archive: Archive) -> set[str]:
    """Sessions that others hold whole: no events come of them."""
    return {session_id for session_id, share in shared_lines(archive.footprints()).items() if share.is_all}


def keep_managed(settings: Settings, projects: Sequence[Project]) -> None:
    """What people edited in the managed file is what the hook gives out from now on: other words of a learning, or of its section."""
    for project in projects:
        if is_news_to_the_hook(project.root, settings.data_dir):
            tell_the_store(settings, looked_at(settings, project.root, "section"))


@contextmanager
def recorded_by_hooks(settings: Settings, archive: Archive) -> Iterator[HookRecords]:
    """The hook's records, including what stands in the spool; a store is started for it where none runs.

    The sessions of a switchback among those of the archive are put into the spool first.
    """
    folder = HookFolder(settings.data_dir)
    record_periods(settings, archive)
    if not (is_recorded(folder) or has_lines(folder) or has_renamed(folder)):
        yield NoRecords()
        return
    with open_records(settings.data_dir) as records:
        with the_spool(folder, patient=True):  # a store that runs may be in the middle of it
            drain(folder, records, now=now_micros())
        if records.counts()[RecordState.WAITING]:
            with open_store(settings) as store:
                HookKeeper(settings.data_dir, store).look(patient=True)
        yield RecordedByHooks(records)

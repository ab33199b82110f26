"""Sessions out of all that hooks left: records, spools that were read, and what they drew."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from worker.formats.hook_folder import HookFolder
from worker.store.hooks.records import is_recorded, open_records
from worker.store.hooks.spool import drain, has_lines, the_spool
from worker.system.clock import now_micros


def forget_hook_records(data_dir: Path, session_ids: Sequence[str], *, dry_run: bool) -> int:
    """-> how many records there were. Lines that a hook writes later are passed over; the session's draw goes too."""
    folder = HookFolder(data_dir)
    if not (is_recorded(folder) or has_lines(folder)):
        return 0
    with the_spool(folder, patient=True), open_records(data_dir) as records:
        drain(folder, records, now=now_micros(), no_more_writers=not dry_run)
        found = records.forget(session_ids, dry_run=dry_run)
        if not dry_run:
            for session_id in session_ids:
                _draw(folder, session_id).unlink(missing_ok=True)
    return found


def _draw(folder: HookFolder, session_id: str) -> Path:
    """The path of a session's draw, as the hook names it."""
    digest = hashlib.sha256(session_id.encode("utf-8", "replace")).hexdigest()
    return folder.draws / f"{digest[:32]}.json"

"""Works off whatever is open, as tasks and sweeper together would without any broker, until it is killed or nothing is left."""

import sys
from uuid import NAMESPACE_URL, uuid5

from worker.errors import Superseded
from worker.ledger import Gates, Ledger, OutboxMessage, Resent, SessionRef, open_ledger

LEARNINGS = ["a", "b", "c"]


def main(url: str) -> None:
    ledger = open_ledger(url)
    while ledger.counts.backlog():
        moment = ledger.now()
        overdue = ledger.sweep.overdue(Gates(prepare=moment, attribute=moment, finish=moment), limit=20)
        do(ledger, ledger.sweep.send_again(overdue, max_tries=1_000_000))


def do(ledger: Ledger, sent: Resent) -> None:
    for ref in sent.prepare:
        try:
            ledger.work.start_session(ref.session_id, ref.version)
            ledger.work.expect(ref.session_id, ref.version, LEARNINGS, signals_seen=0)
        except Superseded:
            continue
    for entry in sent.attribute:
        try:
            ledger.work.start_entries(entry.session_id, entry.version, [entry.learning_id])
            ledger.work.complete_entries(entry.session_id, entry.version, {entry.learning_id: b"record"})
            if ledger.work.all_ended(entry.session_id, entry.version):
                finish(ledger, SessionRef(session_id=entry.session_id, version=entry.version))
        except Superseded:
            continue
    for ref in sent.finish:
        finish(ledger, ref)


def finish(ledger: Ledger, ref: SessionRef) -> None:
    message_id = uuid5(NAMESPACE_URL, f"{ref.version.event_id} {ref.version.attempt}")
    message = OutboxMessage(message_id=message_id, stream="out", topic="t", key=ref.session_id, payload=b"{}")
    ledger.work.finish(ref.session_id, ref.version, message=message)


if __name__ == "__main__":
    main(sys.argv[1])

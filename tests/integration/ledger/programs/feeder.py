"""Reads a pretended log of 300 messages into the ledger from where the ledger stands, until it is killed or through."""

import sys
import time

from fixtures.ledger import TOPIC, heavy

from worker.errors import LostLease
from worker.ledger import open_ledger

END, BATCH = 300, 7


def main(url: str, replica: str) -> None:
    ledger = open_ledger(url)
    log = [heavy(f"session {number % 100}", f"event {number}", at=number, offset=number) for number in range(END)]
    while True:
        for lease in ledger.partitions.share_out(replica, [TOPIC], lease_seconds=0.3):
            batch = log[lease.position : lease.position + BATCH]
            if not batch:
                return
            position = lease.position + len(batch)
            try:
                ledger.intake.record(
                    lease, heavy=batch, position=position, last_id=str(position - 1), gap=False, ablation_rate=0.1
                )
            except LostLease:
                continue
        time.sleep(0.005)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])

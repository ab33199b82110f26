"""Runs one bridge until SIGTERM or Ctrl-C: finishes its batch, gives its leases back, ends with status 0."""

import argparse
import os
import signal
import sys


def main() -> int:
    parser = argparse.ArgumentParser(prog="groove bridge", description=__doc__)
    parser.add_argument("--all-lost", action="store_true", help="the queues were emptied: send again whatever is open")
    arguments = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os._exit(0))  # nothing is begun yet
    from bridge.run import run
    from worker.errors import GrooveError

    try:
        run(all_lost=arguments.all_lost)
    except GrooveError as error:
        sys.stderr.write(f"groove bridge: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # the event log's SDK keeps threads that may abort the process while the interpreter ends
    os._exit(status)

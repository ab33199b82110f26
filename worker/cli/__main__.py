"""`python -m worker.cli` is the `groove` command."""

from worker.cli import main

main()

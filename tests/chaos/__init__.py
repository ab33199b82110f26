"""The whole embedded stack while its parts are killed, frozen and starved: does it finish everything, once, with the same values?

stack.py      a stack of real processes in a folder of its own, and its processes by name
parts.py      the event log and the ledger that it stands on, and what is done to them
clock.py      clocks that can be set while a part runs (clock.c)
faults.py     what is done to it
poison.py     a detector that goes wrong on purpose for some learnings
run.py        one run: feed, hurt, wait, compare with the undisturbed one
row.py        what comes of it
"""

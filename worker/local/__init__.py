"""The embedded stack: broker, store server, workers, bridge (and Flower) as child processes of one command.

parts.py      what is started: command lines and readiness, one part each
process.py    one child process that never outlives us
stack.py      all of them: start in order, restart what dies, stop in reverse order
folder.py     the data folder: made, locked, and refused when another stack owns it
"""

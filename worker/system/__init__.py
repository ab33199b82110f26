"""The machine below: clock, processes, files, addresses.

clock         the time in microseconds, and the units
parent_death  a process that ends with the one that started it
files         files that a command writes: whole or not at all
loopback      which addresses and host names are this machine's own
"""

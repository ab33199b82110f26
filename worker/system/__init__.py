"""The machine below: clock, processes, addresses.

clock         the time in microseconds, and the units
parent_death  a process that ends with the one that started it
loopback      whether an address can be reached from this machine only
"""

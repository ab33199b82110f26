"""The store for whoever looks: pages of learnings and records, an interval closing in, all experiments at a glance.

views       all of them, as the seam names them
learnings   a page of learnings: chosen, ordered, computed
over_time   a learning's records in stretches of time, and its interval after each
alike       records that are alike, counted
records     a page of a learning's records, and sessions in sums
texts       a learning's texts, epoch by epoch
found_sessions  sessions by outcome and project
overview    all experiments together
"""

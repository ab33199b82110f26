"""The four layers, pure: no input, no output, no clock. A session's record is layer 1 and 2; the store applies 3 and 4 to all records.

activation/   1  did the session use the learning, how sure is that, and where?
temporal/     2  which signals followed its uses?
ablation/     3  what happens in sessions from which it was withheld?
aggregation/  4  what is it worth over all sessions, and what follows from that?
outlook/         how well was a session to be expected to end?
statistics/   sums, moments and distributions that the layers share
protocols     the interfaces of the four
"""

"""What the commands share.

output       standard output: JSON, colours, progress
tables       tables for terminals and pipes
ids          ids as a table shows them
how_long     until a verdict of what is about to be drawn
reopened     sessions that were opened again, told
types        option types: times and durations
input_files  files as people hand them over: plain, compressed, from a pipe
jsonl        files of events and learnings, line by line
left_out_lines  lines that were not taken as learnings, told
known_rules  the rules seen so far, and where a person's own lie
diffs        what a change of a file changes, shown
"""

"""A stand-in for Claude Code: it reads its settings, calls hooks as documented, and writes session files as the real one does.

assistant   sessions that start, resume, compact, fork, have subagents, and end
hook_files  the files that a hook reads and writes, made and looked at
hooked_run  such a team with the real stack beside it
team        a team's sessions, with learnings whose effects are known
faults      what may happen to a hook, each done to the real process
"""

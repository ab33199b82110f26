"""A stand-in for Claude Code: it reads its settings, calls hooks as documented, and writes session files as the real one does.

assistant   sessions that start, resume, compact, fork, have subagents, and end
hook_files  the files that a hook reads and writes, made and looked at
faults      what may happen to a hook, each done to the real process
"""

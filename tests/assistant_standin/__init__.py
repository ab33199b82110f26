"""Stand-ins for assistants: one with hooks, which it calls as documented, one without; both write session files as the real ones do.

assistant   sessions that start, resume, compact, fork, have subagents, and end
reader      an assistant without hooks: sessions that read the rules file as it stands
hook_files  the files that a hook reads and writes, made and looked at
hooked_run  such a team with the real stack beside it
team        a team's sessions, with learnings whose effects are known
faults      what may happen to a hook, each done to the real process
"""

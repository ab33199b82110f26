"""Everything read or written as bytes. What comes from outside is checked here, once.

wire                JSON, times, ids and numbers
heavy_event         one finished session, in groove's own form or flat
lightweight_event   signals seen while a session ran
levels              what may be known of a session before its first answer
limits              how much one event may ask for, and which moments a session may have
session_attributed  what is published for one finished attempt
session_of          which session a message of any topic tells of
learning            learnings as files and lines
record              a record as bytes, kept by the ledger until its session is finished
hook_folder         where an assistant's hook finds and leaves its files
hook_managed        the learnings that a hook injects, and what of them is drawn together
hook_snapshot       all that a hook decides by
hook_spool          what a hook did, line by line
hook_switchback     rules files that are written for each period, and what they held when
hook_trace          what an injection leaves in the transcript
signatures          what a file is that is no text
learnings_file      the managed file: learnings that a hook gives out, as people edit them
codex_own_text      sections that Codex adds to the rules it shows its model
switchback_block    the block of a rules file that a switchback writes
transcripts/        transcripts in every form they come in
"""

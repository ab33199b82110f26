"""Transcripts as they come -> `domain.Transcript`: what was said, which tools were called with what, what they answered.

messages        {"messages": [{"role", "content", "timestamp"?}]}, as events carry it, and the choice between the two forms
session_file    the lines of a Claude Code session file, or bare {"role", "content"} lines
session         one session as it was read from disk, with who spoke, where and under which rules
content_blocks  the content of one message: a string, or a list of typed blocks
flattened       a string that holds `[tool:NAME] input`, `[tool_result]` … lines
"""

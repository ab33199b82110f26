"""Transcripts as they come -> `domain.Transcript`: what was said, which tools were called with what, what they answered.

messages.py        {"messages": [{"role", "content", "timestamp"?}]}, as events carry it, and the choice between the two forms
session_file.py    the lines of a Claude Code session file, or bare {"role", "content"} lines
content_blocks.py  the content of one message: a string, or a list of typed blocks
flattened.py       a string that holds `[tool:NAME] input`, `[tool_result]` … lines
"""

from worker.transcripts.messages import parse_transcript, read_transcript
from worker.transcripts.session_file import parse_session_lines

__all__ = ["parse_session_lines", "parse_transcript", "read_transcript"]

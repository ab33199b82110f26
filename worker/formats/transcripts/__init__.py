"""Sessions as assistants write them -> `ReadSession`: what was said and done, by whom, where and under which rules.

opening             a file, bytes or a stream of any format -> its sessions
recognise           which assistant wrote a file, told from its content
copies              forks and background copies: each session keeps its own part

One file per format:
claude_code         Claude Code session files, line by line
claude_user_lines   its `user` lines: prompts, answers, refusals, interruptions
claude_turns        its assistant messages, each written as several lines
claude_attachments  its `attachment` lines: rules in force, hooks' context, queued prompts
codex               Codex CLI rollouts
codex_calls         the calls and answers in them
copilot_cli         Copilot CLI events
gemini_cli          Gemini CLI sessions, as document and as lines
specstory           SpecStory Markdown
specstory_sections  calls in it that no tag surrounds, as it is written for Cursor
aider               aider chat histories
atif                Agent Trajectory Interchange Format
entire              checkpoints of the tool Entire: which snapshots to read
messages            {"messages": [{"role", "content", "timestamp"?}]}, as events carry it, or one per line

What they share:
session             one session as it was read
session_draft       the same while it is being read
renumber            a session made of chosen messages
subagents           what subagents did, folded in
branches            lines that a person took back by rewinding
prompt_queue        prompts that were typed while the assistant worked
who_spoke           whether a person stands behind a text
tools               what a tool is for, told by its name
lines               the lines of a file and the JSON on them
content_blocks      the content of one message: a string, or a list of typed blocks
foreign_calls       calls of tools in the forms of other APIs: read, or refused by name
flattened           a string that holds `[tool:NAME] input`, `[tool_result]` … lines
"""

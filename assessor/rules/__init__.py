"""Rules files -> learnings: found, split into what they ask for, and recognised again after an edit.

discovery     which rules files a project and a person have, and which of them cannot be read
files         one rules file: where it applies and which assistants load it
imports       `@path` in CLAUDE.md, up to four hops
front_matter  the head between `---` lines
split         a file's text -> pieces that cover all of it
units         what a piece is
outline       where pieces begin in Markdown
generated     blocks that a tool keeps between two comments
managed       the managed file, whose learnings carry their ids
playbook      lines of an ACE playbook
asks          whether a text asks for something
asks_elsewhere  whether it does in a language other than English
titles        whether a heading asks for something by itself
no_rule       lines that look like a rule and are none, and why
sections      whole sections as pieces
wording       when two texts are the same rule
matching      old rules and new ones, one to one
catalogue     the learnings known so far, and what a new look at the files changes
texts         what a text of a rules file says in learnings that are known
left_out      lines of rules files that are no learnings, to be shown
"""

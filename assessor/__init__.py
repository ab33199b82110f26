"""Sessions on disk -> heavy events: upstream of the event log, as `bridge/` is downstream of it. Only the commands import it.

Two doors: a project with its rules, and a session with what it says about them. No model is asked, nothing leaves the machine.

project          a project's rules files, learnings, and the sources that tell when they were in force
session          one session and those sources -> its assessment and its event
event            an assessment as a heavy event, the same bytes whenever it is made
learnings        a rule as a learning that the store imports
in_force         which learnings were in force in a session, and how that is known
git_history      what a repository says about one file at one moment
edits            edits of rules files inside transcripts
signals          what a session shows of itself, message by message
outcome          how it went: a number with its parts, or unknown
measure_trap     signals that a learning's own text moves: left out for it
survival         what is left of a session's edits some time later
calls            what the assistant did, call by call, each joined to its answer
asked_commands   commands that a learning asks for, and what became of them
commands         what a shell command is for
phrases          what people say when something was wrong, right, or has to go back
wire_transcript  a transcript as events carry it
secrets          what must not be stored or quoted
rules/           rules files -> learnings: found, split, recognised again after an edit
"""

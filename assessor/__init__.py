"""Sessions on disk -> heavy events: upstream of the event log, as `bridge/` is downstream of it. Only the commands import it.

Of one project and one session `project` and `session` are the doors; `reading` and `importing` do it for all.
No model is asked, nothing leaves the machine, unless a person names one as a judge.

places           where session files lie
belonging        which project a session belongs to, and which sessions are asked for
reading          session files -> archive: what changed is read, and told apart
scrubbing        a session without secrets
archive          what was read, compressed, and what became of each file
importing        sessions in the archive -> events; only what changed
report           what became of every file: counts that add up
project          a project's rules files, learnings, and the sources that tell when they were in force
session          one session and those sources -> its assessment and its event
event            an assessment as a heavy event, the same bytes whenever it is made
learnings        a rule as a learning that the store imports
taking_part      whether a session took part in the experiment, by its transcript, checked against the hook's record
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
hooks/           the experiment inside an assistant: its hook, put in and taken out
managed/         learnings out of a rules file, to where a hook gives them out, and back
judges/          second opinions on a session, compared with a person's labels before they count
"""

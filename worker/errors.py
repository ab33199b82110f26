"""Every exception this project raises on purpose, one tree.

GrooveError
├── ConfigurationError        a setting is unknown, of the wrong type, or impossible
├── InvalidEvent              a message that cannot be read as an event: goes to the dead letters
├── InvalidFile               a file is missing, or one of its lines cannot be used
├── NotFound                  a learning, session or dead letter that nobody has heard of
├── LearningFailed            one learning of one session could not be attributed; a try is counted
├── Superseded                a newer version of the session exists: the caller has nothing left to do
├── InvalidRequest            what was asked of the store cannot be: an id, a number, a length
├── CannotUndo                a decision that cannot be taken back: there is none, or something else was decided since
├── BundleGone                a prepared session is no longer kept: prepare it again
├── LostLease                 another replica owns the partition now
└── Unavailable               a part cannot be reached: nothing is wrong with the work, try later
    ├── BrokerUnavailable
    ├── LedgerUnavailable
    ├── StoreUnavailable
    └── EventLogUnavailable
        └── EventLogRefused       reached, but it says no (credentials, version, permission): waiting will not help
            └── MessageRefused    it says so of one message (too large, a topic that is not there): others may go

Foreign errors are translated where they enter (`raise … from error`); nothing outside an adapter catches another library's.
"""


class GrooveError(Exception):
    """Shown to a person as one line; never as a traceback."""


class ConfigurationError(GrooveError):
    pass


class InvalidEvent(GrooveError):
    pass


class NoSession(InvalidEvent):
    """A file's content is of no known assistant: it need not be meant as a session at all."""


class InvalidFile(GrooveError):
    pass


class NotFound(GrooveError):
    pass


class LearningFailed(GrooveError):
    pass


class Superseded(GrooveError):
    pass


class InvalidRequest(GrooveError, ValueError):
    pass


class CannotUndo(GrooveError):
    pass


class BundleGone(GrooveError):
    pass


class LostLease(GrooveError):
    pass


class Unavailable(GrooveError):
    pass


class BrokerUnavailable(Unavailable):
    pass


class LedgerUnavailable(Unavailable):
    pass


class StoreUnavailable(Unavailable):
    pass


class EventLogUnavailable(Unavailable):
    pass


class EventLogRefused(EventLogUnavailable):
    pass


class MessageRefused(EventLogRefused):
    pass

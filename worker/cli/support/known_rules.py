"""The rules that were seen so far, kept in the data folder so that each keeps its id."""

from worker.errors import InvalidFile
from worker.settings import Settings
from worker.system.files import written_whole

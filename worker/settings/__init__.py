"""What may be set, and how it is read.

settings      every setting once: name, type, default, meaning
groups        those of each part
layers        those of the four layers
addresses     of broker, event log, ledger and store, read once for all parts
folders       folders that only their user may enter
masking       addresses for people's eyes
store_tokens  the store's own tokens: made once for a folder, found from the store's address
removed       settings of earlier releases, and what holds instead
loading       `groove.toml` and GROOVE_ variables -> Settings, with where each comes from
reference     the settings explained: `groove config show` and docs/settings.md
"""

from worker.settings.loading import load_settings
from worker.settings.settings import Settings

__all__ = ["Settings", "load_settings"]

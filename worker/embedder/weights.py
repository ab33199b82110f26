"""What tells two versions of a model's folder apart."""

import hashlib
from pathlib import Path

_WEIGHTS = ("*.safetensors", "*.bin", "*.onnx")


def digest_of(folder: Path) -> str:
    """12 hex digits over the files of weights."""
    digest = hashlib.sha256()
    for pattern in _WEIGHTS:
        for path in sorted(folder.glob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]

"""How a model comes to be converted for OpenVINO: small ones with weights of chance, each of a kind that real ones are of."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest
from fixtures.tiny_models import prompted_model, save_model, static_model
from fixtures.waiting import wait_until

from worker.embedder import Embedder, SentenceTransformerEmbedder, conversion, open_embedder, openvino_embedder
from worker.embedder.conversion import ConversionFailed
from worker.embedder.openvino_embedder import OpenVinoEmbedder
from worker.embedder.openvino_model import MODEL, TOKENIZER, OpenVinoModel

pytest.importorskip("sentence_transformers")
pytest.importorskip("openvino")
TEXTS = ["run the tests", "b", "", "so " * 90, "naïve {}"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def done(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the model converted, to be copied."""
    folder = tmp_path_factory.mktemp("done")
    opened(model, folder)
    return folder


def opened(model: Path, folder: Path, backend: str = "openvino") -> Embedder:
    return open_embedder(
        str(model),
        conversions=folder,
        backend=backend,  # type: ignore[arg-type]  # one of its names
        device="cpu",
        precision="float32",
        threads=1,
    )


def names(folder: Path) -> list[str]:
    return sorted(path.name.partition("-openvino")[0] for path in folder.iterdir() if path.is_dir())


def test_a_model_of_ones_own_gives_the_same_vectors(model: Path, done: Path) -> None:
    """Cut off, padded, empty and all; under the name that torch's has."""
    ours, theirs = opened(model, done), opened(model, done, "torch")
    assert isinstance(ours, OpenVinoEmbedder)
    assert ours.model == theirs.model
    assert ours.model.startswith("tiny@")
    np.testing.assert_allclose(ours.embed(TEXTS), theirs.embed(TEXTS), atol=2e-6)


_WITHOUT_TORCH = """
import os, sys
from pathlib import Path
from worker.embedder import open_embedder
open_embedder(sys.argv[1], conversions=Path(sys.argv[2]), backend="openvino", device="cpu").embed(["a", "b"])
assert os.environ["TOKENIZERS_PARALLELISM"] == "false"
print([name for name in ("torch", "transformers", "sentence_transformers", "openvino_telemetry") if sys.modules.get(name)])
"""


def test_what_is_converted_needs_no_torch_and_tells_nobody(model: Path, done: Path) -> None:
    """Which is where a worker's memory and the time of its start went; OpenVINO's own telemetry is left out."""
    command = [sys.executable, "-c", _WITHOUT_TORCH, str(model), str(done)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1] == "[]"


def test_one_model_is_converted_once_and_another_has_its_own(model: Path, done: Path, tmp_path: Path) -> None:
    """What lies there is taken as it is; other weights are another model; what an older OpenVINO made goes with the new."""
    folder = tmp_path / "converted"
    shutil.copytree(done, folder)
    (kept,) = folder.glob("tiny@*/")
    before = (kept / MODEL).stat().st_mtime_ns
    opened(model, folder)
    assert (kept / MODEL).stat().st_mtime_ns == before
    kept.rename(folder / f"{names(folder)[0]}-openvino-2020.1.0")
    opened(model, folder)
    assert [path.name for path in folder.glob("tiny@*/")] == [kept.name]
    other = save_model(tmp_path / "tiny", seed=2)
    opened(other, folder)
    assert len(names(folder)) == 2


def test_the_same_weights_used_otherwise_are_converted_anew(model: Path, done: Path, tmp_path: Path) -> None:
    """They have one name; yet whoever changes the pooling, a prompt or the tokenizer in a folder gets what torch makes of it."""
    other = save_model(tmp_path / "tiny", pooling="cls")
    folder = tmp_path / "converted"
    shutil.copytree(done, folder)
    ours, theirs = opened(other, folder), opened(other, folder, "torch")
    assert ours.model == opened(model, folder).model
    np.testing.assert_allclose(ours.embed(TEXTS), theirs.embed(TEXTS), atol=2e-6)
    assert np.abs(ours.embed(TEXTS) - opened(model, folder).embed(TEXTS)).max() > 0.1
    assert len(names(folder)) == 2


def empty(path: Path) -> None:
    path.write_bytes(b"")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize(
    ("name", "harm"), [(MODEL, empty), (MODEL, cut), ("model.bin", empty), (TOKENIZER, cut), (TOKENIZER, Path.unlink)]
)
def test_what_cannot_be_read_is_made_anew(
    model: Path, done: Path, tmp_path: Path, name: str, harm: Callable[[Path], None]
) -> None:
    """After a disk that was full, or a machine that lost its power."""
    folder = tmp_path / "converted"
    shutil.copytree(done, folder)
    (kept,) = folder.glob("tiny@*/")
    harm(kept / name)
    expected = opened(model, done).embed(TEXTS)
    np.testing.assert_array_equal(opened(model, folder).embed(TEXTS), expected)


def test_a_kill_in_the_middle_leaves_no_process_and_the_next_one_goes_on(model: Path, tmp_path: Path) -> None:
    """The process that converts ends with the one that waits for it, and what was half done is not taken for whole."""
    waiting = subprocess.Popen([sys.executable, "-c", _WITHOUT_TORCH, str(model), str(tmp_path)])
    wait_until(lambda: any(tmp_path.glob("*.partial")) and bool(psutil.Process(waiting.pid).children()), "it converts")
    (converting,) = psutil.Process(waiting.pid).children()
    waiting.kill()
    waiting.wait()
    wait_until(lambda: not converting.is_running() or converting.status() == psutil.STATUS_ZOMBIE, "it ended too")
    assert list(tmp_path.glob("*.partial"))
    np.testing.assert_allclose(
        opened(model, tmp_path).embed(TEXTS), opened(model, tmp_path, "torch").embed(TEXTS), atol=2e-6
    )
    assert not list(tmp_path.glob("*.partial"))


def test_several_at_once_convert_it_once(model: Path, tmp_path: Path) -> None:
    """The workers of a stack start together."""
    command = [sys.executable, "-c", _WITHOUT_TORCH, str(model), str(tmp_path)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    converting: set[int] = set()

    def look() -> bool:
        for process in both:
            if process.poll() is None:
                converting.update(child.pid for child in psutil.Process(process.pid).children())
        return all(process.poll() is not None for process in both)

    wait_until(look, "both have ended")
    assert [process.communicate()[1] for process in both] == [b"", b""]
    assert [process.returncode for process in both] == [0, 0]
    assert len(converting) == 1
    assert len(names(tmp_path)) == 1


@pytest.mark.parametrize(
    ("make", "reason"),
    [(static_model, "token ids with a mask"), (prompted_model, "a prompt before each text")],
)
def test_a_model_that_cannot_be_converted_stays_with_torch(
    make: Callable[[Path], Path], reason: str, tmp_path: Path
) -> None:
    """By itself; whoever insists is told why, and nobody tries again."""
    own = make(tmp_path / "own")
    with pytest.raises(ConversionFailed, match=reason):
        opened(own, tmp_path / "converted")
    chosen = opened(own, tmp_path / "converted", "auto")
    assert isinstance(chosen, SentenceTransformerEmbedder)
    np.testing.assert_allclose(np.linalg.norm(chosen.embed(["run tests", "run"]), axis=1), 1, atol=1e-6)
    (refused,) = tmp_path.glob("converted/*/")
    tried = refused.stat().st_mtime_ns
    with pytest.raises(ConversionFailed, match=reason):
        opened(own, tmp_path / "converted")
    assert refused.stat().st_mtime_ns == tried


def test_what_gives_other_vectors_is_not_taken(done: Path, tmp_path: Path) -> None:
    """What one model became, beside another that differs in its weights alone."""
    from sentence_transformers import SentenceTransformer

    other = SentenceTransformer(str(save_model(tmp_path / "other", seed=2)), device="cpu")
    (kept,) = done.glob("tiny@*/")
    with pytest.raises(ConversionFailed, match="other vectors"):
        conversion._compare(other, OpenVinoModel(kept, precision="float32", threads=1))


def test_what_the_processor_cannot_run_stays_with_torch(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Converted anew it still cannot be loaded: torch goes on, and no worker fails at its start."""

    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("unsupported instruction set")

    monkeypatch.setattr(openvino_embedder, "OpenVinoModel", refuse)
    assert isinstance(opened(model, tmp_path, "auto"), SentenceTransformerEmbedder)
    with pytest.raises(ConversionFailed, match="unsupported instruction set"):
        opened(model, tmp_path)


def test_a_folder_that_cannot_be_made_is_no_reason_to_stop(model: Path, tmp_path: Path) -> None:
    """Torch goes on there too; whoever insists on OpenVINO is told which folder it was."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ConversionFailed, match="file"):
        opened(model, tmp_path / "file" / "below")
    assert isinstance(opened(model, tmp_path / "file" / "below", "auto"), SentenceTransformerEmbedder)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"device": "cuda"}, "device is cuda"),
        ({"precision": "float16"}, "for GPUs"),
        ({"model": "nobody/no-such-model"}, "no folder"),
    ],
)
def test_what_openvino_is_not_for_is_said(options: dict[str, str], reason: str, tmp_path: Path) -> None:
    """Before anything is converted."""
    with pytest.raises(ConversionFailed, match=reason):
        open_embedder(**options, conversions=tmp_path, backend="openvino")  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())

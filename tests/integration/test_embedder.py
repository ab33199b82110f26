"""Both real embedders: the model that is installed with the project, on this machine's processor."""

import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures.tiny_models import prompted_model, save_model, static_model

from worker.embedder import (
    Embedder,
    SentenceTransformerEmbedder,
    VectorCache,
    open_embedder,
    sentence_transformer,
)
from worker.embedder.openvino_embedder import OpenVinoEmbedder
from worker.embedder.precision import HAVE_BFLOAT16, processor_flags
from worker.errors import ConfigurationError
from worker.settings import load_settings

pytest.importorskip("sentence_transformers")
pytest.importorskip("openvino")
TEXTS = ["mise run lint", "Let me run the tests.", "return nil\n}", "עברית 😀 {}", "word " * 500, "x"]


def opened(backend: str, **options: Any) -> Embedder:
    given = {"device": "cpu", "precision": "float32", "threads": 1, **options}
    return open_embedder(conversions=load_settings().conversions_dir, backend=backend, **given)  # type: ignore[arg-type]


@pytest.fixture(scope="module", params=["torch", "openvino"])
def embedder(request: pytest.FixtureRequest) -> Embedder:
    return opened(request.param)


@pytest.fixture(scope="module")
def exact() -> Embedder:
    return opened("torch")


def test_openvino_is_what_processors_have() -> None:
    """Unless torch is asked for; what torch makes of the texts is what OpenVINO makes of them."""
    ours, theirs = opened("auto"), opened("torch")
    assert [type(ours), type(theirs)] == [OpenVinoEmbedder, SentenceTransformerEmbedder]
    assert ours.model == theirs.model
    np.testing.assert_allclose(ours.embed(TEXTS), theirs.embed(TEXTS), atol=2e-6)


def test_rows_are_unit_vectors_in_the_order_given(embedder: Embedder) -> None:
    """One float32 row of length 1 per text, copies included; nothing for nothing."""
    rows = embedder.embed([*TEXTS, TEXTS[0]])
    assert rows.shape == (len(TEXTS) + 1, 384)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(rows[0], rows[-1])
    assert embedder.embed([]).shape == (0, 384)


def test_meaning_is_near(embedder: Embedder) -> None:
    """A paraphrase is nearer than an unrelated sentence."""
    rule, near, far = embedder.embed(
        ["Run the tests before committing", "Let me run the test suite first", "It rains in Spain"]
    )
    assert rule @ near > 0.4 > rule @ far


def test_vectors_depend_on_the_set_of_texts_alone(embedder: Embedder) -> None:
    """Bit for bit: not on the order, the copies or what was embedded before."""
    texts = [f"sentence number {n} about topic {n % 7}" for n in range(80)]
    first = embedder.embed(texts)
    embedder.embed(TEXTS)
    shuffled = random.Random(3).sample(texts, len(texts))
    again = dict(zip(shuffled, embedder.embed([*shuffled, *shuffled[:9]]), strict=False))
    for text, row in zip(texts, first, strict=True):
        np.testing.assert_array_equal(row, again[text])


@pytest.mark.parametrize(("make", "is_direct"), [(save_model, True), (prompted_model, False), (static_model, False)])
def test_torch_reads_a_text_as_its_model_does(make: Callable[[Path], Path], is_direct: bool, tmp_path: Path) -> None:
    """By its tokenizer where that is all; one with a prompt of its own, or without a mask, prepares its texts itself."""
    from sentence_transformers import SentenceTransformer

    folder = make(tmp_path / "own")
    texts = [*TEXTS, "run the tests", "", "so " * 90]
    model = SentenceTransformer(str(folder), device="cpu")
    ours = SentenceTransformerEmbedder(str(folder), device="cpu", precision="float32", threads=1, batch_tokens=100)
    given: dict[str, set[str]] = {}
    for name, each in (("model", model), ("ours", ours._load()._model)):
        each.register_forward_pre_hook(lambda _, features, name=name: given.update({name: set(features[0])}))
    rows = model.encode(texts)
    expected = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    np.testing.assert_allclose(ours.embed(texts), expected, atol=2e-6)
    assert given["ours"] == given["model"]
    assert (ours._load()._tokenizer is not None) == is_direct


@pytest.mark.parametrize("backend", ["torch", "openvino"])
def test_batches_change_no_vector_that_matters(exact: Embedder, backend: str) -> None:
    """One text at a time, or all in one batch: the same within float32's accuracy."""
    texts = [*TEXTS, *(f"{'so ' * n}on" for n in range(40))]
    rows = exact.embed(texts)
    for tokens in (1, 100_000):
        other = opened(backend, batch_tokens=tokens)
        np.testing.assert_allclose(other.embed(texts), rows, atol=2e-6)


_FOOTPRINT = """
import ctypes, sys
import psutil
from worker.embedder import SentenceTransformerEmbedder
SentenceTransformerEmbedder(device="cpu", precision="float32", threads=1).embed([f"{n} " * (n % 200) for n in range(400)])
held = psutil.Process().memory_info().rss
ctypes.CDLL(None).malloc_trim(0)
print(sys.modules.get("triton"), held - psutil.Process().memory_info().rss < 8 * 2**20)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's malloc")
def test_a_processor_needs_no_compiler_for_gpus_and_nothing_freed_is_kept() -> None:
    """Which is what an embedding worker's memory is made of, beside the model and its libraries."""
    done = subprocess.run([sys.executable, "-c", _FOOTPRINT], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["None", "True"]


def test_the_models_name_tells_its_weights_apart(embedder: Embedder) -> None:
    """The default's name, with a digest of what was loaded."""
    name, _, digest = embedder.model.partition("@")
    assert name == "all-MiniLM-L6-v2"
    assert len(digest) == 12
    assert embedder.precision == "float32"


@pytest.mark.parametrize("backend", ["torch", "auto"])
def test_half_precision_changes_no_cosine_that_matters(exact: Embedder, backend: str) -> None:
    """bfloat16 stays within two hundredths; torch imitates it where the processor has none."""
    half = opened(backend, precision="bfloat16")
    full, rough = exact.embed(TEXTS), half.embed(TEXTS)
    assert half.precision == "bfloat16"
    assert np.abs(full @ full.T - rough @ rough.T).max() < 0.02


def test_with_amx_lengths_are_whole_tiles(exact: Embedder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every pass there has a length of a multiple of 16 tokens, which changes no cosine that matters; elsewhere nothing is added."""
    passed: dict[str, list[int]] = {}
    rows = {}
    for name, flags in (("amx", {"amx_bf16"}), ("other", {"avx512_bf16"})):
        monkeypatch.setattr(sentence_transformer, "processor_flags", lambda flags=flags: frozenset(flags))
        half = SentenceTransformerEmbedder(device="cpu", precision="bfloat16", threads=1, batch_tokens=64)
        lengths = passed.setdefault(name, [])
        half._load()._model.register_forward_pre_hook(
            lambda _, features, lengths=lengths: lengths.append(features[0]["input_ids"].shape[1])
        )
        rows[name] = half.embed(TEXTS)
    assert {length % 16 for length in passed["amx"]} == {0}
    assert {length % 16 for length in passed["other"]} != {0}
    full = exact.embed(TEXTS)
    assert all(np.abs(full @ full.T - rough @ rough.T).max() < 0.02 for rough in rows.values())


_DROPPED_ELSEWHERE = """
import gc, signal, threading
from worker.embedder import open_embedder
from worker.settings import load_settings
held = [open_embedder(conversions=load_settings().conversions_dir, backend="openvino", device="cpu", precision="float32", threads=1)]
held[0].embed(["so"])
def drop():
    held.clear()
    gc.collect()
dropping = threading.Thread(target=drop)
dropping.start()
dropping.join()
signal.signal(signal.SIGTERM, lambda *_: print("told to end"))
signal.raise_signal(signal.SIGTERM)
"""


def test_a_model_that_another_thread_drops_takes_no_signal_handler_along() -> None:
    """On processors with AMX OpenVINO brings a stack for handlers, and unmaps it with itself."""
    done = subprocess.run([sys.executable, "-c", _DROPPED_ELSEWHERE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.splitlines()[-1:]) == (0, ["told to end"]), done.stderr


@pytest.mark.parametrize("backend", ["torch", "openvino"])
def test_auto_follows_the_flags_of_this_processor(backend: str) -> None:
    """Each time anew, so workers on processors of one kind choose alike."""
    expected = "bfloat16" if processor_flags() & HAVE_BFLOAT16 else "float32"
    assert opened(backend, precision="auto").precision == expected


def test_learnings_vectors_are_cached(embedder: Embedder) -> None:
    """The same text comes back as the same vector, embedded on its own."""
    cache = VectorCache(embedder)
    np.testing.assert_array_equal(cache.embed(TEXTS), np.stack([embedder.embed([text])[0] for text in TEXTS]))


def test_a_model_that_is_not_there_is_a_clear_error() -> None:
    """Named, and without a network."""
    script = (
        "from worker.embedder import SentenceTransformerEmbedder as E\nfrom worker.errors import ConfigurationError\n"
        "try:\n    E('nobody/no-such-model').model\nexcept ConfigurationError as error:\n    print(str(error)[:60])"
    )
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment)
    assert "nobody/no-such-model" in done.stdout


def test_an_empty_folder_is_no_model(tmp_path: object) -> None:
    """A folder without a model is named too."""
    with pytest.raises(ConfigurationError, match="cannot be loaded"):
        _ = SentenceTransformerEmbedder(str(tmp_path)).model

"""A language model through LiteLLM, at whichever provider its name says: one request, one answer, no retries."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from worker.errors import ConfigurationError, Unavailable

#: what a setting or an option begins with that means such a model
PREFIX = "litellm:"
_TIMEOUT_S = 120.0
#: switches of the library, which read when it is imported: its list of prices and its tokenizers are those that came with it,
#: and no `.env` file of a folder around it says where keys and sessions go
_SILENT = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_OFFLINE_MODE": "true",
    "LITELLM_MODE": "PRODUCTION",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    text: str
    #: of request and answer together, as the provider counts; 0 where it does not tell
    tokens: int


class LanguageModel:
    def __init__(self, model: str) -> None:
        """`model` as LiteLLM names it: `openai/gpt-4o-mini`, `ollama/llama3`, …; keys and addresses come from its variables.

        Raises `ConfigurationError` where LiteLLM is not installed.
        """
        self._model = model
        self._litellm = _library()

    @property
    def name(self) -> str:
        return f"{PREFIX}{self._model}"

    def ask(self, messages: Sequence[dict[str, str]], *, most_tokens: int) -> Reply:
        """A JSON object is asked for, at temperature 0. Raises `Unavailable`."""
        try:
            answer = self._litellm.completion(
                model=self._model,
                messages=list(messages),
                temperature=0,
                max_tokens=most_tokens,
                response_format={"type": "json_object"},
                drop_params=True,  # what a provider does not know
                timeout=_TIMEOUT_S,
                num_retries=0,
                max_retries=0,
            )
            usage = getattr(answer, "usage", None)
            return Reply(
                text=str(answer.choices[0].message.content or ""), tokens=int(getattr(usage, "total_tokens", 0) or 0)
            )
        except Exception as error:  # a provider's errors share no other base
            text = " ".join(str(error).split())
            raise Unavailable(f"it gave no answer: {text[:200]}") from error


def _library() -> Any:
    for switch, position in _SILENT.items():
        os.environ.setdefault(switch, position)
    try:
        import litellm
    except ImportError as error:
        raise ConfigurationError(
            "LiteLLM is not installed, so no model can judge: pip install 'groove-attribution[judge]'"
        ) from error
    litellm.suppress_debug_info = True
    litellm.telemetry = False
    return litellm

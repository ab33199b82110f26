"""What is judged."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class LearningCategory(StrEnum):
    CORRECTION = "Correction"
    CODE_PATTERN = "CodePattern"
    PREFERENCE = "Preference"
    SOLUTION = "Solution"
    ERROR_RECOVERY = "ErrorRecovery"
    TOOL_USAGE = "ToolUsage"
    HARNESS_KNOWLEDGE = "HarnessKnowledge"


@dataclass(frozen=True, kw_only=True, slots=True)
class Learning:
    learning_id: str
    category: LearningCategory
    description: str
    insight: str
    pattern: str | None = None
    #: "Global", {"User": id} or {"Project": path}, as groove writes it
    scope: str | dict[str, str] = "Global"
    #: the author's own confidence in [0, 1]; not used by any layer
    confidence: float = 1.0
    created_at: int = 0
    updated_at: int = 0
    source: dict[str, Any] = field(default_factory=dict)

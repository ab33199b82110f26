"""Which lines of a session file a person took back by rewinding: the lines form a tree, and only one way through it was kept."""

from collections import defaultdict
from dataclasses import dataclass, field


@dataclass(slots=True, eq=False)
class LineTree:
    """Every line's parent. Answers to parallel calls fork the tree too; only two prompts after the same line are a rewind."""

    parents: dict[str, str] = field(default_factory=dict)
    #: parent -> the prompts that follow it, in the file's order
    prompts: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    last: str = ""

    def add(self, line_id: str, parent: str) -> None:
        self.parents[line_id] = parent
        self.last = line_id

    def add_prompt(self, line_id: str, parent: str) -> None:
        if parent:
            self.prompts[parent].append(line_id)

    def taken_back(self) -> frozenset[str]:
        """Ids of all lines on branches that were left: of two prompts after one line that on the way to the file's last line stays."""
        forks = [prompts for prompts in self.prompts.values() if len(prompts) > 1]
        if not forks:
            return frozenset()
        way = self._way_to(self.last)
        left = {prompt for prompts in forks for prompt in self._left(prompts, way)}
        return self._with_what_follows(left)

    @staticmethod
    def _left(prompts: list[str], way: set[str]) -> list[str]:
        stays = next((prompt for prompt in prompts if prompt in way), prompts[-1])
        return [prompt for prompt in prompts if prompt != stays]

    def _way_to(self, line_id: str) -> set[str]:
        way: set[str] = set()
        while line_id and line_id not in way:
            way.add(line_id)
            line_id = self.parents.get(line_id, "")
        return way

    def _with_what_follows(self, left: set[str]) -> frozenset[str]:
        children: dict[str, list[str]] = defaultdict(list)
        for line_id, parent in self.parents.items():
            children[parent].append(line_id)
        found: set[str] = set()
        waiting = list(left)
        while waiting:
            line_id = waiting.pop()
            if line_id not in found:
                found.add(line_id)
                waiting.extend(children[line_id])
        return frozenset(found)

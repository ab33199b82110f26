"""Prompts that a person typed while the assistant worked, as Claude Code's `queue-operation` lines tell of them.

A prompt is put in, and leaves in one of three ways: `dequeue` (it becomes a `user` line of its own), `remove` (it was given to the
assistant in the middle of its turn; older versions leave no other trace of it), `popAll` (back to the person, who has not sent it).
"""

from dataclasses import dataclass, field

from worker.formats.transcripts.session import Speaker
from worker.formats.transcripts.session_draft import DraftMessage, SessionDraft
from worker.formats.transcripts.who_spoke import words_of_a_queued_prompt


@dataclass(slots=True, eq=False)
class _Queued:
    text: str
    #: None for what a machine put in
    message: DraftMessage | None


@dataclass(slots=True, eq=False)
class PromptQueue:
    draft: SessionDraft
    _waiting: list[_Queued] = field(default_factory=list)
    #: given to the assistant since the latest prompt: the same words as an attachment or a line are the same prompt
    _given: list[_Queued] = field(default_factory=list)

    def apply(self, operation: object, text: str, *, time: int | None) -> None:
        match operation:
            case "enqueue":
                self._put_in(text, time)
            case "dequeue":
                self._take_out(text)
            case "remove":
                self._give(text)
            case "popAll":
                self._waiting.clear()

    def _put_in(self, text: str, time: int | None) -> None:
        message = None
        if words := words_of_a_queued_prompt(text):
            line_id = f"queued {time} {words[:40]}" if time is not None else ""
            message = self.draft.add("user", time=time, speaker=Speaker.QUEUED, line_id=line_id, is_dropped=True)
            message.say(words)
        self._waiting.append(_Queued(text, message))

    def _take_out(self, text: str) -> _Queued | None:
        """The one with this text; without a text the oldest of a person's, or else the oldest."""
        fitting = [queued for queued in self._waiting if queued.text == text] if text else []
        people = [queued for queued in self._waiting if queued.message] if not text else []
        oldest = self._waiting if not text else []
        found = next(iter([*fitting, *people, *oldest]), None)
        if found is not None:
            self._waiting.remove(found)
        return found

    def _give(self, text: str) -> None:
        queued = self._take_out(text)
        if queued is not None and queued.message is not None:
            queued.message.is_dropped = False
            self._given.append(queued)

    def came_as_line(self, text: str, *, is_prompt: bool) -> None:
        """These words stand as a line of their own, which is the better account of them."""
        for queued in [*self._waiting, *self._given]:
            if queued.text.strip() == text.strip() and queued.message is not None:
                queued.message.is_dropped = True
                (self._waiting if queued in self._waiting else self._given).remove(queued)
                break
        if is_prompt:
            self._given.clear()

    def close(self) -> None:
        """Count what a person typed and the assistant never read."""
        for queued in self._waiting:
            if queued.message is not None:
                self.draft.skip("queued prompt that was never sent")

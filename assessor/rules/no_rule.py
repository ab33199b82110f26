"""Lines of a rules file that look like a rule by their form alone, and ask for nothing: why each is none.

Only what is plain counts: a change log, a pointer, a placeholder, figures, a title, what spec-kit fills in. A fact that a person
wrote down ("tests are in `tests/`") is a learning. Whoever means one of these lines as a rule says so in it: "must", "always", an
order at its beginning.
"""

import re
from collections.abc import Sequence

from assessor.rules.asks import asks, binds, is_order
from assessor.rules.titles import points_on, title_asks
from assessor.rules.units import NoRule, PieceKind

_LOG_TITLE = re.compile(
    r"\b(?:change[ -]?logs?|(?:version|revision|update|change|migration) history|what['’]?s new|recent (?:changes|updates)|"
    r"hist[oó]rico|registro de (?:cambios|altera[cç][oõ]es)|journal des modifications|änderungsprotokoll)\b"
    r"|变更日志|更新日志|更新历史|変更履歴|更新履歴|журнал изменений|история изменений",
    re.IGNORECASE,
)
#: a title that is a version or a date: "v1.2 - 2025-10-14 (first)", "[1.2.0]", "2025年5月"
_VERSION_TITLE = re.compile(
    r"^\W{0,4}(?:v(?:ersion )?\d+\.\d+(?:\.\d+)?\b|\[?\d+\.\d+\.\d+\]?(?=\s*(?:$|[-–—(])))|^\W{0,4}\d{4}(?:-\d\d-\d\d\b|年\d{1,2}月)",
    re.IGNORECASE,
)
_POINTER_TITLE = re.compile(
    r"^\W{0,6}(?:see also|related(?: (?:docs?|documentation|rules|skills|resources|links))?|(?:further|additional) reading|"
    r"(?:external |useful |additional )?(?:references|resources|links)|cross[- ]references?|sources|bibliography|"
    r"ver tamb[eé]m|fontes|fuentes|refer[eê]ncias|voir aussi|siehe auch|参考(?:资料|文献|链接)?|関連(?:リンク|ドキュメント)?|参照)\W*$",
    re.IGNORECASE,
)
_DONE = re.compile(
    r"^[^\w`]{0,8}(?:added|fixed|implemented|introduced|removed|renamed|refactored|improved|enhanced|updated|created|migrated|moved|deprecated|"
    r"resolved|completed|upgraded|replaced|simplified|rewrote|bumped|reworked|adicionad[oa]s?|criad[oa]s?|atualizad[oa]s?|corrigid[oa]s?|"
    r"implementad[oa]s?|añadid[oa]s?|corregid[oa]s?|actualizad[oa]s?)\b"
    r"(?![-:]| (?:files?|code|tests?|values?|by|from|in|to|with)\b)(?!.{0,40}:)"
    r"|^\W{0,8}(?:新增了?|修复了?|优化了|实现了|增强了?|改进了?|添加了|重构了|移除了|简化了|追加した|修正した|削除した)",
    re.IGNORECASE,
)
#: what stands in a table below it is to be done
_RULES_TITLE = re.compile(
    r"\b(?:rules?|conventions?|standards?|guidelines?|polic(?:y|ies)|must|always|never|required|mandatory|non-negotiable|when|after|before|"
    r"every|checklists?|routing|naming|workflows?|stack|tool(?:s|ing)|commands?|don['’]?ts?|do not)\b",
    re.IGNORECASE,
)
_LINK = re.compile(r"!?\[[^\]\n]*\]\([^)\n]*\)|\[[^\]\n]*\]\[[^\]\n]*\]|<?https?://\S+>?")
_CODE = re.compile(r"`[^`\n]+`")
_COMMAND = re.compile(r"`[a-z][\w.-]*(?: [^`\n]+)+`")
_PLACEHOLDER = re.compile(
    r"^\W{0,6}(?:[(\[<{](?:define|describe|add|insert|list|specify|your|fill|replace|enter|provide|include|explain|note|placeholder)\b"
    r"[^()\[\]]{3,300}[)\]>}]|tbd|todo|n/?a|\.{3}|…)\W*$",
    re.IGNORECASE,
)

#: as spec-kit writes them: what a feature is built with, and a style that it knows nothing of
_TECHNOLOGIES_TITLE = re.compile(r"^\W*active technologies\W*$", re.IGNORECASE)
_FILLER = re.compile(r"(?:(?P<of>[^\n]{1,400}?):\s+)?[*_]*follow standard conventions[*_]*\W*", re.IGNORECASE)
_LETTERS = re.compile(r"[^\W\d_]")
_FIGURE = re.compile(
    r"^[^\w]*(?:[<>≤≥~≈]?\s*[-+–]?\d[\d.,]*\s*(?:[-–x×/]\s*\d[\d.,]*)?\s*"
    r"(?:%|[a-z]{1,3}\b(?:/s)?|x\b)?[^\w]*)?$",
    re.IGNORECASE,
)
_MOVED_FIGURE = re.compile(r"\d[\d.,]*\s*(?:%|[a-z]{1,3})?\s*(?:→|->|=>)\s*[-+]?\d", re.IGNORECASE)
_FOREIGN = re.compile(r"[^\x00-\x7f]")
#: characters; what is left of a line beside its links says nothing
_REST = 3
#: of the letters; beyond this share a text is in a language whose orders are not known here
_FOREIGN_SHARE = 0.05


def why_no_rule(kind: PieceKind, text: str, headings: Sequence[str]) -> NoRule | None:
    """None: it is one, as far as its form tells. `headings` are those above it, outermost first."""
    if kind is PieceKind.HEADING:
        return None if title_asks(text) else NoRule.TITLE
    if kind is PieceKind.PARAGRAPH and points_on(text):
        return NoRule.TITLE
    if kind is PieceKind.PARAGRAPH and not asks(text):
        return NoRule.DESCRIPTION
    if (filler := _FILLER.fullmatch(text)) and not asks(filler["of"] or ""):
        return NoRule.FILLER
    if kind in {PieceKind.DESCRIPTION, PieceKind.BULLET} or binds(text):
        return None
    title = headings[-1] if headings else ""
    looks = (
        (NoRule.PLACEHOLDER, bool(_PLACEHOLDER.match(text)) and not _CODE.search(text)),
        (NoRule.CHANGE_LOG, _is_logged(kind, text, headings)),
        (NoRule.TECHNOLOGIES, bool(_TECHNOLOGIES_TITLE.match(title)) and not is_order(text)),
        (NoRule.POINTERS, _is_pointer(text, title)),
        (NoRule.FIGURES, _is_figures(kind, text, title)),
        (NoRule.TABLE, _is_description(kind, text, title)),
    )
    return next((why for why, is_so in looks if is_so), None)


def _is_logged(kind: PieceKind, text: str, headings: Sequence[str]) -> bool:
    is_below = any(_LOG_TITLE.search(title) or _VERSION_TITLE.search(title) for title in headings)
    is_done = kind is PieceKind.ITEM and bool(_DONE.match(text)) and not _COMMAND.search(text)
    return is_done or (is_below and not asks(text))


def _is_pointer(text: str, title: str) -> bool:
    """A link with nothing said about it, or whatever stands under a title like "See also"."""
    rest = _LETTERS.findall(_LINK.sub("", text))
    return bool(_LINK.search(text) and len(rest) <= _REST) or bool(_POINTER_TITLE.match(title) and not asks(text))


def _is_figures(kind: PieceKind, text: str, title: str) -> bool:
    if kind is PieceKind.ROW:
        return not _is_told(text, title) and any(_FIGURE.match(cell) for cell in text.split(" | ")[1:])
    return bool(_MOVED_FIGURE.search(text)) and not (_CODE.search(text) or asks(text))


def _is_description(kind: PieceKind, text: str, title: str) -> bool:
    """A table's row in a language whose orders are known here: those of others are kept."""
    letters = _LETTERS.findall(text)
    is_foreign = sum(bool(_FOREIGN.match(each)) for each in letters) > _FOREIGN_SHARE * len(letters)
    return kind is PieceKind.ROW and not is_foreign and not _is_told(text, title)


def _is_told(row: str, title: str) -> bool:
    """It orders, gives a command to run, or stands under a title of what is to be done."""
    return asks(row) or bool(_COMMAND.search(row) or _RULES_TITLE.search(title))

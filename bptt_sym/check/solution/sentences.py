"""What the words around a formula of a solution say of it: that it is supposed, or goes on."""

from __future__ import annotations

import re
from functools import lru_cache

from bptt_sym.documents.document import Formula

#: Characters before a formula that are looked at.
_NEAR = 90
_SUPPOSED = re.compile(
    r"(?:\b(?:if|when|whenever|suppose|supposing|assume|assuming|provided|unless|as long as)\b|"
    r"(?<![א-ת])(?:אם|נניח|כאשר|בהנחה)(?![א-ת])|(?:^|[\s\u200c])(?:اگر|فرض|وقتی)(?=\s))"
    r"[^.;:؛。$]{0,60}$",
    re.IGNORECASE,
)
#: Letters and numbers that label parts in any question.
LABELS = r"[a-hA-H1-9]|[ivIV]{1,4}|[א-ח]|الف|[بپتثجچحده]"
_END = r"[*_]{0,2}[).:]?\s*(?:\$|\\[(\[]|\s)*\Z"
_REASON = re.compile(
    r"(?:\b(?:because|since|as)\b|(?<![א-ת])(?:כי|מכיוון|כיוון|מאחר)|(?<!\w)(?:چون|زیرا))[^.;:؛。$]{0,60}$",
    re.IGNORECASE,
)
#: Characters before a formula in which its label is looked for.
_BEFORE = 40
#: What ends the answer that a label begins.
_ENDS = re.compile(
    r"(?:\$|\\[)\]])*[*_]{0,2}\s*(?:\Z|[.,;:\n|<]|\(?[a-hA-H1-9א-ח]\)|\(?[ivIV]{1,4}\)"
    r"|(?:because|since|as|for|and|כי|מכיוון|כיוון|מאחר|چون|زیرا|و)(?![^\W_]))"
)
#: Words that relate what stands before them to the formula behind them.
_EQUALS = re.compile(
    r"(?:which|that|this) (?:is|gives)(?: just| simply)?|(?:which )?(?:is equal to|equals)|i\.e\.,?"
    r"|שזה|שהוא|כלומר|یعنی",
    re.IGNORECASE,
)
_AT_MOST = re.compile(
    r"(?:(?:which|that|this|and) (?:is )?)?(?:at most|bounded(?: from)?(?: above)? by"
    r"|no (?:more|larger) than|(?:less|smaller) than or equal to)"
    r"|(?:ו?(?:הוא|היא|זה) )?(?:לכל היותר|חסומה? על ידי)|(?:که )?حداکثر",
    re.IGNORECASE,
)
_ALONE = re.compile(
    r"(?:it|this|the (?:bound|derivative|gradient|answer|size|(?:whole|entire|full)"
    r"(?: (?:product|expression|term|quantity|thing))?|expression|quantity in question))"
    r"\s+(?:is|can be)(?: therefore| thus| always)?\s*\Z",
    re.IGNORECASE,
)
_UPPER = re.compile(r"\s*(?:<|≤|\\leq?(?:slant)?(?![a-z])|\\lt(?![a-z]))")
#: Words that say no more than that the chain goes on.
_GOES_ON = frozenset(
    "and so thus hence then therefore which that this is it in turn again finally also at most "
    "least equal equals implies gives we get have obtain now consequently i e further furthermore "
    "to becomes simplifies וזה זה לכן ולכן שהוא שזה אז ואז כלומר ומכאן "
    "و پس که بنابراین یعنی لذا".split()
)


def is_supposed(formula: Formula) -> bool:
    """Whether a sentence only supposes what it says: "If $|w| < 1$", "Suppose $h_t > 0$"."""
    if formula.display:
        return False
    start = formula.offsets[0]
    before = formula.source.text[max(0, start - _NEAR) : start].rstrip("$\\( \n")
    return _SUPPOSED.search(before) is not None


def is_reason(formula: Formula) -> bool:
    """Whether a sentence gives a formula as the reason for what it says before."""
    start = formula.offsets[0]
    before = formula.source.text[max(0, start - _NEAR) : start].rstrip("$\\( \n")
    return not formula.display and _REASON.search(before) is not None


@lru_cache(maxsize=64)
def _labels(ids: tuple[str, ...]) -> re.Pattern[str]:
    r"""``(b)``, ``c.``, ``Part ii``, ``J:`` before a formula, at the start of a sentence."""
    own = "".join(f"{re.escape(id)}|" for id in sorted(ids, key=len, reverse=True))
    return re.compile(
        r"(?:\A|[\s,;$>])[*_]{0,2}(?:(?:part|question|סעיף|שאלה|بخش|قسمت)\s+"
        rf"(?P<word>{own}{LABELS})[*_]{{0,2}}\s*[).:]?"
        rf"|\(?\s*(?P<sign>{own}{LABELS})[*_]{{0,2}}\s*(?:\)|[.:](?=[\s*_$\\])))" + _END,
        re.IGNORECASE,
    )


def is_labelled(formula: Formula, ids: tuple[str, ...] = ()) -> bool:
    """Whether the label of a part of the question stands directly before the formula.

    ``ids`` are labels besides those of any question.
    """
    return bool(label_of(formula, ids))


def label_of(formula: Formula, ids: tuple[str, ...] = ()) -> str:
    """The label of a part of the question directly before the formula, "" if there is none."""
    start = formula.offsets[0]
    # (Where tags stood in a page there are blanks.)
    before = re.sub(r"\s{2,}", " ", formula.source.text[max(0, start - 400) : start])[-_BEFORE:]
    found = _labels(ids).search(before)
    return "" if found is None else found["word"] or found["sign"]


def is_answer(formula: Formula, ids: tuple[str, ...] = ()) -> bool:
    """Whether a formula in a sentence is all that stands behind the label of a part."""
    if not is_labelled(formula, ids):
        return False
    return _ENDS.match(formula.source.text, formula.offsets[-1]) is not None


def said_relation(formula: Formula, before: Formula | None) -> str:
    r"""The relation that words say before a formula that has none: "which is $0$" is ``= 0``.

    What it relates to is ``before``, if nothing but such words stands between, or else what the
    question is about: "It is bounded by $1$". ``""`` if nothing is said.
    """
    if formula.display:
        return ""
    text, start = formula.source.text, formula.offsets[0]
    first = max(0, start - 60)
    if before is not None and before.source is formula.source:
        first = max(first, before.offsets[-1])
        gap = text[first:start].strip(" $\\()[],\n")
        if _AT_MOST.fullmatch(gap):
            return r"\le "
        if _EQUALS.fullmatch(gap):
            return "= "
    return r"\le " if stands_alone(formula) else ""


def stands_alone(formula: Formula) -> bool:
    """Whether the words before a formula say of the question itself what it bounds it by."""
    if formula.display:
        return False
    start = formula.offsets[0]
    words = formula.source.text[max(0, start - 60) : start].rstrip(" $\\(\n")
    if _UPPER.match(formula.latex) and _ALONE.search(words):
        return True
    said = [m for m in _AT_MOST.finditer(words) if m.end() == len(words)]
    return any(_ALONE.search(words[: m.start()]) for m in said)


def is_loose(before: Formula, after: Formula) -> bool:
    r"""Whether ``after``, which begins with a relation, may be about the words before it.

    ``… \le |w|`` because each factor is ``\le 1``: of what 1 is the bound, the words say.
    """
    if after.display:
        return False
    gap = after.source.text[before.offsets[-1] : after.offsets[0]]
    return any(word.lower() not in _GOES_ON for word in re.findall(r"[^\W\d_]+", gap))


__all__ = [
    "is_answer", "is_labelled", "is_loose", "is_reason", "is_supposed", "label_of", "said_relation",
    "stands_alone",
]  # fmt: skip

r"""What the sentence around a formula supposes: the formula itself, or what it follows from.

"If $\|J\| \le \gamma$, then …" supposes the bound and claims nothing of it; "if the network is
linear, $\partial h_T/\partial h_0 = w^T$" claims the equation of such networks alone. The words
that make a condition of a formula stand directly before it; behind a comma, "then" or "we have"
stands what follows from it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bptt_sym.documents.document import Formula

#: How far before a formula its sentence is looked through.
_REACH = 240
#: A formula of the sentence, as it is looked at here.
_IT = "\ufffc"
_MATHS = re.compile(r"\$`?[^$\n]{1,200}`?\$|\\\([^\n]{1,200}?\\\)|`[^`\n]{1,200}`")
_OPENING = re.compile(r"(?:[\s$`*_~>({]|\\\[|\\\(|\\begin\s*\{[a-z]+\*?\}|\\boxed\s*\{)+$")
_ENDS = re.compile(
    r"[.!?;](?=\s|$)|[。；！？]|\n\s*(?:[-*+]|[0-9]+[.)])\s|\\item(?![A-Za-z])|\n\s*\n|"
    r"\$\$|\\end\s*\{[a-z*]+\}|\\\]"
)
#: "si", "se", which mean "if", or that one does something: "se tiene que", "si ha".
IF_ROMANCE = (
    r"\b(?:si|se)\b(?!\s+(?:tiene|obtiene|puede|calcula|deduce|sigue|define|escribe|usa|hace|llega|"
    r"obtém|tem|pode|segue|escreve|chega|ha|ottiene|può|scrive|trova|vede|arriva|deriva)\b)"
)
_CONDITION = re.compile(
    rf"{IF_ROMANCE}|\b(?:if|suppose|supposing|assume|assuming|provided|unless|when|whenever|"
    r"as long as|in case|"
    r"wenn|falls|sofern|angenommen|supongamos|supposons|cuando|lorsque|quand|quando|если|"
    r"предположим|когда|якщо|коли|jeśli|gdy|eğer|nếu|khi|jika|ketika)\b|"
    r"如果|若|假[设設如]|只要|当(?![前然])|當(?![前然])|もし|만약|만일|(?<![א-ת])(?:אם|כאשר)(?![א-ת])|"
    r"(?<!\S)(?:اگر|وقتی|إذا|عندما)(?!\S)",
    re.IGNORECASE,
)
#: Words between a conjunction and what is supposed; they change nothing.
_FILLERS = (
    r"(?:[\s,，:：]*+(?:that|we have|it holds|it is true|also|further|furthermore|moreover|instead|"
    r"first|now|in addition|additionally|for (?:simplicity|example|instance|now)|even|"
    r"for (?:all|every|each|some|any)|all|every|the (?:bound|inequality|condition)s?|"
    r"dass|que|qu'on a|wir haben|gilt|che|что|że|有|我们有|满足)"
    r"(?![A-Za-zäöüßа-я]))*+[\s,，:：]*+"
)
_AND = (
    r"\s*+[,，]?\s*+(?:and|or|und|oder|et|ou|y|o|e|ed|и|или|і|va|和|且|并且|或|및|"
    r"for(?= (?:all|every|each|some|any))|[,，])?"
)
#: Behind a formula a colon opens what follows from it.
_DIRECTLY = re.compile(rf"{_FILLERS}(?:{_IT}(?!\s*[:：]){_AND}{_FILLERS})*+")
#: The word itself, behind all the parts of a condition.
_PLAINLY_THEN = re.compile(
    r"\b(?:then|dann|alors|entonces|então|allora|тогда|wtedy|thì|maka)\b|则|則|那么|那麼",
    re.IGNORECASE,
)
#: What stands between a condition and what follows from it.
_THEN = re.compile(
    r"\b(?:then|dann|alors|entonces|então|allora|тогда|то|wtedy|thì|maka)\b|则|則|那么|那麼|就会|就會|"
    r"(?<![א-ת])אז(?![א-ת])|آنگاه|\b(?:we|you|one|I)\s+(?:\w+\s+)?"
    r"(?:have|gets?|obtains?|finds?|sees?|arrives?)\b|\bit follows\b|"
    rf"\b(?:gilt|folgt|erhalten|ergibt|obtient|obtenemos)\b|,|，|(?<={_IT})\s*(?:[:：]|[时時]?\s*有)",
    re.IGNORECASE,
)
#: Behind a condition, with a comma or without: what is had, and no part of the condition.
_FOLLOWS = re.compile(
    rf"{_IT}\s*[,，:：]?\s*(?:(?:we|you|one) (?:have|gets?|obtains?)|it holds|wir haben|gilt|"
    r"on a|tenemos|temos|имеем|(?:我们)?有)(?![A-Za-zа-я])[\s:：]*$",
    re.IGNORECASE,
)
_BEHIND = re.compile(
    r"[ \t$`\\)\]*]*+\n?(?:[ \t]*+[$`\\)\]]++)?[ \t]*+(?:(?:holds?|is true|is valid|gilt)[\s,]++)?"
    r"(?:(?:only|just|precisely|exactly) )?"
    r"(?:if|when|whenever|provided|as long as|wenn|falls|si|se|если|когда)\b(?P<rest>[^\n]*)"
)
#: What is done to a formula on the way, and no condition: "if we differentiate, …".
_STEPS = (
    r"(?:differentiat|deriv|appl|unroll|unfold|unrav|expand|comput|calculat|writ|combin|continu|"
    r"insert|plug|substitut|collect|repeat|iterat|multipl|look|want|wish|need|go (?:back|on)|work|"
    r"train|extract|introduc|rewrit|trac(?:e|k)|follow|proceed|start|add|sum|"
    r"backpropagat|propagat|us(?:e|es|ed|ing)\b(?: the)? (?:chain|product)|"
    r"tak(?:e|es|en|ing)\b(?: the)? (?:partial|total|derivative|gradient))"
)
_PROCEDURE = re.compile(
    rf"\s*(?:(?:we|you|one|I)\s+(?:\w+ly\s+|now\s+|then\s+)?{_STEPS}|"
    rf"[^{_IT}]{{0,60}}?\b(?:is|are)\s+(?:\w+ly\s+)?{_STEPS}|"
    r"(?:differentiating|computing|backpropagating|unrolling|deriving|applying|training)\b|"
    r"(?:我们|我們)?(?:考虑|考慮|计算|計算|求|展开|展開|推导|推導)(?!的)|"
    # (The chain rule is applied, spread or unrolled, in whatever language.)
    r"(?:the |la |die |a |aturan )?(?:chain rule|règle de (?:la )?chaîne|Kettenregel|rantai|"
    r"regola della catena|regla de la cadena|regra da cadeia)\b)",
    re.IGNORECASE,
)
#: A display that a consequence follows.
_DISPLAY = re.compile(
    r"\$\$\s*([^$]{1,200}?)\s*\$\$(?=\s*(?:then|dann|alors|entonces|então|тогда|то|则|則|那么)(?![A-Za-z]))"
)
#: What gives a reason for what follows from a condition.
_REASON = re.compile(r"\b(?:since|because|as|where|da|weil|car|puisque|porque|так как)\b|因为|因為")
#: Several conditions, of which one alone may have been taken up.
_SEVERAL = re.compile(r"\b(?:and|or|und|oder|et|y|e|и)\b|[和且或,，]")
_GOES_ON = re.compile(r"[.。;；!?](?:\s|$)|\n\s*\n")


@dataclass(frozen=True)
class Supposition:
    """What is supposed around a formula: the formula itself, or ``condition``."""

    itself: bool
    #: The condition as it is written, and with its formulas masked.
    condition: str = ""
    masked: str = ""
    #: Whether the sentence cannot go on with something else that follows from the condition.
    ends: bool = True

    @property
    def is_single(self) -> bool:
        """Whether it is one formula with words that name it."""
        return self.masked.count(_IT) == 1 and not _SEVERAL.search(self.masked)

    @property
    def is_procedure(self) -> bool:
        """Whether it says what is done next, and of no case."""
        return _PROCEDURE.match(self.condition) is not None


def supposition(formula: Formula) -> Supposition | None:
    """What the sentence around ``formula`` supposes with it; ``None`` without a condition."""
    source, start, end = formula.source.text, formula.offsets[0], formula.offsets[-1]
    shown: list[str] = []
    before = _DISPLAY.sub(r"$\1$", source[max(0, start - _REACH) : start])
    before = _ENDS.split(_masked(_OPENING.sub("", before), shown))[-1]
    shown = shown[len(shown) - before.count(_IT) :]
    behind = source[end : end + _REACH]
    if (word := _nearest(before)) is None:
        return _behind(behind)
    tail = before[word:]
    shown = shown[before.count(_IT, 0, word) :]
    after = _GOES_ON.split(_masked(behind.lstrip("$`) "), []))[0]
    comma = tail.rstrip().endswith((",", "，"))
    if _DIRECTLY.fullmatch(tail):
        # (A comma alone between two formulas: the first is the condition.)
        follows = _IT in tail and comma and not _THEN.search(after.replace(",", ""))
        follows = follows or _FOLLOWS.search(tail) is not None
        return _concluded(tail.strip(" ,，\n"), shown) if follows else Supposition(True)
    then = _PLAINLY_THEN.search(tail) or _THEN.search(tail)
    if then is None or not tail[: then.start()].strip() or _REASON.search(tail, 0, then.end() + 9):
        return None
    last = comma and then.end() == len(tail.rstrip())
    return _concluded(
        tail[: then.start()].strip(" ,，\n"), shown, ends=not (last and re.search("[,，]", after))
    )


def _nearest(before: str) -> int | None:
    """Where the last conjunction of a condition ends."""
    found = [m.end() for m in _CONDITION.finditer(before)]
    return found[-1] if found else None


def _behind(text: str) -> Supposition | None:
    """The condition behind a claim: "… holds if …"."""
    found = _BEHIND.match(text)
    if found is None:
        return None
    shown: list[str] = []
    said = _masked(found["rest"], shown)
    return _concluded(re.split(r"[.,，。;；]", said, maxsplit=1)[0].strip(), shown)


def _masked(text: str, shown: list[str]) -> str:
    """``text`` with a sign for each of its formulas, which go to ``shown``."""

    def sign(m: re.Match[str]) -> str:
        shown.append(m.group())
        return _IT

    return _MATHS.sub(sign, text)


def _concluded(masked: str, shown: list[str], *, ends: bool = True) -> Supposition:
    formulas = iter(shown)
    condition = re.sub(_IT, lambda _: next(formulas, ""), masked)
    return Supposition(False, " ".join(condition.split()), masked, ends)

r"""Outputs of the last step that are written without it: ``\hat y = W_y h_T + b_y``.

Where one prediction is made of the whole run, its name carries no step, and neither does the name
of its target. They are read as those of step T, so that a loss of them is a loss of the run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bptt_sym.definitions.completion import mentions, sequences
from bptt_sym.definitions.usage import OUTPUTS
from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import edited
from bptt_sym.errors import InputError
from bptt_sym.read.tokens import tokenize
from bptt_sym.read.vocabulary import plain_name

_LAST = re.compile(
    r"_\s*(?:T(?![A-Za-z])|\{\s*T\s*\})|\^\s*\{\s*(?:\(|\\langle|<)\s*T\s*(?:\)|\\rangle|>)\s*\}"
)
_EQUATION = re.compile(
    r"^\s*(?:\\begin\s*\{[a-z]+\*?\})?\s*&?\s*(?P<name>\\(?:hat|tilde|bar|mathbf|boldsymbol|bm|mathrm|mathit)\s*"
    r"(?:\{\s*(?:\\[a-z]+\s*\{\s*[a-zOYZ]\s*\}|[a-zOYZ])\s*\}|[a-zOYZ])|[a-zOYZ])\s*&?\s*=(?P<right>[^=]*(?:=[^=]*)?)$"
)
_ROW_END = re.compile(r"\\\\|\\q?quad(?![A-Za-z])")
#: ``L = -d^\\top \\log y``: beside the output stands its target.
_LOSS = re.compile(
    r"\s*&?\s*(?:[LEJC]|\\mathcal\s*\{\s*[LEJC]\s*\}|\\ell)\s*&?\s*=(?P<right>[^=]*)$"
)
_TARGET = re.compile(r"[ydtpY]|\\(?:hat|tilde|bar)\{[ytpY]\}|\\tau")
#: ``a - y``: what an output is compared with, in the error that its gradient is.
_ERROR = re.compile(
    r"(?<![A-Za-z\\_^])(?P<a>{n})\s*-\s*(?P<b>{n})(?![A-Za-z]|\s*[_^(])".format(
        n=r"\\(?:hat|tilde|bar|mathbf|boldsymbol|bm)\s*\{\s*[a-zY]\s*\}|[a-zY]"
    )
)
#: What a run goes through, or differentiates: no output of its last step alone.
_MORE = re.compile(r"\\(?:sum|prod|partial|nabla|int)|_\s*\{?\s*t(?![A-Za-z])|\(\s*t\s*\)")
#: ``e^{-z}``
_EXPONENT = re.compile(r"(?<![A-Za-z\\])e\s*\^\s*\{\s*-?\s*(?P<name>[a-z])\s*\}")
#: ``\\nabla_{o} L``
_BELOW = re.compile(
    r"\\nabla\s*_\s*\{\s*(?P<name>\\(?:hat|mathbf|boldsymbol)\s*\{\s*[a-z]\s*\}|[a-z])\s*\}"
)


@dataclass(frozen=True)
class LastOutput:
    """The names that are about the last step without saying so."""

    names: frozenset[str] = frozenset()
    #: The last step, where a text walks through a few steps by their numbers alone.
    number: str = ""

    @classmethod
    def of(cls, formulas: Sequence[Formula], timed: frozenset[str]) -> LastOutput:
        texts = [f.latex for f in formulas]
        number = _last_number(texts) or _last_of_an_output(texts, timed)
        numbered = rf"|_\s*(?:{number}|\{{\s*{number}\s*\}})" if number else ""
        last = re.compile(_LAST.pattern + numbered)
        rows = [
            (_plain(m.group("name")), m.group("right"))
            for f in formulas
            for row in _ROW_END.split(f.latex)
            if (m := _EQUATION.match(row)) and not _MORE.search(row)
        ]
        rows = [(n, r) for n, r in rows if _small(n) in OUTPUTS and n not in timed]
        found = {n for n, right in rows if last.search(right)}
        while found:
            more = {n for n, right in rows if n not in found and _bare(right) & found}
            if not more:
                break
            found |= more
        if not found:
            return cls()
        hats = found | {n for n, _ in rows}
        target = {y for y in "yY" if rf"\hat{{{y}}}" in hats} - timed
        for m in (m for f in formulas if (m := _LOSS.match(f.latex)) and not _MORE.search(f.latex)):
            bare = _bare(m["right"])
            target |= {n for n in bare - timed if _TARGET.fullmatch(n)} if bare & found else set()
        for m in (m for f in formulas for m in _ERROR.finditer(f.latex)):
            both = {_plain(m["a"]), _plain(m["b"])}
            if both & found:
                target |= {n for n in both - found - timed if _TARGET.fullmatch(n)}
        return cls(frozenset(found | target), number)

    @classmethod
    def written(cls, formulas: Sequence[Formula], timed: frozenset[str]) -> list[Formula]:
        """All formulas of a text with the step T where it is meant; ``timed`` carry steps.

        What has an output of each step in one section may have one of the run in another.
        """
        last = cls.of(formulas, timed)
        if last.names:
            return [last.written_out(f) for f in formulas]
        parts: dict[int, list[Formula]] = {}
        for f in formulas:
            parts.setdefault(f.section, []).append(f)
        own = {k: cls.of(part, sequences([f.latex for f in part])) for k, part in parts.items()}
        return [own[f.section].written_out(f) for f in formulas]

    def written_out(self, formula: Formula) -> Formula:
        """``formula`` with the step T at these names."""
        if not self.names:
            return formula
        try:
            tokens = tokenize(formula.latex)
        except InputError:
            return formula
        found = [
            (m.close, m.close, "_{T}")
            for m in mentions(formula.latex, tokens)
            if not m.step and not m.argument and _plain(m.name) in self.names
        ]
        found += [(m.end("name"), m.end("name"), "_{T}")
                  for way in (_BELOW, _EXPONENT) for m in way.finditer(formula.latex)
                  if _plain(m["name"]) in self.names]  # fmt: skip
        if self.number:
            at = re.compile(rf"_\s*(?:\{{\s*{self.number}\s*\}}|{self.number}(?![0-9]))")
            for start, end in _rows(formula.latex):
                row = _EQUATION.match(formula.latex[start:end])
                if row is not None and _plain(row["name"]) in self.names:
                    found += [(m.start(), m.end(), "_{T}")
                              for m in at.finditer(formula.latex, start, end)]  # fmt: skip
        return edited(formula, sorted(set(found)))


def _rows(text: str) -> Iterator[tuple[int, int]]:
    """Where the equations of a formula stand."""
    start = 0
    for end in _ROW_END.finditer(text):
        yield start, end.start()
        start = end.end()
    yield start, len(text)


#: A step by its number below a name, and one that runs.
_NUMBERED = re.compile(r"(?<![A-Za-z\\])[a-z][0-9]?\s*_\s*(?:\{\s*([1-9])\s*\}|([1-9])(?![0-9]))")
_RUNNING = re.compile(r"[_^]\s*\{?\s*\(?\s*(?:[tTkn]|\\tau)(?![A-Za-z])")


def _last_number(texts: Sequence[str]) -> str:
    """The largest step of a text whose steps are all numbers, up to where it speaks of any step.

    "" if a step runs from the beginning.
    """
    texts = [text for text in texts if "=" in text]
    general = next((k for k, text in enumerate(texts) if _RUNNING.search(text)), len(texts))
    texts = texts[:general]
    found = [a or b for text in texts for a, b in _NUMBERED.findall(text)]
    return max(found, default="") if len(set(found)) > 1 else ""


def _last_of_an_output(texts: Sequence[str], timed: frozenset[str]) -> str:
    """The step of ``y = v h_3``, if no step of the text is later; "" if there is none."""
    found = (_EQUATION.match(row) for text in texts for row in _ROW_END.split(text))
    said = {
        a or b for m in found if m and _plain(m["name"]) in set(OUTPUTS) - timed
        for a, b in _NUMBERED.findall(m["right"])
    }  # fmt: skip
    every = {a or b for text in texts for a, b in _NUMBERED.findall(text)}
    return max(said) if said and max(said) == max(every) and max(said) > "1" else ""


_FONT = re.compile(r"\\(?:mathbf|boldsymbol|bm|mathrm|mathit|vec)\{?(\\?[A-Za-z]+)\}?")


def _plain(name: str) -> str:
    """``name`` without the font of its letter."""
    name = _FONT.sub(r"\1", re.sub(r"\s", "", name))
    return plain_name(re.sub(r"(\\[A-Za-z]+)\s*([A-Za-z])$", r"\1{\2}", name))


def _small(name: str) -> str:
    """``name`` with a small letter, as matrices of examples have a large one."""
    return re.sub(r"(?<![A-Za-z\\])[OYZ](?![A-Za-z])", lambda m: m[0].lower(), name)


def _bare(text: str) -> set[str]:
    try:
        found = list(mentions(text, tokenize(text)))
    except InputError:
        return set()
    return {_plain(m.name) for m in found if not m.step}

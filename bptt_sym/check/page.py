"""Pages that need nothing else: HTML with its style inside, mathematics as MathML.

LaTeX is turned into MathML by latex2mathml, which does not escape what stands in ``\\text``. Its
output is therefore parsed, and kept only if it is made of MathML's own elements; anything else is
shown as it was written, in ``<code>``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from html import escape
from typing import Final
from xml.etree import ElementTree

from bptt_sym.check.exercises.feedback import ISOLATE, Said

#: Characters of a formula that is turned into MathML; a longer one is shown as text.
MAX_LATEX: Final = 4000
#: Depth of brackets, which the converter follows by recursion.
MAX_DEPTH: Final = 60
_ELEMENTS: Final = frozenset(
    "math mrow mi mn mo mtext mspace mfrac msqrt mroot mstyle merror mpadded mphantom msub msup "
    "msubsup munder mover munderover mmultiscripts mprescripts mtable mtr mtd".split()
)
_ATTRIBUTES: Final = frozenset(
    "display displaystyle mathvariant stretchy fence form separator lspace rspace accent "
    "accentunder linethickness columnalign rowspacing columnspacing movablelimits largeop minsize "
    "maxsize symmetric width height depth scriptlevel rowalign mathcolor voffset"
    " linebreak xmlns".split()
)
_NAMESPACE: Final = "http://www.w3.org/1998/Math/MathML"
#: Environments that the converter does not know, and that ``align*`` stands for.
_ALIGNED: Final = re.compile(
    r"\\(begin|end)\s*\{(?:aligned|alignedat|split|align|gather|gathered|multline|eqnarray|equation)"
    r"\*?\}"
)
_NUMBERS: Final = re.compile(r"\\(?:label|ref|eqref|tag)\*?\s*\{[^{}]*\}|\\(?:nonumber|notag)\b")

_STYLE: Final = """
:root { color-scheme: light dark; --line: #8884; --good: #1a7f37; --bad: #c62828; --open: #9a6700;
  --read: #0969da; --dim: #777; }
@media (prefers-color-scheme: dark) { :root { --good: #57c26b; --bad: #ff7b72; --open: #d9a932;
  --read: #6cb6ff; --dim: #999; } }
body { font: 16px/1.5 system-ui, "Noto Sans", "Noto Sans Hebrew", "Noto Naskh Arabic",
  sans-serif;
  max-width: 62rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-block: 2rem .5rem; }
math { direction: ltr; font-size: 1.1em; } math[display=block] { margin-block: .4rem; }
code, pre, .formula, .source { direction: ltr; unicode-bidi: isolate; }
code, pre { font: 13px/1.45 ui-monospace, "DejaVu Sans Mono", monospace; }
pre { overflow-x: auto; margin: .3rem 0; padding: .4rem .6rem; background: #8881;
  text-align: left; }
pre mark { background: none; color: var(--bad); font-weight: bold; }
.formula { overflow-x: auto; }
.entry { border-inline-start: 4px solid var(--line); padding: .1rem .9rem; margin: 1rem 0; }
.good { color: var(--good); } .bad { color: var(--bad); } .open { color: var(--open); }
.hint { color: var(--read); } .dim { color: var(--dim); } .head { font-weight: 600; }
.entry.right { border-color: var(--good); }
.entry.right_under_reading { border-color: var(--read); }
.entry.wrong { border-color: var(--bad); } .entry.undecided, .entry.unreadable
  { border-color: var(--open); }
.verdict { font-weight: 600; } .place { color: var(--dim); font-size: .85em; }
p { margin: .25rem 0; padding-block: .2rem; overflow-x: auto; overflow-y: hidden; }
ul { margin: .2rem 0; }
""".strip()


def page(title: str, body: str, language: str = "en", direction: str = "ltr") -> str:
    """A whole page; ``body`` is HTML. No script runs in it and nothing is fetched."""
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(language)}" dir="{escape(direction)}">\n<head>\n'
        '<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
        "style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{_STYLE}\n</style>\n</head>\n<body>\n"
        f"<h1>{escape(title)}</h1>\n{body}\n</body>\n</html>"
    )


@lru_cache(maxsize=4096)
def formula_html(latex: str, display: bool = False) -> str:
    """A formula as MathML, or as written where it cannot be turned into it."""
    found = mathml_of(latex, display)
    return found if found is not None else f"<code>{escape(visible(latex))}</code>"


def mathml_of(latex: str, display: bool = False) -> str | None:
    """The ``<math>`` element of some LaTeX, ``None`` if there is no safe one."""
    latex = _NUMBERS.sub("", latex)
    if len(latex) > MAX_LATEX or _depth(latex) > MAX_DEPTH or not latex.strip():
        return None
    bare = re.sub(r"\\.", "", latex, flags=re.DOTALL)
    if bare.count("{") != bare.count("}"):
        return None  # the converter leaves out what does not close
    try:
        from latex2mathml.converter import convert
    except ImportError:
        return None
    latex = _ALIGNED.sub(r"\\\1{align*}", latex)
    if ("&" in latex or r"\\" in latex) and "\\begin" not in latex:
        latex = rf"\begin{{align*}}{latex}\end{{align*}}"
    try:
        root = ElementTree.fromstring(convert(latex, display="block" if display else "inline"))
    except Exception:  # the converter has errors of many kinds for what it does not know
        return None
    if not _only_mathematics(root):
        return None
    ElementTree.register_namespace("", _NAMESPACE)
    return ElementTree.tostring(root, encoding="unicode")


def _only_mathematics(root: ElementTree.Element) -> bool:
    for element in root.iter():
        name = element.tag.removeprefix(f"{{{_NAMESPACE}}}")
        if name not in _ELEMENTS or not set(element.attrib) <= _ATTRIBUTES:
            return False
        # A command that the converter does not know is left in its text.
        if name in ("mi", "mo", "mn") and (element.text or "").startswith("\\"):
            return False
    return True


def _depth(latex: str) -> int:
    deepest = depth = 0
    for c in latex:
        depth += (c == "{") - (c == "}")
        deepest = max(deepest, depth)
    return max(deepest, latex.count("\\left"))


def visible(text: str) -> str:
    """``text`` with control characters, also those of direction, made visible."""
    hidden = "\N{REPLACEMENT CHARACTER}"
    return "".join(c if c.isprintable() or c in _KEPT else hidden for c in text)


#: Besides what prints: line ends, and what Persian joins and parts letters with.
_KEPT: Final = "\n\t\u200c\u200d"


_ISOLATED: Final = re.compile("{}(.*?){}".format(*ISOLATE), re.DOTALL)
_DOLLARS: Final = re.compile(r"\$\$(.+?)\$\$|\$(.+?)\$", re.DOTALL)


def words_html(words: str) -> str:
    """Text in which formulas stand between dollars."""
    out: list[str] = []
    pos = 0
    for match in _DOLLARS.finditer(words):
        out.append(plain_html(words[pos : match.start()]))
        out.append(formula_html(match.group(1) or match.group(2), match.group(1) is not None))
        pos = match.end()
    return "".join([*out, plain_html(words[pos:])])


def plain_html(words: str) -> str:
    """Text as it is; what is isolated in it runs from left to right."""
    out: list[str] = []
    pos = 0
    for match in _ISOLATED.finditer(words):
        out.append(escape(visible(words[pos : match.start()])))
        out.append(f'<bdi dir="ltr">{escape(visible(match.group(1)))}</bdi>')
        pos = match.end()
    return "".join([*out, escape(visible(words[pos:]))])


def said_html(lines: Iterable[Said]) -> str:
    """Lines of feedback, each a paragraph."""
    out = []
    for said in lines:
        formula = ""
        if said.latex:
            formula = f' <span class="formula">{formula_html(said.latex)}</span>'
        if said.value:
            formula += f" <code>{escape(visible(said.value))}</code>"
        indent = f' style="margin-inline-start:{1.5 * said.depth:g}rem"' if said.depth else ""
        tone = f' class="{said.tone}"' if said.tone else ""
        out.append(f"<p{tone}{indent}>{words_html(said.words)}{formula}</p>")
    return "\n".join(out)

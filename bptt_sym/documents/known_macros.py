r"""Commands that renderers and well-known packages define, as macros of every document.

Web pages are set by KaTeX and MathJax, which have names of their own for signs (``\infin``,
``\sdot``) and those of MediaWiki's texvc (``\part``); papers load ``physics``, ``derivative``,
``xcolor`` or the notation file of Goodfellow, Bengio and Courville (``\vx``, ``\mW``). A document
that defines such a name itself means its own: these hold only where it does not.

Sources: https://katex.org/docs/support_table, the manuals of ``physics`` and ``xcolor``,
https://github.com/goodfeli/dlbook_notation.
"""

from __future__ import annotations

import re
import string
from dataclasses import dataclass


@dataclass(frozen=True)
class Macro:
    r"""``body`` with ``#1`` … ``#arity``; ``default`` is the value of an optional first one.

    What is ``sized`` may have a star or the size of its delimiters before its arguments:
    ``\norm*{x}``, ``\norm[\big]{x}``.
    """

    body: str
    arity: int = 0
    default: str | None = None
    sized: bool = False


def _aliases(table: str) -> dict[str, Macro]:
    """From rows of ``\\name \\other = body``."""
    out: dict[str, Macro] = {}
    for row in table.strip().splitlines():
        names, _, body = row.partition(" = ")
        out |= dict.fromkeys(names.split(), Macro(body.strip()))
    return out


_ALIASES = _aliases(
    r"""
    \part = \partial
    \infin = \infty
    \sdot \cdotp \centerdot = \cdot
    \bull = \bullet
    \rarr = \rightarrow
    \larr = \leftarrow
    \rArr \Rarr = \Rightarrow
    \lArr \Larr = \Leftarrow
    \hArr \Harr \lrArr \Lrarr = \Leftrightarrow
    \harr \lrarr = \leftrightarrow
    \lang = \langle
    \rang = \rangle
    \isin = \in
    \exist = \exists
    \empty = \emptyset
    \plusmn = \pm
    \thetasym = \vartheta
    \varGamma = \Gamma
    \varDelta = \Delta
    \varTheta = \Theta
    \varLambda = \Lambda
    \varXi = \Xi
    \varPi = \Pi
    \varSigma = \Sigma
    \varUpsilon = \Upsilon
    \varPhi = \Phi
    \varPsi = \Psi
    \varOmega = \Omega
    \lt = <
    \gt = >
    \ll \lll = ≪
    \gg \ggg = ≫
    \triangledown \bigtriangledown = \nabla
    \approxeq \thickapprox \thicksim = \approx
    \gtrsim \gtrapprox = \geq
    \lessapprox = \lesssim
    \coloneq \colonequals \defeq \eqdef = :=
    \Coloneqq = :=
    \dotsx \hdots \iddots \adots \mathellipsis \textellipsis = \dots
    \N \natnums = \mathbb{N}
    \R \reals \Reals = \mathbb{R}
    \Z = \mathbb{Z}
    \Complex \cnums = \mathbb{C}
    \circledcirc \Hadamard \hadamard \hadamardproduct \elementwise = \odot
    \trans \tran \transp \transpose = \top
    \dd \diff \dif \differential = \mathrm{d}
    \cal = \mathcal
    \Bbb \mathds \mathbbm = \mathbb
    \frak = \mathfrak
    \symbf \symbfit \symbfup \mathbfup = \mathbf
    \bold = \mathbf
    \mathup \textup \symup = \mathrm
    \textsc \emph \textmd = \text
    \displaylimits = \limits
    \nobreakspace \enskip \negmedspace \negthickspace \hss = \,
    \hfil \hfill \hfilneg = \quad
    \mathinner \mathopen \mathclose \mathpunct = \mathord
    \widecheck = \check
    \varpropto = \propto
    \grad \gradient = \nabla
    \vdot \dotproduct = \cdot
    \Tr \trace = \operatorname{tr}
    \nicefrac \sfrac \flatfrac \ifrac \xfrac = \frac
    \loss \Loss \lossfn \calL \Lcal \cL \mcL = \mathcal{L}
    """
)
#: The accents of ``amsmath`` and ``amsxtra`` for several one above another: ``\Tilde{\Hat{h}}``.
_ACCENTS = {
    f"\\{name}": Macro(rf"\{name.lower()}")
    for name in "Acute Bar Breve Check Ddot Dot Grave Hat Tilde Vec".split()
}
#: Capitals that look like Latin letters.
_CAPITALS = {
    f"\\{name}": Macro(rf"\mathrm{{{letter}}}")
    for name, letter in zip(
        "Alpha Beta Epsilon Zeta Eta Iota Kappa Mu Nu Omicron Rho Tau Chi".split(),
        "ABEZHIKMNOPTX",
        strict=True,
    )
}
_SECOND = r"\textcolor \colorbox \href \class \cssId \htmlClass \htmlId \htmlStyle \htmlData \style"
_FIRST = (
    r"\blue \red \green \orange \pink \purple \gray \mathclap \mathllap \mathrlap \clap \vcenter "
    r"\hbox \fbox \framebox \underbar"
)
_NOTHING = r"\hphantom \vphantom \require \eqref \ref \cite \footnote"
_PARTIAL = r"\pdv \pderiv \pderivative \partialderivative \diffp \pd \dpd \partfrac \pfrac \pdiff"
_TOTAL = r"\dv \odv \deriv \derivative \dod \od"
_BOLD = r"\vect \mat \bs \bv \vecbf \mbf \vb \va"
#: The automatic delimiters of ``physics``: ``\qty(x)``, and ``\qty{x}`` with braces around x.
_AUTOMATIC = frozenset(r"\qty \quantity".split())
_WITH_ARGUMENTS = {
    # One vector upon another: nobody chooses among states.
    **dict.fromkeys(
        (r"\binom", r"\dbinom", r"\tbinom"), Macro(r"\begin{pmatrix} #1 \\ #2 \end{pmatrix}", 2)
    ),
    **dict.fromkeys(_SECOND.split(), Macro("{#2}", 2)),
    r"\raisebox": Macro("{#2}", 2),
    r"\texorpdfstring": Macro("{#1}", 2),
    r"\fcolorbox": Macro("{#3}", 3),
    **dict.fromkeys(_FIRST.split(), Macro("{#1}", 1)),
    **dict.fromkeys(_NOTHING.split(), Macro("", 1)),
    r"\rule": Macro("", 2),
    **dict.fromkeys(_PARTIAL.split(), Macro(r"\frac{\partial #1}{\partial #2}", 2)),
    **dict.fromkeys(_TOTAL.split(), Macro(r"\frac{\mathrm{d} #1}{\mathrm{d} #2}", 2)),
    r"\abs": Macro(r"\left| #1 \right|", 1, sized=True),
    r"\norm": Macro(r"\left\| #1 \right\|", 1, sized=True),
    r"\pqty": Macro(r"\left( #1 \right)", 1, sized=True),
    r"\bqty": Macro(r"\left[ #1 \right]", 1, sized=True),
    r"\Bqty": Macro(r"\left\{ #1 \right\}", 1, sized=True),
    r"\vqty": Macro(r"\left| #1 \right|", 1, sized=True),
    **dict.fromkeys(_AUTOMATIC, Macro(r"\left\{ #1 \right\}", 1, sized=True)),
    **dict.fromkeys(_BOLD.split(), Macro(r"\mathbf{#1}", 1)),
}
#: ``\vx`` and ``\mW`` of the notation file, ``\Vx`` and ``\MW`` of the book's own.
_LETTERS = {
    **{rf"\{v}{c}": Macro(rf"\mathbf{{{c}}}") for v in "vV" for c in string.ascii_lowercase},
    **{rf"\{m}{c}": Macro(rf"\mathbf{{{c}}}") for m in "mM" for c in string.ascii_uppercase},
}
#: ``\bW``, ``\bfh``: what many call a letter in bold, where their preamble is not at hand.
_BOLD_LETTERS = {
    **{rf"\b{c}": Macro(rf"\mathbf{{{c}}}") for c in string.ascii_uppercase + "cdghopqruvwxyz"},
    **{rf"\bf{c}": Macro(rf"\mathbf{{{c}}}") for c in string.ascii_letters},
}

#: What a macro with one argument is taken for where only its use is known.
_FACE = Macro(r"\mathbf{#1}", 1)
_KNOWN = _ALIASES | _ACCENTS | _CAPITALS | _BOLD_LETTERS | _LETTERS | _WITH_ARGUMENTS
_ANY = re.compile(
    r"\\(?:"
    + "|".join(sorted((n[1:] for n in _KNOWN if n[1:].isalpha()), key=lambda n: -len(n)))
    + r")(?![A-Za-z])"
)


_SCRIPTS = r"(?:\s*[_^]\s*(?:\{(?:[^{}]|\{[^{}]*\})*\}|\\[A-Za-z]+|[A-Za-z0-9]))*"
#: ``{\\bf h}``, ``{\\bf h_{t-1}}``, ``{\\rm diag}``
_DECLARED = re.compile(
    r"\{\s*\\(?P<font>bf|rm|cal|sf|tt|mathbf|mathrm|mathcal)(?:\s+|(?=\\))"
    rf"(?P<name>\\[A-Za-z]+|[A-Za-z]+|[0-9])(?P<scripts>{_SCRIPTS})\s*\}}"
)
#: What takes the group behind it as its argument, or as a script.
_TAKES = re.compile(
    r"\\(?:(?:wide)?(?:hat|tilde|check)|bar|vec|d?dot|overline|underline|breve|mathring|sqrt|[dt]?frac"
    r"|over(?:left|right)arrow|[dt]?frac\s*\{[^{}]*\})\s*$|[_^]\s*$"
)


def declared_fonts(text: str) -> list[tuple[int, int, str]]:
    """The groups of plain TeX that declare a font, as commands with an argument."""
    out = []
    for m in _DECLARED.finditer(text):
        font = m["font"].removeprefix("math")
        if len(m["name"]) > 1 and m["name"].isalpha() and font != "rm":
            continue  # several letters in bold are several names
        new = rf"\math{font}{{{m['name']}}}{m['scripts']}"
        argument = _TAKES.search(text[max(0, m.start() - 40) : m.start()])
        out.append((m.start(), m.end(), f"{{{new}}}" if argument else new))
    return out


def has_known(text: str) -> bool:
    """Whether one of the commands stands in ``text``."""
    return _ANY.search(text) is not None


def known(name: str, following: str) -> Macro | None:
    """The macro for ``name``; ``following`` is the character after it ("" at the end)."""
    if following != "{" and name in _LETTERS:
        return _LETTERS[name]  # \\vb + … is a bias, \\vb{h} is physics' bold
    if name in _AUTOMATIC and following != "{":
        return Macro("")
    if following == "{" and name in _LETTERS and name not in _WITH_ARGUMENTS:
        return _FACE  # \\vc{h}: a command of the text's own, whose definition is elsewhere
    return _KNOWN.get(name)

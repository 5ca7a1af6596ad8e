"""Tables of the characters and commands that the tokenizer understands."""

from __future__ import annotations

from bptt_sym.notation import CIRCULAR

#: Commands that only arrange the page.
LAYOUT = frozenset(
    r"""\, \; \: \! \  \> \quad \qquad \enspace \thinspace \medspace \thickspace \negthinspace
    \displaystyle \textstyle \scriptstyle \scriptscriptstyle \limits \nolimits \nonumber \notag
    \big \Big \bigg \Bigg \bigl \Bigl \biggl \Biggl \bigr \Bigr \biggr \Biggr \bigm \Bigm
    \biggm \Biggm \allowbreak \nobreak \noindent \hfill \strut \mathstrut \hline \par \boxed
    \centering \small \normalsize \mathbin \mathrel \mathord \ensuremath \bf \rm \it
    \relax \/ \smash \rlap \llap \nulldelimiterspace \hdashline \toprule \midrule \bottomrule
    \Huge \huge \LARGE \Large \large \footnotesize \scriptsize \tiny \bigstrut
    \qed \qedhere""".split()
) | {"\\ ", "\\\n", "\\\t"}

#: Layout commands followed by one braced argument that is layout as well.
LAYOUT_ARG = frozenset(
    r"\tag \label \hspace \vspace \color \hskip \mspace \phantom \kern \mkern \mskip \cline".split()
)

ENVIRONMENTS = frozenset(
    "align aligned split gather gathered array cases equation eqnarray multline alignat alignedat "
    "displaymath math flalign subarray dcases rcases drcases multlined darray dmath subequations "
    "IEEEeqnarray".split()
)
#: Environments that are one matrix.
MATRICES = frozenset("matrix pmatrix bmatrix smallmatrix psmallmatrix bsmallmatrix".split())
#: Environments with a column specification.
ENVIRONMENT_ARG = frozenset({"array", "alignat", "alignedat", "subarray", "darray", "IEEEeqnarray"})

ACCENTS = {
    r"\tilde": r"\tilde", r"\widetilde": r"\tilde", r"\hat": r"\hat", r"\widehat": r"\hat",
    r"\bar": r"\bar", r"\overline": r"\bar", r"\vec": r"\vec", r"\dot": r"\dot",
    r"\check": r"\check", r"\breve": r"\breve",
    r"\underline": r"\underline", r"\mathring": r"\mathring", r"\ddot": r"\ddot",
}  # fmt: skip
#: Combining characters after a letter.
COMBINING = {
    "\u0303": r"\tilde", "\u0302": r"\hat", "\u0304": r"\bar", "\u0305": r"\bar",
    "\u20d7": r"\vec", "\u0307": r"\dot", "\u030c": r"\check", "\u0332": r"\underline",
}  # fmt: skip

#: Combining arrows over a product sign: the factor of the highest index stands left, or right.
DIRECTIONS = {"\u20d6": "prod<", "\u20d7": "prod>"}

#: Font commands and the form that stays in the name; "" is no mark.
FONTS = {
    r"\mathbf": r"\mathbf", r"\boldsymbol": r"\mathbf", r"\bm": r"\mathbf",
    r"\pmb": r"\mathbf", r"\textbf": r"\mathbf", r"\mathbfit": r"\mathbf",
    r"\mathcal": r"\mathcal", r"\mathscr": r"\mathcal", r"\mathbb": r"\mathbb",
    r"\mathfrak": r"\mathfrak", r"\mathrm": "", r"\mathit": "", r"\mathsf": "", r"\mathtt": "",
    r"\operatorname": "", r"\textit": "", r"\textrm": "", r"\mathnormal": "",
    r"\text": "", r"\mbox": "", r"\textnormal": "", r"\textsf": "", r"\texttt": "",
}  # fmt: skip
TEXT_FONTS = frozenset(r"\text \mbox \textnormal \textrm \textit \textbf \textsf \texttt".split())

_GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau "
    "upsilon phi chi psi omega Gamma Delta Theta Lambda Xi Pi Upsilon Phi Psi Omega varepsilon "
    "vartheta varpi varrho varsigma varphi ell hbar imath jmath infty Sigma emptyset varnothing"
)
#: Commands that are names.
NAMES = frozenset("\\" + n for n in _GREEK.split())

UNICODE_NAMES = {
    "α": r"\alpha", "β": r"\beta", "γ": r"\gamma", "δ": r"\delta", "ε": r"\varepsilon",
    "ϵ": r"\epsilon", "ζ": r"\zeta", "η": r"\eta", "θ": r"\theta", "ϑ": r"\vartheta",
    "ι": r"\iota", "κ": r"\kappa", "λ": r"\lambda", "μ": r"\mu", "µ": r"\mu", "ν": r"\nu",
    "ξ": r"\xi", "π": r"\pi", "ρ": r"\rho", "σ": r"\sigma", "τ": r"\tau", "υ": r"\upsilon",
    "φ": r"\phi", "ϕ": r"\phi", "χ": r"\chi", "ψ": r"\psi", "ω": r"\omega", "Γ": r"\Gamma",
    "Δ": r"\Delta", "Θ": r"\Theta", "Λ": r"\Lambda", "Ξ": r"\Xi", "Φ": r"\Phi", "Ψ": r"\Psi",
    "Ω": r"\Omega", "ℓ": r"\ell", "∞": r"\infty", "ℒ": r"\mathcal{L}", "ℰ": r"\mathcal{E}",
}  # fmt: skip

#: Function names with their meaning in :data:`bptt_sym.notation.FUNCTIONS`.
FUNCTION_NAMES = {
    "tanh": "tanh", "sigmoid": "sigma", "exp": "exp", "log": "log", "ln": "log", "sinh": "sinh",
    "cosh": "cosh", "sech": "sech", "coth": "coth", "relu": "relu", "ReLU": "relu",
    "softmax": "softmax", "logistic": "sigma", "id": "identity", "sqrt": "sqrt",
    "th": "tanh", "ch": "cosh", "sh": "sinh", "Tanh": "tanh", "Sigmoid": "sigma",
    "sigm": "sigma", "Sigm": "sigma", "sgm": "sigma", "sig": "sigma", "sigma": "sigma",
    "Logistic": "sigma", "Softmax": "softmax", "SoftMax": "softmax", "Identity": "identity",
}  # fmt: skip
#: Letters that always form one word when written together.
WORDS = frozenset(FUNCTION_NAMES) - {"th", "ch", "sh", "ln", "id", "sqrt", "sig"} | frozenset(
    ("diag", "max", "min", "sup", "prod", "Loss", "loss", "cost", "Cost")
)

#: Operators, with the canonical text.
OPERATORS = {
    "+": "+", "-": "-", "−": "-", "–": "-", "*": "*", "∗": "*", "/": "/", "∕": "/", "÷": "/",
    "·": r"\cdot", "⋅": r"\cdot", "×": r"\times", "⊙": r"\odot", "∘": r"\circ", "◦": r"\circ",
    "⊗": r"\otimes", "⊕": r"\oplus", "•": r"\cdot", "∙": r"\cdot", "⊖": "-",
    r"\cdot": r"\cdot", r"\times": r"\times", r"\odot": r"\odot", r"\circ": r"\circ",
    r"\otimes": r"\otimes", r"\oplus": r"\oplus", r"\ast": "*", r"\star": "*", r"\bullet": r"\cdot",
    r"\div": "/", r"\bigcirc": r"\odot", r"\bigodot": r"\odot", r"\ominus": "-", r"\slash": "/",
    r"\bigotimes": r"\otimes",
}  # fmt: skip

#: Relations, with the operator of a claim.
RELATIONS = {
    "=": "=", "<": "<", ">": ">", "≤": "<=", "≥": ">=", "⩽": "<=", "⩾": ">=", "≈": "~", "≃": "~",
    "→": "->", "≠": "!=", "∝": "prop", "≡": "=", "≔": "=", "∼": "~", "⟶": "->", "≪": "<",
    "≫": ">", "≅": "~",
    r"\le": "<=", r"\leq": "<=", r"\leqslant": "<=", r"\ge": ">=", r"\geq": ">=",
    r"\geqslant": ">=", r"\lt": "<", r"\gt": ">", r"\approx": "~", r"\simeq": "~", r"\sim": "~",
    r"\cong": "~", r"\propto": "prop", r"\to": "->", r"\rightarrow": "->",
    r"\longrightarrow": "->", r"\neq": "!=", r"\ne": "!=", r"\equiv": "=", r"\coloneqq": "=",
    r"\triangleq": "=", r"\doteq": "=", r"\leqq": "<=", r"\geqq": ">=", r"\lesssim": "<=",
}  # fmt: skip

#: Signs that stand between two claims.
CONNECTIVES = frozenset(
    r"\Rightarrow \Longrightarrow \implies \iff \Leftrightarrow \Longleftrightarrow \therefore "
    r"\because \land \wedge ⇒ ⟹ ⇔ ⟺ ∴ ∵ \Leftarrow \impliedby".split()
)

#: Arrows that are labels below or above a name: ``W_{\\leftarrow}``.
ARROWS = frozenset(r"\leftarrow \longleftarrow \leftrightarrow \uparrow \downarrow".split())

DOTS = frozenset(
    r"\vdots \ddots \cdots \dots \ldots \dotsc \dotsb \dotsm \dotsi \dotso … ⋯".split()
)

OPEN = {"(": "(", "[": "[", r"\lbrack": "[", r"\langle": "<", "⟨": "<", r"\{": r"\{",
        r"\lbrace": r"\{", r"\lvert": "|", r"\lVert": "‖", r"\lparen": "(", r"\lceil": "⌈",
        r"\lfloor": "⌊"}  # fmt: skip
CLOSE = {")": "(", "]": "[", r"\rbrack": "[", r"\rangle": "<", "⟩": "<", r"\}": r"\{",
         r"\rbrace": r"\{", r"\rvert": "|", r"\rVert": "‖", r"\rparen": "(", r"\rceil": "⌈",
         r"\rfloor": "⌊"}  # fmt: skip
BARS = {"|": "|", r"\vert": "|", "∣": "|", r"\mid": "|", r"\|": "‖", "‖": "‖", r"\Vert": "‖",
        "∥": "‖", r"\parallel": "‖"}  # fmt: skip

BIG = {r"\sum": "sum", r"\prod": "prod", "∑": "sum", "∏": "prod", "Σ": "sum", "Π": "prod"}

SUPERSCRIPTS = dict(
    zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᵀ", "0123456789+-=()abcdefghijklmnoprstuvwxyzT",
        strict=True)
)  # fmt: skip
#: (There is no lowered y: the lowered gamma, which looks like one, stands for it.)
SUBSCRIPTS = dict(
    zip("₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ", "0123456789+-=()aehijklmnoprstuvxβyρφχ",
        strict=True)
)

#: Invisible characters that a copied formula may carry; they change nothing that is seen.
INVISIBLE = frozenset("\u200b\u200c\u200d\u200e\u200f\ufeff\u2060\u2061\u2062\u2063\u2064\ufe0e"
                      "\u2066\u2067\u2068\u2069\u061c\u00ad")  # fmt: skip
#: Characters that make text appear in another order than it is stored: refused.
OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e")

_OTHERS = {
    **{c: (c, c) for c in "_^{}&"},
    **{c: ("sep", c) for c in ",;.:"},
    **{c: ("sep", plain) for c, plain in zip("，、；：。．،؛", ",,;:..,;", strict=True)},
    **dict.fromkeys((r"\bigtriangleup", r"\triangle", "△", "∆"), ("word", r"\Delta")),
    **dict.fromkeys("'′’ʹ", ("prime", "'")),
    r"\prime": ("prime", "'"),
    **dict.fromkeys((r"\frac", r"\dfrac", r"\tfrac", r"\cfrac"), ("frac", r"\frac")),
    **dict.fromkeys((r"\partial", "∂", "𝜕"), ("partial", r"\partial")),
    **dict.fromkeys((r"\nabla", r"\grad", "∇"), ("partial", r"\nabla")),
    **dict.fromkeys((r"\top", r"\intercal", "⊤"), ("word", r"\top")),
    **dict.fromkeys((r"\diag", r"\Diag"), ("word", "diag")),
    **dict.fromkeys((r"\sqrt", "√"), ("sqrt", r"\sqrt")),
    **dict.fromkeys((r"\underbrace", r"\overbrace"), ("brace", r"\underbrace")),
    r"\dagger": ("dagger", r"\dagger"),
}
#: Characters and commands that are one token each, whatever stands around them.
FIXED: dict[str, tuple[str, str]] = {
    **{"\\" + n: ("word", meaning) for n, meaning in FUNCTION_NAMES.items()},
    **{"\\" + n: ("word", n) for n in CIRCULAR},
    **{n: ("word", n) for n in NAMES},
    **{c: ("word", n) for c, n in UNICODE_NAMES.items()},
    **{c: ("op", op) for c, op in OPERATORS.items()},
    **{c: ("rel", op) for c, op in RELATIONS.items()},
    **{c: ("open", b) for c, b in OPEN.items()},
    **{c: ("close", b) for c, b in CLOSE.items()},
    **{c: ("bar", b) for c, b in BARS.items()},
    **{c: ("big", b) for c, b in BIG.items()},
    **{c: ("accent", a) for c, a in ACCENTS.items()},
    **{c: ("dots", c) for c in DOTS},
    **{c: ("connective", c) for c in CONNECTIVES},
    **_OTHERS,
}

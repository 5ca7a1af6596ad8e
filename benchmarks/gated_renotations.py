# ruff: noqa: E501 (a table with a line for each notation)
r"""The renotations of texts on gated networks: the same formulas in other notations."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from gated_notation import Style, above, barred, behind, in_scripts, marked

UNICODE = {
    "\\odot": "⊙", "\\partial ": "∂", "\\sigma": "σ", "\\tanh": "tanh", "\\ell": "ℓ", "\\delta": "δ",
    "\\left": "", "\\right": "", "^\\top": "ᵀ", "^2": "²", "_{t-1}": "ₜ₋₁", "_{t+1}": "ₜ₊₁", "_t": "ₜ",
    "\\operatorname{diag}": "diag",
}  # fmt: skip


def as_unicode(text: str) -> str:
    """A formula as it is typed in plain text."""
    text = re.sub(r"_\{([a-z]),([^{}]*)\}", r"_\1_{\2}", text)
    for a, b in UNICODE.items():
        text = text.replace(a, b)
    return text.replace("{", "").replace("}", "")


# -- renotations ----------------------------------------------------------------------------------

Renotation = Callable[[Style], Style]


def style(**changes: object) -> Renotation:
    return lambda s: replace(s, **changes)  # type: ignore[arg-type]


def names(**changed: str) -> Renotation:
    return lambda s: replace(s, names={**s.names, **changed})


def bases(**changed: str) -> Renotation:
    return lambda s: replace(s, bases={**s.bases, **changed})


def both(*parts: Renotation) -> Renotation:
    def renoted(s: Style) -> Style:
        for part in parts:
            s = part(s)
        return s

    return renoted


def inside_above(base: str) -> Renotation:
    """``a^f_t``."""
    return style(inside=lambda s, gate, step: f"{base}^{s.names[gate]}_{{{step}}}")


def inside_named(form: str) -> Renotation:
    """``\\hat{f}_t``: the gate itself in ``form``."""
    return style(inside=lambda s, gate, step: s.step(form.format(s.names[gate]), step))


def net(s: Style, gate: str, step: str) -> str:
    return rf"\mathrm{{net}}_{{{s.names[gate]},{step}}}"


GAMMA = names(f=r"\Gamma_f", i=r"\Gamma_u", o=r"\Gamma_o", g=r"\tilde{c}", z=r"\Gamma_u",
              r=r"\Gamma_r", n=r"\tilde{h}")  # fmt: skip
GAMMA_LABELS = {"f": "f", "i": "u", "o": "o", "g": "c", "z": "u", "r": "r", "n": "h"}
ANGLES = above(r"\langle {} \rangle")

#: The renotations, by class and name.
RENOTATIONS: dict[str, dict[str, Renotation]] = {
    "letters": {
        "cell C": names(c="C"),
        "cell s": names(c="s"),
        "candidate c tilde": both(names(g=r"\tilde{c}", n=r"\tilde{h}"), style(labels={"g": "c", "n": "h"})),
        "candidate C tilde": both(names(c="C", g=r"\tilde{C}", n=r"\tilde{h}"), style(labels={"g": "C", "n": "h"})),
        "candidate c hat": both(names(g=r"\hat{c}", n=r"\hat{h}"), style(labels={"g": "c", "n": "h"})),
        "candidate c bar": both(names(g=r"\bar{c}", n=r"\bar{h}"), style(labels={"g": "c", "n": "h"})),
        "candidate a": both(names(g="a", n="a"), bases(p="z")),
        "candidate z": both(names(g="z", n="g")),
        "candidate u": names(g="u", n="u", z="z"),
        "output m": names(h="m"),
        "output y": names(h="y"),
        "output s (GRU)": names(h="s"),
        "gates Gamma": both(GAMMA, style(labels=GAMMA_LABELS, step=ANGLES)),
        "gates in words": both(
            names(f=r"\mathrm{forget}", i=r"\mathrm{input}", o=r"\mathrm{output}"),
            style(labels={"f": "f", "i": "i", "o": "o"}),
        ),
        "input u": names(x="u", g="g"),
        "update u": names(z="u"),
        "iota phi omega": names(i=r"\iota", f=r"\phi", o=r"\omega"),
        "loss E": style(loss="E"),
        "loss J": style(loss="J"),
        "loss calligraphic": style(loss=r"\mathcal{L}"),
        "weights R": bases(U="R"),
        "weights V": bases(U="V", v="w"),
        "biases c": lambda s: replace(s, bases={**s.bases, "b": r"\beta"}),
        "peepholes V": bases(v="V"),
    },
    "fonts": {
        "bold vectors": style(vector=r"\mathbf{{{}}}"),
        "bold all": style(vector=r"\mathbf{{{}}}", matrix=r"\mathbf{{{}}}"),
        "boldsymbol": style(vector=r"\boldsymbol{{{}}}", matrix=r"\boldsymbol{{{}}}"),
        "bm": style(vector=r"\bm{{{}}}", matrix=r"\bm{{{}}}"),
        "bold old": style(vector=r"{{\bf {}}}", matrix=r"{{\bf {}}}"),
        "vec": style(vector=r"\vec{{{}}}"),
        "underlined": style(vector=r"\underline{{{}}}"),
        "upright weights": style(matrix=r"\mathrm{{{}}}"),
    },
    "labels": {
        "label above": style(label=lambda w, g: f"{w}^{g}" if len(g) == 1 else f"{w}^{{{g}}}"),
        "label above in brackets": style(label=lambda w, g: f"{w}^{{({g})}}"),
        "labels xf, hf": both(
            bases(U="W"), style(label=lambda w, g: f"{w}_{{x{g}}}" if "b" not in w else f"{w}_{g}",
                                recurrent=lambda w, g: f"{w}_{{h{g}}}"),
        ),
        "labels fx, fh": both(
            bases(U="W"), style(label=lambda w, g: f"{w}_{{{g}x}}" if "b" not in w else f"{w}_{g}",
                                recurrent=lambda w, g: f"{w}_{{{g}h}}"),
        ),
        "labels x above": both(
            bases(U="W"), style(label=lambda w, g: f"{w}_{g}^x" if "b" not in w else f"{w}_{g}",
                                recurrent=lambda w, g: f"{w}_{g}^h"),
        ),
        "labels upright": style(label=lambda w, g: rf"{w}_{{\mathrm{{{g}}}}}"),
        "labels text": style(label=lambda w, g: rf"{w}_{{\text{{{g}}}}}"),
    },
    "steps": {
        "(t)": style(step=above("({})")),
        "t above": style(step=above("{}")),
        "angles": style(step=ANGLES),
        "less and greater": style(step=above("<{}>")),
        "brackets h(t)": style(step=behind("({})")),
        "brackets h[t]": style(step=behind("[{}]")),
        "(t) below": style(step=lambda n, t: f"{n}_{{({t})}}"),
        "[t] above": style(step=above("[{}]")),
        "braces above": style(step=above(r"\{{{}\}}")),
        "angles behind": style(step=behind(r"\langle {} \rangle")),
        "rows": style(step=lambda n, t: f"{n}_{{{t},:}}"),
        "tau": style(letter=r"\tau "),
        "n": both(style(letter="n"), names(n="g")),
        "k": style(letter="k"),
    },
    "inside": {
        "z_{f,t}": bases(p="z"),
        "z_t^f": both(style(inside=lambda s, g, t: f"z_{{{t}}}^{s.names[g]}")),
        "a^f_t": inside_above("a"),
        "net_{f,t}": style(inside=net),
        "hat f_t": inside_named(r"\hat{{{}}}"),
        "tilde f_t": inside_named(r"\tilde{{{}}}"),
        "bar f_t": inside_named(r"\bar{{{}}}"),
        "f'_t": inside_named("{}'"),
        "zf_t": style(inside=lambda s, g, t: s.step(rf"z{s.names[g]}", t)),
        "(f)": style(inside=lambda s, g, t: f"z_{{{t}}}^{{({s.names[g]})}}"),
        "s_{f_t}": style(inside=lambda s, g, t: f"a_{{{s.names[g]}_{{{t}}}}}"),
    },
    "derivatives": {
        "dfrac": style(fraction=r"\dfrac{{{}}}{{{}}}"),
        "tfrac": style(fraction=r"\tfrac{{{}}}{{{}}}"),
        "slash": style(fraction="{} / {}"),
        "slash in brackets": style(fraction="({} / {})"),
        "over": style(fraction=r"{{{} \over {}}}"),
        "d": style(partial="d"),
        "d spaced": style(partial="d "),
        "d upright": style(partial=r"\mathrm{d}"),
        "delta for partial": style(partial=r"\delta "),
        "partial below": style(derivative=lambda a, b: rf"\partial_{{{b}}} {a}"),
        "nabla": style(gradient=marked(r"\nabla_{{{}}} {L}")),
        "nabla alone": style(gradient=marked(r"\nabla_{{{}}}")),
        "dh_t": style(gradient=marked("d{}")),
        "delta h_t": style(gradient=marked(r"\delta {}")),
        "Delta h_t": style(gradient=marked(r"\Delta {}")),
        "delta_{h_t}": style(gradient=marked(r"\delta_{{{}}}")),
        "bar h_t": style(gradient=barred),
        "g_{h_t}": style(gradient=marked("g_{{{}}}")),
        "delta^f_t": style(gradient=in_scripts(r"\delta^{0}_{{{1}}}")),
        "delta_t^f": style(gradient=in_scripts(r"\delta_{{{1}}}^{0}")),
        "delta_{f,t}": style(gradient=in_scripts(r"\delta_{{{0},{1}}}")),
        "delta_f^{(t)}": style(gradient=in_scripts(r"\delta_{0}^{{({1})}}")),
        "delta_f(t)": style(gradient=in_scripts(r"\delta_{0}({1})")),
        "e^f_t": style(gradient=in_scripts(r"\epsilon_{0}^{{{1}}}")),
    },
    "products": {
        "circ": style(times=r" \circ "),
        "asterisk": style(times=" * "),
        "ast": style(times=r" \ast "),
        "otimes": style(times=r" \otimes "),
        "cdot": style(times=r" \cdot "),
        "times": style(times=r" \times "),
        "bullet": style(times=r" \bullet "),
        "star": style(times=r" \star "),
        "side by side": style(times=r" \, "),
        "odot unicode": style(times=" ⊙ "),
        "matrix cdot": style(dot=r" \cdot "),
        "matrix times": style(dot=r" \times "),
        "cdot for both": style(times=r" \cdot ", dot=r" \cdot "),
        "asterisk for both": style(times=" * ", dot=" * "),
        "diag text": style(diag=r"\text{{diag}}({})".format),
        "diag brackets": style(diag=r"\operatorname{{diag}}\left[{}\right]".format),
        "diag braces": style(diag=r"\mathrm{{diag}}\{{{}\}}".format),
    },
    "slopes": {
        "sigma'": style(sigmoid_slope="prime", tanh_slope="prime", cell_slope="{tanh}'({c})", named=True),
        "sigma'(.)": style(sigmoid_slope="anywhere"),
        "reversed": style(sigmoid_slope="reversed"),
        "f - f^2": style(sigmoid_slope="square"),
        "square of brackets": style(tanh_slope="braces", cell_slope="(1 - ({tanh}({c}))^2)"),
        "square behind": style(cell_slope="(1 - {tanh}({c})^2)"),
        "square without brackets": style(cell_slope="(1 - {tanh}^2 {c})"),
        "hadamard square": style(tanh_slope="hadamard"),
        "product": style(tanh_slope="product"),
        "bold one": style(tanh_slope="one", cell_slope=r"(\mathbf{{1}} - {tanh}^2({c}))"),
        "sech": style(cell_slope=r"\operatorname{{sech}}^2({c})"),
    },
    "functions": {
        "sigmoid": style(sigma=r"\mathrm{sigmoid}"),
        "sigm": style(sigma=r"\operatorname{sigm}"),
        "sigmoid in text": style(sigma=r"\text{sigmoid}"),
        "tanh in text": style(tanh=r"\text{tanh}"),
        "sigma g": style(sigma=r"\sigma_g", prose=r"Here $\sigma_g$ is the logistic sigmoid."),
        "varsigma": style(sigma=r"\varsigma", prose=r"$\varsigma(x) = 1/(1+e^{-x})$ is the sigmoid."),
        "phi": style(tanh=r"\phi", prose=r"Let $\phi = \tanh$."),
        "S": style(sigma="S", prose="$S$ denotes the logistic sigmoid function $S(x) = 1/(1+e^{-x})$."),
    },
    "transposes": {
        "T": style(transposed="^T"),
        "intercal": style(transposed=r"^\intercal"),
        "prime": style(transposed="'"),
        "sans": style(transposed=r"^{\mathsf{T}}"),
        "upright": style(transposed=r"^{\mathrm{T}}"),
        "text": style(transposed=r"^{\text{T}}"),
        "dagger": style(transposed=r"^{\prime}"),
    },
    "joined": {
        "x first": style(joined="[{x}, {h}]"),
        "semicolon": style(joined="[{h}; {x}]"),
        "column": style(joined=r"\begin{{bmatrix}} {h} \\ {x} \end{{bmatrix}}"),
        "round": style(joined="({h}, {x})"),
        "bars": style(joined=r"[{h} \| {x}]"),
        "oplus": style(joined=r"({h} \oplus {x})"),
        "concat": style(joined=r"\text{{concat}}({h}, {x})"),
        "left right": style(joined=r"\left[ {h}, {x} \right]"),
        "dot": style(joined=r"[{h}, {x}]", dot=r" \cdot "),
    },
    "brackets": {
        "left right": style(bracket=(r"\left(", r"\right)")),
        "square": style(bracket=("[", "]")),
        "big": style(bracket=(r"\big(", r"\big)")),
        "braces": style(bracket=(r"\{", r"\}")),
    },
    "sums": {
        "below": style(sum=r"\sum_{k} "),
        "limits": style(sum=r"\sum\limits_{{{k}={a}}}^{{{b}}} "),
        "unbraced": style(sum=r"\sum^{b}_{{{k}={a}}} "),
    },
    "containers": {
        name: style(container=name)
        for name in ("brackets", "bare", "align", "aligned", "gather", "eqnarray", "array", "equation",
                     "boxed", "fence", "dollars", "inline", "spaced", "html", "notebook", "tex")
    } | {
        "macros": style(container="macros", fraction=r"\pd{{{}}}{{{}}}", partial="", times=r" \had ",
                        transposed=r"\tr ", vector=r"\v{{{}}}", sigma=r"\sigm"),
        "plain": style(container="lines", fraction="{}/{}", after=as_unicode, sum="Σ_{k} ",
                       cell_slope="(1 - {tanh}²({c}))"),
    },
    "definitions": {
        name: style(definitions=name) for name in ("list", "table", "prose", "after", "unwritten")
    },
    "languages": {name: style(language=name) for name in ("de", "zh", "he")},
}  # fmt: skip
EVERY = {f"{kind}: {name}": r for kind, found in RENOTATIONS.items() for name, r in found.items()}

# ruff: noqa: E501 (a table with a line for each notation)
r"""How documents write what ``renotation.py`` asks of them: one entry for each renotation.

Each says what it changes of :data:`BASE`; the meaning of the document stays. Two that change
different things can be put together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

Row = tuple[Any, str, int, int]

BASE: dict[str, Any] = {
    "names": {"h": "h", "a": "a", "x": "x", "o": "o", "p": r"\hat{y}", "y": "y", "l": "L",
              "L": "L", "e": r"\delta", "W": "W", "U": "U", "V": "V", "b": "b", "c": "c"},
    "font": None, "step": "_", "letters": {}, "zero": False,
    "derivative": r"\frac{%(da)s}{%(db)s}", "d": r"\partial", "nabla": False, "mark": "",
    "mul": "", "had": r"\odot", "slope": "output", "transpose": r"^\top", "rows": False,
    "denominator": False, "container": "display", "together": False, "ending": "md",
    "definitions": "before", "language": "en", "loss": "given", "bias": True, "limits": "",
    "above_first": False, "softmax": r"\mathrm{softmax}", "norm": r"\|%s\|", "sized": True,
    "diag": r"\operatorname{diag}", "signs": None,
}  # fmt: skip

RENOTATIONS: dict[str, dict[str, Any]] = {
    # names
    "state s": {"names": {"h": "s", "a": "z"}},
    "state z": {"names": {"h": "z", "a": "u", "x": "x"}},
    "state a": {"names": {"h": "a", "a": "z"}},
    "input u": {"names": {"x": "u", "U": "B"}},
    "W_hh": {"names": {"W": "W_{hh}", "U": "W_{xh}", "V": "W_{hy}", "b": "b_h", "c": "b_y"}},
    "W_h": {"names": {"W": "W_h", "U": "W_x", "V": "W_y", "b": "b_h", "c": "b_y"}},
    "W_rec": {"names": {"W": r"W_{\text{rec}}", "U": r"W_{\text{in}}", "V": r"W_{\text{out}}"}},
    "W above": {"names": {"W": "W^{hh}", "U": "W^{hx}", "V": "W^{(S)}"}},
    "W_aa": {"names": {"h": "a", "a": "z", "W": "W_{aa}", "U": "W_{ax}", "V": "W_{ya}",
                       "b": "b_a", "c": "b_y"}},
    "U W V": {"names": {"W": "U", "U": "W"}},
    "R P": {"names": {"W": "R", "U": "P", "V": "Q"}},
    "Theta": {"names": {"W": r"\Theta", "U": r"\Phi", "V": r"\Psi"}},
    "loss E": {"names": {"l": "E", "L": "E"}},
    "loss J": {"names": {"l": "J", "L": "J"}},
    "loss C": {"names": {"l": "C", "L": "C"}},
    "loss calL": {"names": {"l": r"\mathcal{L}", "L": r"\mathcal{L}"}},
    "loss ell": {"names": {"l": r"\ell", "L": r"\mathcal{L}"}},
    "loss word": {"names": {"l": r"\text{loss}", "L": r"\text{Loss}"}},
    "output yhat": {"names": {"o": "z", "a": "q", "p": r"\hat{y}"}},
    "output p": {"names": {"p": "p", "y": "y"}},
    "output y, target d": {"names": {"p": "y", "y": "d"}},
    "output y, target yhat": {"names": {"p": "y", "y": r"\hat{y}"}},
    "target tau": {"names": {"y": r"\tau"}},
    "mathbf": {"font": (r"\mathbf{%s}", r"\mathbf{%s}")},
    "boldsymbol": {"font": (r"\boldsymbol{%s}", r"\boldsymbol{%s}")},
    "bm and mathbf": {"font": (r"\bm{%s}", r"\mathbf{%s}")},
    "bf": {"font": (r"{\bf %s}", r"{\bf %s}")},
    "vec": {"font": (r"\vec{%s}", r"%s")},
    "mathit": {"font": (r"\mathit{%s}", r"\mathit{%s}")},
    "mathrm": {"font": (r"\mathrm{%s}", r"\mathrm{%s}")},
    # steps
    "step ^(t)": {"step": "^()"},
    "step ^t": {"step": "^"},
    "step ^<t>": {"step": "^<>"},
    "step ^[t]": {"step": "^[]"},
    "step (t)": {"step": "()"},
    "step [t]": {"step": "[]"},
    "step _(t)": {"step": "_()"},
    "letter n": {"letters": {"t": "n", "T": "N"}},
    "letter k": {"letters": {"t": "k", "k": "l", "T": "K"}},
    "letter tau": {"letters": {"t": r"\tau", "T": "T"}},
    "letter i": {"letters": {"t": "i", "i": "m", "T": "N"}},
    "letter s": {"letters": {"t": "s", "T": "S"}},
    "inner letters": {"letters": {"k": r"\tau", "i": "l", "j": "m"}},
    "from zero": {"zero": True},
    # derivatives
    "dfrac": {"derivative": r"\dfrac{%(da)s}{%(db)s}"},
    "tfrac": {"derivative": r"\tfrac{%(da)s}{%(db)s}"},
    "over": {"derivative": r"{%(da)s \over %(db)s}"},
    "slash": {"derivative": r"%(da)s / %(db)s"},
    "slash in brackets": {"derivative": r"(%(da)s / %(db)s)"},
    "nabla": {"nabla": True},
    "partial below": {"derivative": r"%(d)s_{%(b)s} %(a)s"},
    "D below": {"derivative": r"D_{%(b)s} %(a)s", "d": "D"},
    "d": {"d": "d"},
    "rm d": {"d": r"\mathrm{d}"},
    "delta for partial": {"d": r"\delta"},
    "pdv": {"derivative": r"\pdv{%(a)s}{%(b)s}"},
    "braces": {"derivative": r"\frac{%(d)s{%(a)s}}{%(d)s{%(b)s}}"},
    "by in brackets": {"derivative": r"\frac{%(d)s}{%(db)s}\left(%(a)s\right)"},
    "mark d": {"mark": "d"},
    "mark delta": {"mark": r"\delta", "names": {"e": r"\epsilon"}},
    "mark bar": {"mark": "bar"},
    "mark Delta": {"mark": r"\Delta"},
    # products, slopes, transposes
    "had circ": {"had": r"\circ"},
    "had star": {"had": "*"},
    "had otimes": {"had": r"\otimes"},
    "had cdot": {"had": r"\cdot"},
    "mul cdot": {"mul": r"\cdot"},
    "mul times": {"mul": r"\times"},
    "mul space": {"mul": r"\,"},
    "mul star": {"mul": "*"},
    "slope of the argument": {"slope": "argument"},
    "T": {"transpose": "^T"},
    "rm T": {"transpose": r"^{\mathrm{T}}"},
    "intercal": {"transpose": r"^\intercal"},
    "prime": {"transpose": "'"},
    "sf T": {"transpose": r"^{\mathsf{T}}"},
    "tr": {"transpose": r"^{\text{tr}}"},
    "rows": {"rows": True},
    "denominator": {"denominator": True},
    "diag text": {"diag": r"\text{diag}"},
    "diag word": {"diag": "diag"},
    "Diag": {"diag": r"\mathrm{Diag}"},
    "norm lVert": {"norm": r"\left\lVert %s \right\rVert"},
    "norm bars": {"norm": r"||%s||"},
    "norm 2": {"norm": r"\left\|%s\right\|_2"},
    "softmax word": {"softmax": "softmax"},
    "softmax text": {"softmax": r"\text{Softmax}"},
    "small brackets": {"sized": False},
    "limits": {"limits": r"\limits"},
    "above first": {"above_first": True},
    # displays
    "one line": {"container": "one line"},
    "brackets": {"container": "brackets"},
    "equation": {"container": "equation"},
    "align": {"container": "align", "together": True},
    "split": {"container": "split"},
    "aligned": {"container": "aligned", "together": True},
    "gather": {"container": "gather", "together": True},
    "rows of equals": {"container": "rows of equals"},
    "fence": {"container": "fence"},
    "backticks": {"container": "backticks"},
    "inline": {"container": "inline"},
    "quad": {"container": "quad", "together": True},
    "html": {"container": "brackets", "ending": "html"},
    "notebook": {"ending": "ipynb"},
    "tex": {"container": "equation", "ending": "tex", "derivative": r"\pd{%(a)s}{%(b)s}"},
    "plain lines": {"container": "lines", "derivative": "%(da)s/%(db)s", "sized": False,
                    "softmax": "softmax", "diag": "diag"},
    # what is said, and where
    "defined after": {"definitions": "after"},
    "defined inline": {"definitions": "inline"},
    "defined in a list": {"definitions": "list"},
    "defined in a table": {"definitions": "table"},
    "loss in words": {"loss": "words"},
    "loss left out": {"loss": "omitted"},
    "no biases": {"bias": False},
    "German": {"language": "de"},
    "Chinese": {"language": "zh"},
    "Spanish": {"language": "es"},
    "Russian": {"language": "ru"},
}

SENTENCES = {
    "de": ("Wir betrachten ein einfaches rekurrentes Netz.", "Daraus folgt:", "Außerdem gilt"),
    "zh": ("我们考虑一个简单的循环神经网络。", "由此可得", "根据链式法则"),
    "es": ("Consideramos una red recurrente simple.", "De ahí se sigue", "Además"),
    "ru": ("Рассмотрим простую рекуррентную сеть.", "Отсюда следует", "По правилу цепочки"),
}

_GREEK = {r"\partial": "∂", r"\delta": "δ", r"\tau": "τ", r"\sigma": "σ", r"\odot": "⊙",
          r"\cdot": "·", r"\sum": "Σ", r"\prod": "Π", r"\tanh": "tanh", r"\log": "log",
          r"\le": "≤", r"\ge": "≥", r"\Theta": "Θ", r"\Phi": "Φ", r"\Psi": "Ψ", r"\top": "T",
          r"\circ": "∘", r"\otimes": "⊗", r"\times": "×", r"\ell": "ℓ", r"\epsilon": "ε",
          r"\left": "", r"\right": "", r"\,": " ", r"\|": "‖"}  # fmt: skip


def in_unicode(text: str) -> str:
    """A formula as it is typed without LaTeX."""
    text = re.sub(r"\\frac\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}", r"\1/\2", text)
    text = re.sub(r"\\(?:mathrm|text|mathbf|boldsymbol|bm|operatorname)\s*\{([^{}]*)\}", r"\1", text)
    text = re.sub(r"\\hat\{?([a-z])\}?", lambda m: {"y": "ŷ"}.get(m[1], m[1] + "\u0302"), text)
    text = re.sub(r"\\(?:[A-Za-z]+|[,|])", lambda m: _GREEK.get(m[0], m[0]), text)
    return re.sub(r"∂ (?=\S)", "∂", re.sub(" +", " ", text))


Container = Callable[[list[tuple[Any, str]], int, list[str]], Iterator[Row]]


def _each(before: list[str], after: list[str]) -> Container:
    def put(pending: list[tuple[Any, str]], at: int, rows: list[str]) -> Iterator[Row]:
        for line, text in pending:
            start = len(rows) + 1
            if before and before[-1].endswith("\0"):
                rows.append(before[-1][:-1] + text + after[0])
            else:
                rows.extend([*before, text, *after])
            yield line, text, start, len(rows)
            rows.append("")

    return put


def _environment(name: str, outer: tuple[str, str], marked: bool) -> Container:
    def put(pending: list[tuple[Any, str]], at: int, rows: list[str]) -> Iterator[Row]:
        rows.append(f"{outer[0]}\\begin{{{name}}}")
        for k, (line, text) in enumerate(pending):
            start = len(rows) + 1
            parts = re.split(r" (?=(?:=|\\le|\\ge) )", text)
            if marked:
                rows.append(f"{parts[0]} &{parts[1].lstrip()}" if len(parts) > 1 else parts[0])
                rows += [f"&{p}" for p in parts[2:]]
                rows[start - 1 : -1] = [r + r" \\" for r in rows[start - 1 : -1]]
            else:
                rows.append(text)
            if k + 1 < len(pending):
                rows[-1] += r" \\"
            yield line, text, start, len(rows)
        rows.append(f"\\end{{{name}}}{outer[1]}")

    return put


def _rows_of_equals(pending: list[tuple[Any, str]], at: int, rows: list[str]) -> Iterator[Row]:
    for line, text in pending:
        start = len(rows) + 1
        left, *steps = text.split(" = ")
        rows += ["$$", left]
        rows += [f"= {step}" for step in steps]
        rows += ["$$"]
        yield line, text, start, len(rows)
        rows.append("")


def _one_equation(pending: list[tuple[Any, str]], at: int, rows: list[str]) -> Iterator[Row]:
    for line, text in pending:
        start = len(rows) + 1
        left, *steps = re.split(" = ", text)
        rows += [r"\begin{equation}", r"\begin{split}", left + "".join(
            rf" &= {s}" + (r" \\" if k + 1 < len(steps) else "") for k, s in enumerate(steps)
        ), r"\end{split}", r"\end{equation}"]  # fmt: skip
        yield line, text, start, len(rows)
        rows.append("")


def _quad(pending: list[tuple[Any, str]], at: int, rows: list[str]) -> Iterator[Row]:
    for k in range(0, len(pending), 2):
        pair = pending[k : k + 2]
        rows.append("$$")
        start = len(rows) + 1
        for j, (line, text) in enumerate(pair):
            rows.append(text + (r", \qquad" if j + 1 < len(pair) else ""))
            yield line, text, start + j, start + j
        rows += ["$$", ""]


CONTAINERS: dict[str, Container] = {
    "display": _each(["$$"], ["$$"]),
    "one line": _each(["$$\0"], ["$$"]),
    "brackets": _each([r"\["], [r"\]"]),
    "equation": _each([r"\begin{equation*}"], [r"\end{equation*}"]),
    "align": _environment("align*", ("", ""), True),
    "aligned": _environment("aligned", ("$$", "$$"), True),
    "gather": _environment("gather*", ("", ""), False),
    "split": _one_equation,
    "rows of equals": _rows_of_equals,
    "fence": _each(["```math"], ["```"]),
    "backticks": _each(["$`\0"], ["`$"]),
    "inline": _each(["We have $\0"], ["$."]),
    "quad": _quad,
    "lines": _each(["```text"], ["```"]),
}

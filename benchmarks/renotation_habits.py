# ruff: noqa: E501 (a table with a line for each notation)
r"""More of how documents write what ``renotation.py`` asks of them, and the writer of it.

The entries change :data:`HABITS` beside ``renotation_styles.BASE``: where sums end, what a loss is
written as a function of, what gradients are named, in which order a step adds its terms, how slopes
and ranges are written, what stands around a display.
"""

from __future__ import annotations

import re
from typing import Any

from renotation_writer import Line, Template, Writer

HABITS: dict[str, Any] = {
    "of": "", "order": "", "ahead": False, "behind": "", "square": "^2", "one": "1", "ranges": "",
    "immediate": "+", "enclosed": "", "act": "", "crossed": "", "residual": "", "called": "",
    "around": "%s", "entries": "", "squared": "",
}  # fmt: skip

WIDER: dict[str, dict[str, Any]] = {
    # where the steps end
    "end n": {"letters": {"T": "n"}},
    "end m": {"letters": {"T": "m"}},
    "end N": {"letters": {"T": "N"}},
    "end K": {"letters": {"T": "K"}},
    "end M": {"letters": {"T": "M"}},
    "end tau": {"letters": {"T": r"\tau"}},
    "end T_x": {"letters": {"T": "T_x"}},
    # losses
    "loss of values": {"of": "values", "names": {"l": r"\ell"}},
    "loss of theta": {"of": r"(\theta)"},
    "loss total": {"names": {"l": "L", "L": r"L_{\text{total}}"}},
    "loss tot above": {"names": {"l": "E", "L": r"E^{\mathrm{tot}}"}},
    "loss seq and elt": {"names": {"l": r"\mathcal{L}_{\text{elt}}", "L": r"\mathcal{L}_{\text{seq}}"}},
    "loss J and L": {"names": {"l": "L", "L": "J"}},
    "loss calL and L": {"names": {"l": "L", "L": r"\mathcal{L}"}},
    "loss L and e": {"names": {"l": "e", "L": "E"}},
    "loss cost": {"names": {"l": r"\mathrm{cost}", "L": r"\mathrm{Cost}"}},
    "loss entries": {"entries": "entries"},
    "loss no transpose": {"entries": "plain"},
    "loss CE": {"entries": "CE"},
    "square plain": {"squared": "plain"},
    "square inner": {"squared": "inner"},
    "square turned": {"squared": "turned"},
    "target minus output": {"residual": "turned"},
    # names
    "bar h": {"names": {"h": r"\bar{h}"}},
    "tilde h": {"names": {"h": r"\tilde{h}"}},
    "h prime": {"names": {"h": "h'"}},
    "h enc": {"names": {"h": r"h^{\text{enc}}"}},
    "h (1)": {"names": {"h": "h^{(1)}"}},
    "arrow over h": {"names": {"h": r"\overrightarrow{h}"}},
    "state r": {"names": {"h": "r", "a": "v"}},
    "state v": {"names": {"h": "v", "a": "u"}},
    "state y": {"names": {"h": "y", "a": "z", "o": "v", "p": "o", "y": "d"}},
    "state x": {"names": {"h": "x", "a": "z", "x": "u"}},
    "state H": {"names": {"h": "H", "a": "Z", "x": "X", "o": "O", "p": r"\hat{Y}", "y": "Y"}},
    "net": {"names": {"a": r"\mathrm{net}"}},
    "word net": {"names": {"a": "net"}},
    "alpha": {"names": {"a": r"\alpha"}},
    "a tilde": {"names": {"a": r"\tilde{h}"}},
    "a hat": {"names": {"a": r"\hat{h}"}},
    "pre": {"names": {"a": r"h^{\text{pre}}"}},
    "W words": {"names": {"W": r"W_{\text{hidden}}", "U": r"W_{\text{input}}", "V": r"W_{\text{output}}"}},
    "W bare words": {"names": {"W": "W_{rec}", "U": "W_{in}", "V": "W_{out}"}},
    "W ss above": {"names": {"h": "s", "W": "W^{ss}", "U": "W^{xs}", "V": "W^{so}"}},
    "W above in brackets": {"names": {"W": "W^{(h)}", "U": "W^{(x)}", "V": "W^{(o)}"}},
    "W above words": {"names": {"W": r"W^{\mathrm{rec}}", "U": r"W^{\mathrm{in}}", "V": r"W^{\mathrm{out}}"}},
    "W arrows": {"names": {"W": r"W_{h \to h}", "U": r"W_{x \to h}", "V": r"W_{h \to y}"}},
    "W commas": {"names": {"W": "W_{h,h}", "U": "W_{h,x}", "V": "W_{y,h}"}},
    "W numbered": {"names": {"W": "W_2", "U": "W_1", "V": "W_3", "b": "b_1", "c": "b_2"}},
    "A B C": {"names": {"W": "A", "U": "B", "V": "C", "b": "b", "c": "d"}},
    "W H O": {"names": {"U": "W_I", "W": "W_R", "V": "W_O", "b": "b_R", "c": "b_O"}},
    "U h": {"names": {"W": "U_h", "U": "W_h", "V": "W_o", "b": "b_h", "c": "b_o"}},
    "W R": {"names": {"W": "R", "U": "W"}},
    "theta h": {"names": {"W": r"\theta_h", "U": r"\theta_x", "V": r"\theta_y"}},
    "biases labelled": {"names": {"b": r"b^{(h)}", "c": "b^{(y)}"}},
    "output S": {"names": {"o": "s", "p": r"\hat{y}"}},
    "output o, y": {"names": {"o": "z", "p": "o"}},
    "output widehat": {"names": {"p": r"\widehat{y}"}},
    "output tilde": {"names": {"p": r"\tilde{y}"}},
    "target star": {"names": {"y": "y^*", "p": "y"}},
    "target bar": {"names": {"y": r"\bar{y}", "p": "y"}},
    "target true": {"names": {"y": r"y^{\text{true}}"}},
    "target tilde": {"names": {"y": r"\tilde{y}", "p": "y"}},
    "target r": {"names": {"y": "r"}},
    # steps
    "step braces": {"step": "^{}"},
    "step ,": {"step": "_,"},
    "step angle": {"step": "<>"},
    # the definitions of a step
    "input first": {"order": "input"},
    "bias first": {"order": "bias"},
    "a step ahead": {"ahead": True},
    # gradients with names
    "delta_{h_t}": {"called": r"\delta_{%(all)s}"},
    "delta^{h_t}": {"called": r"\delta^{%(all)s}"},
    "delta^h_t": {"called": r"\delta^{%(name)s}_{%(step)s}"},
    "delta_t^h": {"called": r"\delta_{%(step)s}^{%(name)s}"},
    "delta_t^(h)": {"called": r"\delta_{%(step)s}^{(%(name)s)}"},
    "delta_{h,t}": {"called": r"\delta_{%(name)s,%(step)s}"},
    "delta_h(t)": {"called": r"\delta_{%(name)s}(%(step)s)"},
    "delta_h^(t)": {"called": r"\delta_{%(name)s}^{(%(step)s)}"},
    "g_{h_t}": {"called": "g_{%(all)s}"},
    "bold g^h_t": {"called": r"\mathbf{g}^{%(name)s}_{%(step)s}"},
    "grad h_t": {"called": r"\mathrm{grad}_{%(all)s}"},
    "dot h_t": {"called": r"\dot{%(name)s}_{%(step)s}"},
    # slopes
    "square by itself": {"square": "odot"},
    "square above circ": {"square": r"^{\circ 2}"},
    "square above odot": {"square": r"^{\odot 2}"},
    "bold one": {"one": r"\mathbf{1}"},
    "slope of tanh squared": {"square": "function"},
    "slope of tanh squared behind": {"square": "behind"},
    "slope sech": {"square": "sech"},
    "slope named": {"square": "named"},
    "identity minus diag": {"one": "I"},
    # ranges of sums and products
    "sum over t": {"ranges": "bare"},
    "product less": {"ranges": "less"},
    "product downward": {"ranges": "down"},
    "ranges le": {"ranges": "le"},
    # the immediate derivative
    "immediate unmarked": {"immediate": ""},
    "immediate at": {"immediate": "at"},
    "immediate bar": {"immediate": "bar"},
    "immediate and d": {"immediate": "d"},
    # brackets, activations, outer products
    "square brackets": {"enclosed": ("[", "]")},
    "sized square": {"enclosed": (r"\left[", r"\right]")},
    "bigl": {"enclosed": (r"\bigl(", r"\bigr)")},
    "Big": {"enclosed": (r"\Big(", r"\Big)")},
    "braces for brackets": {"enclosed": (r"\left\{", r"\right\}")},
    "tanh as phi": {"act": r"\phi"},
    "tanh as g": {"act": "g"},
    "tanh as sigma_h": {"act": r"\sigma_h"},
    "tanh in text": {"act": r"\text{tanh}"},
    "outer otimes": {"crossed": r"\otimes"},
    # around displays
    "comma behind": {"behind": ","},
    "stop behind": {"behind": "."},
    "stop in quad": {"behind": r"\,."},
    "tag": {"behind": r" \tag{%d}"},
    "label": {"behind": r" \label{eq:%d}"},
    "nonumber": {"behind": r" \nonumber"},
    "number behind": {"behind": r" \qquad (%d)"},
    "for all t": {"behind": ""},
    "boxed": {"around": r"\boxed{%s}"},
    "coloured": {"around": r"{\color{blue} %s}"},
    "displaystyle": {"around": r"\displaystyle %s"},
    "small": {"around": r"{\small %s}"},
}  # fmt: skip

#: What can be named, and in which words a text says so.
_CALLED = "hao"


class Wider(Writer):
    """Writes a document with the habits of :data:`WIDER` as well."""

    def __init__(self, template: Template, style: dict[str, Any]) -> None:
        super().__init__(template, HABITS | style)
        self.known = self.activation
        self.count = 0
        made = {x.text.split("{")[0] for x in template.lines if x.kind == "def"}
        self.values = "p" if "@p" in made else "o" if "@o" in made else "h"
        self.given = {x for x in "hao" if "@" + x in made}
        if self.style["act"] and self.activation == r"\tanh":
            self.activation = self.style["act"]

    def plain(self) -> bool:
        s = self.style
        used = {w for x in self.template.lines for w in re.findall("@([A-Za-z]+)", x.text)}
        if s["called"] and (s["mark"] or s["nabla"] or self.scalar or not used & self.given):
            return False
        if s["called"] and "delta" in s["called"] and (s["d"] == r"\delta" or "e" in used):
            return False
        if s["called"] and (self.names["h"].count("^") or "^" in self.names["a"]):
            return False
        if s["transpose"] == "'" and any("'" in self.names[r] for r in "hxao"):
            return False
        if s["square"] in ("function", "behind", "sech", "named") and (
            self.known != r"\tanh" or "a" not in self.given or s["slope"] == "argument"
        ):
            return False
        if s["square"] not in ("^2", "odot") and self.known != r"\tanh":
            return False
        if s["act"] and self.known != r"\tanh":
            return False
        if s["crossed"] and (self.scalar or s["had"] == r"\otimes" or s["mul"] == r"\otimes"):
            return False
        if s["immediate"] != "+" and "di" not in used:
            return False
        if s["immediate"] == "d" and s["d"] != r"\partial":
            return False
        if s["ahead"] and s["zero"]:
            return False
        if s["ranges"] == "down" and s["denominator"]:
            return False  # the factors would stand in the wrong order
        if s["act"] == "g" and any("= g(" in x.text for x in self.template.lines):
            return False
        step = s["step"]
        if any("^" in self.names[r] for r in "hxaopy") and step.startswith("^"):
            return False
        if (
            any("_" in self.names[r] for r in "lL")
            and step in ("_", "_()", "_,")
            and "_" in self.names["l"]
        ):
            return False
        letters = [s["letters"].get(k, k) for k in "tkijT"]
        names = {self.names[r] for r in self.names if r in used or r in "hx"}
        if s["act"] in names | set(letters):
            return False
        return len(set(letters)) == 5 and super().plain()

    # names and steps

    def name(self, role: str) -> str:
        found = self.names[role]
        font = self.style["font"]
        if font and not self.scalar and role not in "lL":
            script = re.match(
                r"(\\(?:hat|bar|tilde|widehat|overrightarrow|mathrm)\{)(.*?)(\})(.*)", found
            )
            if script and script[1] != r"\hat{":
                return found if "mathrm" in script[1] else (
                    script[1] + font[role == role.upper()] % script[2] + script[3] + script[4]
                )  # fmt: skip
        return super().name(role)

    def sequence(self, role: str, step: str) -> str:
        kind, at = self.style["step"], self.step(step)
        behind = ""
        if role == "l" and step and self.style["of"]:
            behind = self.style["of"]
            if behind == "values":
                return f"{self.name('l')}({self.sequence(self.values, step)}, {self.sequence('y', step)})"
        if role in "lL" and not step:
            return self.name(role) + ("" if self.style["of"] == "values" else self.style["of"])
        if step and kind in ("_,", "<>", "^{}"):
            name = self.accent % self.name(role) if self.accent else self.name(role)
            form = {"_,": "_{%s,:}", "<>": r"\langle %s \rangle", "^{}": r"^{\{%s\}}"}[kind]
            return name + form % at + behind
        return super().sequence(role, step) + behind

    # what stands in formulas

    def brackets(self, inside: str) -> str:
        if self.style["enclosed"]:
            a, b = self.style["enclosed"]
            return f"{a}{inside}{b}"
        return super().brackets(inside)

    def transposed(self, x: str) -> str:
        if self.style["enclosed"] and x.endswith(self.style["enclosed"][1]):
            return x + self.style["transpose"]
        return super().transposed(x)

    def do_slope(self, step: str) -> str:
        square, one = self.style["square"], self.style["one"]
        if self.style["slope"] == "argument" or self.known != r"\tanh":
            return super().do_slope(step)
        h = self.sequence("h", step)
        a = self.sequence("a", step) if "a" in self.given else ""
        if square == "named":
            return f"{self.activation}'({a})"
        if square == "sech":
            return rf"\operatorname{{sech}}^2({a})"
        one = "1" if one == "I" else one
        if square == "function":
            return f"{one} - {self.activation}^2({a})"
        if square == "behind":
            return f"{one} - {self.activation}({a})^2"
        if square == "odot":
            sign = "" if self.scalar else r"\odot"
            return f"{one} - {self.times(h, h, sign)}"
        if self.scalar and square != "^2":
            square = "^2"
        plain = self.style["step"] == "_" and "^" not in self.names["h"]
        return f"{one} - {h if plain else f'({h})'}{square}"

    def do_pslope(self, step: str) -> str:
        made = self.do_slope(step)
        return self.brackets(made) if " - " in made.split("(")[0] or made.startswith("(") else made

    def do_diag(self, of: str) -> str:
        made = self.render(of)
        if self.style["one"] == "I" and made.startswith("1 - "):
            return self.brackets(f"I - {self.style['diag']}({made[4:]})")
        return super().do_diag(of)

    def do_outer(self, g: str, h: str) -> str:
        if self.style["crossed"] and not self.style["rows"]:
            return self.times(self.render(g), self.render(h), self.style["crossed"])
        return super().do_outer(g, h)

    def ranged(self, sign: str, k: str, a: str, b: str) -> str:
        how = self.style["ranges"]
        index = self.style["letters"].get(k, k)
        low, high = self.step(a), self.step(b)
        limits = self.style["limits"]
        if how == "bare" and sign == "sum" and (a, b) == ("1", "T"):
            return rf"\sum{limits}_{{{index}}}"
        if how == "less" and sign == "prod":
            below = f"{low[:-2]} < " if low.endswith("+1") else rf"{low} \le "
            return rf"\prod{limits}_{{{below}{index} \le {high}}}"
        if how == "down" and sign == "prod":
            return rf"\prod{limits}_{{{index}={high}}}^{{{low}}}"
        if how == "le":
            return rf"\{sign}{limits}_{{{low} \le {index} \le {high}}}"
        return super().ranged(sign, k, a, b)

    # derivatives

    def derivative(self, a: str, b: str, d: str = "") -> str:
        if self.style["immediate"] == "d" and not d:
            d = "d"
        return super().derivative(a, b, d)

    def do_di(self, a: str, b: str) -> str:
        how = self.style["immediate"]
        if how == "+":
            return super().do_di(a, b)
        a_, b_ = self.render(a), self.render(b)
        if how == "bar":
            return rf"\frac{{\bar{{\partial}} {a_}}}{{\bar{{\partial}} {b_}}}"
        if how == "d":
            return rf"\frac{{\partial {a_}}}{{\partial {b_}}}"
        if how == "at":
            before = a.replace("{k}", "{k-1}").replace("{t}", "{t-1}").replace("{i}", "{i-1}")
            return (
                rf"\left. \frac{{\partial {a_}}}{{\partial {b_}}} \right|_{{{self.render(before)}}}"
            )
        return self.derivative(a_, b_)

    def do_dL(self, b: str) -> str:
        called = re.fullmatch(r"@([a-z])\{(.+)\}", b)
        if self.style["called"] and called and called[1] in self.given & set(_CALLED):
            parts = {
                "name": self.name(called[1]),
                "step": self.step(called[2]),
                "all": self.render(b),
            }
            return str(self.style["called"] % parts)
        if self.style["of"] and self.style["of"] != "values" and not self.style["mark"]:
            whole = self.sequence("L", "")
            if self.style["nabla"]:
                return rf"\nabla_{{{self.render(b)}}} {whole}"
            return self.derivative(whole, self.render(b))
        return super().do_dL(b)

    def expand(self, word: str, args: list[str]) -> str:
        if word == "L":
            return self.sequence("L", "")
        return super().expand(word, args)

    def do_inner(self, a: str, b: str) -> str:
        how = self.style["entries"]
        logged = re.fullmatch(r"@log @p\{(.*)\}", b)
        if not how or not logged or not a.startswith("@y"):
            return super().do_inner(a, b)
        y, p = self.render(a), self.render("@p{" + logged[1] + "}")
        if how == "plain":
            return rf"{y} \log {p}"
        if how == "CE":
            return f"\0CE({p}, {y})"
        i = self.style["letters"].get("i", "i")
        entry = (
            re.sub(r"_\{?([^{}]*)\}?$", rf"_{{\1,{i}}}", y),
            re.sub(r"_\{?([^{}]*)\}?$", rf"_{{\1,{i}}}", p),
        )
        if self.style["step"] != "_" or not logged[1]:
            entry = f"{y}_{i}", f"{p}_{i}"
        return rf"\sum_{{{i}}} {entry[0]} \log {entry[1]}"

    def do_half(self) -> str:
        return r"\frac{1}{2} "

    # documents

    def lines(self) -> Any:
        shift = {"{t}": "{t+1}", "{t-1}": "{t}"}
        called = self.style["called"]
        if called:
            whole = [r for r in _CALLED if any(f"@dL{{@{r}{{}}}}" in x.text for x in self.template.lines)]
            told = ", ".join(
                f"$@dL{{@{r}{{t}}}} = {self._spelt(r)}$" for r in _CALLED
                if r in self.given and r not in whole and any(re.search(rf"@dL\{{@{r}\{{.", x.text) for x in self.template.lines)
            )  # fmt: skip
        started = False
        for line in super().lines():
            if line.kind in ("right", "wrong") and not started:
                started = True
                if called and told:
                    yield Line("prose", f"We write {told}.")
            if line.kind == "def" and self.style["ahead"] and re.match(r"@[ha]\{t\}", line.text):
                made = re.sub(r"\{t(-1)?\}", lambda m: shift[m[0]], line.text)
                yield Line(line.kind, self.ordered(made), line.bias, line.text)
            elif line.kind == "def":
                yield Line(line.kind, self.ordered(line.text), line.bias, line.text)
            elif line.kind in ("loss", "right", "wrong"):
                made = (
                    re.sub(r"(@l\{t\})\(.*?\)$", r"\1", line.text)
                    if self.style["of"]
                    else line.text
                )
                yield Line(line.kind, self.turned(made), line.bias, line.text)
            else:
                yield line
            if (
                line.kind == "def"
                and self.style["act"]
                and "@act" in line.text
                and r"\text" not in self.style["act"]
            ):
                yield Line("prose", f"where ${self.activation} = {self.known}$ is the activation.")

    def _spelt(self, role: str) -> str:
        kept, self.style["called"] = self.style["called"], ""
        made = self.do_dL(f"@{role}{{t}}")
        self.style["called"] = kept
        return made

    def ordered(self, text: str) -> str:
        """A definition with its summands in the order of this notation."""
        order = self.style["order"]
        own = r"(@aff\{@W\}\{@h\{[^{}]*\}\}|@mul\{@W\}\{@h\{[^{}]*\}\})"
        put = r"(@aff\{@U\}\{@x\{[^{}]*\}\}|@mul\{@U\}\{@x\{[^{}]*\}\})"
        if order == "input":
            return re.sub(own + r" \+ " + put, r"\2 + \1", text)
        if order == "bias" and self.style["bias"]:
            text = re.sub(own + r" \+ " + put + r"@plus\{(@b)\}", r"\3 + \1 + \2", text)
            return re.sub(r"(@aff\{@V\}\{@h\{[^{}]*\}\})@plus\{(@c)\}", r"\2 + \1", text)
        return text

    def turned(self, text: str) -> str:
        """A residual and a squared error in the manner of this notation."""
        how = self.style["squared"]
        error = r"@half @norm\{@p\{t\} - @y\{t\}\}\^2"
        if how == "plain":
            text = re.sub(error, "@half (@p{t} - @y{t})^2", text)
        elif how == "inner":
            text = re.sub(error, "@half @inner{(@p{t} - @y{t})}{(@p{t} - @y{t})}", text)
        elif how == "turned":
            text = re.sub(error, "@half @norm{@y{t} - @p{t}}^2", text)
        if self.style["residual"] == "turned":
            text = re.sub(r"@= @p(\{[^{}]*\}) - @y(\{[^{}]*\})", r"@= -(@y\2 - @p\1)", text)
        return text

    def formula(self, line: Line) -> str:
        made = super().formula(line)
        made = re.sub(r"- ?\0CE", r"\\mathrm{CE}", made)
        self.count += 1
        behind = self.style["behind"]
        made = self.style["around"] % made if "\n" not in made else made
        return made + (behind % self.count if "%" in behind else behind)

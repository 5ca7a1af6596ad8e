"""Terms and claims as LaTeX, as Unicode text and as JSON, from one table."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, Final, Literal

from bptt_sym.prove import language
from bptt_sym.prove.certificate import CertificateError
from bptt_sym.prove.kernel import Def, KernelError, Poly, free, subst
from bptt_sym.prove.language import Claim, Term

Form = Literal["latex", "text"]
GREEK: Final = dict(zip(
    "alpha beta gamma delta epsilon eta theta kappa lambda mu nu xi pi rho sigma tau phi chi psi "
    "omega Delta Lambda".split(), "αβγδεηθκλμνξπρστφχψωΔΛ", strict=True))
SUBSCRIPTS: Final = dict(zip("0123456789+-aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ",
                             strict=True))
SUPERSCRIPTS: Final = dict(zip("0123456789+-nkijtT", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿᵏⁱʲᵗᵀ", strict=True))
FUNCTIONS: Final = {"tanh": r"\tanh", "sg": r"\sigma", "exp": r"\exp"}
RELATIONS: Final = {"lt": ("<", "<"), "le": (r"\le", "≤"), "gt": (">", ">"), "ge": (r"\ge", "≥"),
                    "eq": ("=", "=")}


def latex(x: Term | Claim) -> str:
    """The term or claim as LaTeX, without delimiters."""
    return _claim(x, "latex") if isinstance(x, Claim) else _term(x, "latex")[0]


def text(x: Term | Claim) -> str:
    """The term or claim in Unicode, on one line."""
    return _claim(x, "text") if isinstance(x, Claim) else _term(x, "text")[0]


def name(x: str, form: Form) -> str:
    """A name: Greek letters by name, trailing digits or what follows ``_`` as a subscript."""
    if x == "hs":
        return r"h^{\ast}" if form == "latex" else "h*"
    stem, sub = re.fullmatch(r"(.*?)_?([0-9]*|(?<=_)[A-Za-z0-9]+)('*)", x).group(1, 2)  # type: ignore[union-attr]
    primes = "'" * (len(x) - len(x.rstrip("'")))
    bar = stem.endswith("bar") and len(stem) > 3
    stem = stem[:-3] if bar else stem
    if form == "latex":
        letter = "\\" + stem if stem in GREEK else stem if len(stem) == 1 else rf"\mathrm{{{stem}}}"
        letter = rf"\bar{{{letter}}}" if bar else letter
        return letter + primes + (f"_{{{_greek(sub, form)}}}" if sub else "")
    return GREEK.get(stem, stem) + ("\u0304" if bar else "") + primes + _sub(_greek(sub, form))


def _greek(x: str, form: Form) -> str:
    return x if x not in GREEK else "\\" + x if form == "latex" else GREEK[x]


def _sub(x: str) -> str:
    if not x:
        return ""
    if all(c in SUBSCRIPTS for c in x):
        return "".join(SUBSCRIPTS[c] for c in x)
    return f"_{x}" if len(x) == 1 else f"[{x}]"


def _sup(x: str) -> str:
    plain = x.replace("−", "-")
    if all(c in SUPERSCRIPTS for c in plain):
        return "".join(SUPERSCRIPTS[c] for c in plain)
    return f"^({x})" if len(x) > 1 else f"^{x}"


# precedence: 1 sum, 2 product, 3 power, 4 atom
def _wrap(t: Term, form: Form, least: int) -> str:
    s, level = _term(t, form)
    if level >= least:
        return s
    return rf"\left({s}\right)" if form == "latex" else f"({s})"


def _indexed(label: str, where: tuple[Term, ...], params: Sequence[str], form: Form) -> str:
    subs = ",".join(_term(i, form)[0] for i in where)
    if form == "latex":
        base = name(label, form)
        base, _, own = base.partition("_")
        sub = f"_{{{own.strip('{}')},{subs}}}" if own else f"_{{{subs}}}"
        args = ",".join(params)
        return (base + sub if where else name(label, form)) + (f"({args})" if params else "")
    if where and name(label, form) != name(label.split("_")[0], form):
        return f"{name(label, form)}[{subs}]"  # it has a subscript of its own
    plain = subs.replace("−", "-").replace(" ", "")
    args = ", ".join(params)
    return name(label, form) + _sub(plain) + (f"({args})" if params else "")


def _term(t: Term, form: Form) -> tuple[str, int]:
    tex = form == "latex"
    match t.op, t.args:
        case "num", (q,):
            return _number(q, tex)
        case "var", (_, x):
            return name(x, form), 4
        case "add", (a, b):
            return f"{_term(a, form)[0]} + {_wrap(b, form, 2)}", 1
        case "sub", (a, b):
            minus = "-" if tex else "−"
            return f"{_term(a, form)[0]} {minus} {_wrap(b, form, 2)}", 1
        case "neg", (a,):
            return ("-" if tex else "−") + _wrap(a, form, 2), 1
        case "mul", (a, b):
            left, right = _wrap(a, form, 2), _wrap(b, form, 3)
            digits = right[:1].isdigit() or (tex and b.op == "num")
            dot = r" \cdot " if tex else "·"
            return left + (dot if digits else " ") + right, 2
        case "div", (a, b):
            if tex:
                return rf"\frac{{{_term(a, form)[0]}}}{{{_term(b, form)[0]}}}", 3
            return f"{_wrap(a, form, 2)}/{_wrap(b, form, 3)}", 2
        case ("pow" | "power"), (a, n):
            power = str(n) if isinstance(n, int) else _term(n, form)[0]
            if tex and a.op in FUNCTIONS:
                return rf"{FUNCTIONS[a.op]}^{{{power}}}{_call(a.args[0], form)}", 3
            return _wrap(a, form, 4) + (f"^{{{power}}}" if tex else _sup(power)), 3
        case ("tanh" | "sg" | "exp") as f, (a,):
            head = FUNCTIONS[f] if tex else {"sg": "σ"}.get(f, f)
            return head + _call(a, form), 3 if tex else 4
        case "abs", (a,):
            s = _term(a, form)[0]
            return (rf"\left|{s}\right|" if tex else f"|{s}|"), 4
        case "inv", (a,):
            return (rf"\frac{{1}}{{{_term(a, form)[0]}}}", 3) if tex else (
                f"1/{_wrap(a, form, 3)}", 2)
        case ("seq" | "mat"), (x, *indices):
            return _indexed(x, tuple(indices), (), form), 4
        case "fun", (x, *points):
            return _indexed(x, (), [_term(p, form)[0] for p in points], form), 4
        case "one", ():
            return "I", 4
        case "diag", (i, body):
            s, index = _term(body, form)[0], _term(i, form)[0]
            return (rf"\operatorname{{diag}}_{{{index}}}\left({s}\right)" if tex
                    else f"diag{_sub(index)}({s})"), 4
        case "norm", (m,):
            s = _term(m, form)[0]
            return (rf"\left\|{s}\right\|" if tex else f"‖{s}‖"), 4
        case ("sum" | "prod") as op, (k, lo, hi, body):
            index, a, b = (_term(x, form)[0] for x in (k, lo, hi))
            sign = {"sum": (r"\sum", "Σ"), "prod": (r"\prod", "∏")}[op][0 if tex else 1]
            limits = f"_{{{index}={a}}}^{{{b}}} " if tex else f"[{index}={a}..{b}] "
            return sign + limits + _wrap(body, form, 2 if op == "sum" else 3), 2
        case "D", (x, at, body):
            v = _term(x, form)[0]
            d = r"\partial" if tex else "∂"
            if body.op in ("rec", "var", "seq") and tex:
                shown = rf"\frac{{\partial {_term(body, form)[0]}}}{{\partial {v}}}"
            elif tex:
                shown = rf"\frac{{\partial}}{{\partial {v}}}{_wrap(body, form, 4)}"
            else:
                shown = f"{d}{_wrap(body, form, 4)}/{d}{v}"
            if at.op == "var" and at.args == x.args:
                return shown, 3 if tex else 2
            where = f"{v}={_term(at, form)[0]}"
            return (rf"\left.{shown}\right|_{{{where}}}" if tex else f"({shown})|[{where}]"), 3
        case "rec", (d, j, *params, last):
            changed = [f"{name(x[1], form)}={_term(p, form)[0]}" for x, p in zip(
                d.params, params, strict=True) if p.op != "var" or p.args != x]
            return _indexed(d.parts[j][0], (last,), changed, form), 4
    raise TypeError(f"no notation for {t.op}")


def _number(q: Fraction, tex: bool) -> tuple[str, int]:
    small, power = abs(q.numerator), 0
    digits = _decimals(q.denominator)
    if q and digits is not None and (small >= 10**9 or abs(q) < Fraction(1, 10**6)):
        small, power = small * 10**digits // q.denominator, -digits
        while small % 10 == 0:
            small, power = small // 10, power + 1
        if abs(power) > 5:  # 216·10⁻¹⁵⁷ reads better than its zeros
            sign = ("-" if tex else "−") if q < 0 else ""
            shown = rf"10^{{{power}}}" if tex else "10" + _sup(str(power))
            shown = shown if small == 1 else f"{small}" + (r" \cdot " if tex else "·") + shown
            return sign + shown, 1 if q < 0 else 2
    if q.denominator == 1:
        return str(q) if tex else str(q).replace("-", "−"), 4 if q >= 0 else 1
    top, bottom = abs(q.numerator), q.denominator
    if digits is not None and bottom > 16:  # a decimal fraction reads better than 55968/125000
        shown = f"{top * 10**digits // bottom:0{digits + 1}d}"
        shown = f"{shown[:-digits]}.{shown[-digits:]}"
        return ("-" if q < 0 else "") + shown, 1 if q < 0 else 4
    shown = rf"\frac{{{top}}}{{{bottom}}}" if tex else f"{top}/{bottom}"
    return ("-" if q < 0 else "") + shown, 1 if q < 0 else 4 if tex else 2


def _decimals(bottom: int) -> int | None:
    twos = fives = 0
    while bottom % 2 == 0:
        bottom, twos = bottom // 2, twos + 1
    while bottom % 5 == 0:
        bottom, fives = bottom // 5, fives + 1
    return max(twos, fives) if bottom == 1 else None


def _call(a: Term, form: Form) -> str:
    s = _term(a, form)[0]
    if form == "latex":
        return rf"\left({s}\right)"
    return f"({s})"


def limit(c: Claim) -> tuple[Term, Term, Term] | None:
    """(n, a, b) if the claim says, with ε and N, that a tends to b as n grows; else None."""
    match c:
        case Claim(op="all", args=(eps, Claim(op="imp", args=(
                Claim(op="gt", args=(Term() as size, zero)),
                Claim(op="ex", args=(start, Claim(op="and", args=(
                    Claim(op="ge", args=(begin, first)),
                    Claim(op="all", args=(n, Claim(op="imp", args=(
                        Claim(op="ge", args=(at, late)),
                        Claim(op="le", args=(Term(op="abs", args=(body,)), small)))))))))))))):
            same = [(size, eps), (small, eps), (begin, start), (late, start), (at, n)]
            plain = all(x.op == "var" and x.args == y.args for x, y in same)
            apart = not {eps.args, start.args} & free(body.kernel)
            if plain and apart and not zero.kernel and not first.kernel:
                if body.op == "sub" and n.args not in free(body.args[1].kernel):
                    return n, body.args[0], body.args[1]
                return n, body, language.number(0)
    return None


def _claim(c: Claim, form: Form) -> str:
    tex = form == "latex"
    tends = limit(c)
    if tends is not None:
        n, a, b = (_term(x, form)[0] for x in tends)
        return rf"{a} \to {b} \;\; ({n} \to \infty)" if tex else f"{a} → {b} ({n} → ∞)"
    match c.op, c.args:
        case op, (a, b) if op in RELATIONS:
            return f"{_term(a, form)[0]} {RELATIONS[op][0 if tex else 1]} {_term(b, form)[0]}"
        case "and", parts:
            link = r" \;\wedge\; " if tex else " and "
            return link.join(_closed(p, form) for p in parts)
        case "imp", (a, b):
            arrow = r" \;\Rightarrow\; " if tex else " ⟹ "
            left = _closed(a, form) if a.op in ("all", "ex", "imp") else _claim(a, form)
            return left + arrow + _claim(b, form)
        case ("all" | "ex") as op, (x, body):
            sign = {"all": (r"\forall", "∀"), "ex": (r"\exists", "∃")}[op][0 if tex else 1]
            names = [x]  # neighbouring variables of one sort share the sign
            while body.op == op and body.args[0].args[0] == x.args[0]:
                names.append(body.args[0])
                body = body.args[1]
            listed = (", " if not tex else ",").join(_term(v, form)[0] for v in names)
            domain = "" if x.args[0] == "v" else r" \in \mathbb{Z}" if tex else "∈ℤ"
            inner = _claim(body, form)
            return (rf"{sign} {listed}{domain}.\; {inner}" if tex
                    else f"{sign}{listed}{domain}. {inner}")
    raise TypeError(f"no notation for {c.op}")


def _closed(c: Claim, form: Form) -> str:
    s = _claim(c, form)
    if c.op in RELATIONS or limit(c) is not None:
        return s
    return rf"\left({s}\right)" if form == "latex" else f"({s})"


# ---------------------------------------------------------------- definitions
def definition(d: Def, form: Form) -> str:
    """The recursion, as its equations; one line each, separated by newlines."""
    tex = form == "latex"
    n = language.integer(d.index)
    rec = language.Recursion(d)
    now = {label: rec(j, n).kernel for j, (label, _, _) in enumerate(d.parts)}
    lines = []
    for j, (_, base, step) in enumerate(d.parts):
        after = subst(step, {
            ("v" if isinstance(b, Poly) else "mat", x): now[x] for x, b, _ in d.parts
        })
        start, value = _term(rec(j, 0), form)[0], _term(language.shape(base), form)[0]
        first = f"{start} = {value}" if start != value else f"{start} " + (
            r"\text{ given}" if tex else "given")
        next_ = f"{_term(rec(j, n + 1), form)[0]} = {_term(language.shape(after), form)[0]}"
        lines.append(first + (r",\quad " if tex else ",  ") + next_)
    return "\n".join(lines)


# ---------------------------------------------------------------- JSON
def to_json(x: Any, table: list[Any]) -> Any:
    """The shape of a term or claim. Definitions go into the table, once each, inner ones first."""
    match x:
        case Term(op="num", args=(q,)):
            return ["num", str(q)]
        case Term(op="rec", args=(d, j, *rest)):
            return ["rec", _definition_index(d, table), j, *[to_json(y, table) for y in rest]]
        case Term() | Claim():
            return [x.op, *[to_json(y, table) for y in x.args]]
        case str() | int():
            return x
    raise TypeError(f"no JSON form: {x!r}")


def _definition_index(d: Def, table: list[Any]) -> int:
    rows = [[label, *(to_json(language.shape(t), table) for t in (base, step))]
            for label, base, step in d.parts]
    written = {"name": d.name, "params": [list(p) for p in d.params], "index": d.index,
               "parts": rows}
    if written not in table:
        table.append(written)
    return table.index(written)


def from_json(x: Any, table: list[Any]) -> Any:
    """A term or claim from its shape; the kernel form is computed anew. Inverse of ``to_json``."""
    try:
        return _from_json(x, definitions_from_json(table))
    except (KernelError, TypeError, ValueError, LookupError, AttributeError,
            RecursionError) as e:
        raise CertificateError(f"the displayed statement cannot be read: {e}") from None


def definitions_from_json(table: list[Any]) -> list[Def]:
    """The definitions of a table, each of which mentions earlier ones only."""
    made: list[Def] = []
    for x in table:
        if isinstance(x, Def):
            made.append(x)
            continue
        rows = tuple((label, _from_json(base, made).kernel, _from_json(step, made).kernel)
                     for label, base, step in x["parts"])
        made.append(Def(x["name"], tuple((a, b) for a, b in x["params"]), x["index"], rows))
    return made


def _from_json(x: Any, table: list[Def]) -> Any:
    if not isinstance(x, list):
        return x
    op, *raw = x
    if op == "num":
        return language.number(Fraction(raw[0]))
    if op == "rec":
        k, j, *rest = raw
        if type(k) is not int or k < 0:
            raise ValueError("a definition is missing")
        values = [_from_json(a, table) for a in rest]
        return language.Recursion(table[k])(j, values[-1], *values[:-1])
    args = [_from_json(a, table) for a in raw]
    if op == "var":
        return (language.real if args[0] == "v" else language.integer)(args[1])
    if op in _BUILD:
        return _BUILD[op](*args)
    raise ValueError(f"no such operation: {op}")


_BUILD: Final[dict[str, Callable[..., Any]]] = {
    "add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b, "neg": lambda a: -a, "pow": lambda a, n: a**n,
    "power": lambda a, n: a**n, "tanh": language.tanh, "sg": language.sigmoid,
    "exp": language.exp, "abs": language.absolute, "inv": language.inv,
    "seq": language.sequence, "mat": language.matrix, "one": language.identity,
    "diag": language.diagonal, "norm": language.norm, "sum": language.total,
    "prod": language.product, "D": lambda x, at, body: language.derivative(x, body, at),
    "lt": lambda a, b: a < b, "le": lambda a, b: a <= b, "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b, "eq": lambda a, b: a.eq(b),
    "and": lambda *p: Claim("and", p, ("and", *[q.formula for q in p])),
    "imp": lambda a, b: a.implies(b), "all": language.forall, "ex": language.exists,
}

"""Certificates: a theorem's derivation as JSON, and its replay by the kernel alone.

A certificate is one object: ``format``, ``version``, ``nodes`` and ``steps``, and optionally
``about`` (name, title, source, the statement for display). ``nodes`` is a table of terms and
definitions, each of which refers to earlier ones only; ``steps`` is the list of rule applications,
each of which refers to earlier steps only. The last step is the theorem. Values are encoded as

    {"n": k}  the k-th node        {"t": k}  the theorem of the k-th step      {"q": "3/4"}
    a list    a tuple              a string or an integer: itself

and the nodes as ``["p", [[coefficient, [[atom, exponent], ...]], ...]]`` for a polynomial,
``["m", [[scalar, [letter, ...]], ...]]`` for a matrix, ``["d", name, params, index, parts]`` for a
definition. Replay trusts nothing in the file: every term goes through ``kernel.term``, every step
through its rule. This module imports the kernel only.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from bptt_sym.prove.kernel import RULES, Atom, Def, KernelError, Mat, Poly, Thm, term

FORMAT: Final = "bptt-sym-certificate"
VERSION: Final = 1
LONGEST: Final = 50_000_000  # characters: a file beyond this is refused unread


class CertificateError(Exception):
    """The file is not a certificate that this version can read."""


def steps(theorem: Thm) -> list[Thm]:
    """The theorems of the derivation, premises first, each once; the theorem itself is last."""
    order: list[Thm] = []
    seen: set[int] = set()
    stack = [(theorem, False)]
    while stack:
        t, expanded = stack.pop()
        if id(t) in seen:
            continue
        if expanded:
            seen.add(id(t))
            order.append(t)
        else:
            stack.append((t, True))
            stack.extend((p, False) for p in premises(t) if id(p) not in seen)
    return order


def premises(theorem: Thm) -> Iterator[Thm]:
    """The theorems among the arguments of the rule that made this one."""
    stack: list[Any] = [theorem.args]
    while stack:
        x = stack.pop()
        if type(x) is Thm:
            yield x
        elif type(x) is tuple:
            stack.extend(reversed(x))


def definitions(values: Iterable[Any]) -> list[Def]:
    """The recursions in terms, formulas and definitions, inner ones first, each once."""
    order: dict[Def, None] = {}
    seen: set[Any] = set()

    def visit(x: Any) -> None:
        if isinstance(x, (Poly, Mat)):
            if x not in seen:
                seen.add(x)
                for key, c in x.terms.items():
                    visit(tuple(key))
                    visit(c)
        elif isinstance(x, tuple):
            for y in x:
                visit(y)
        elif isinstance(x, Def) and x not in order:
            visit(x.parts)
            order[x] = None

    for v in values:
        visit(v)
    return list(order)


# ---------------------------------------------------------------- writing
class _Writer:
    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.node_of: dict[Any, int] = {}
        self.step_of: dict[int, int] = {}
        self.keys: dict[Any, str] = {}

    def key(self, x: Any) -> str:
        """A name of a value that does not depend on the order in which it was built."""
        if isinstance(x, (Poly, Mat, Def)):
            known = self.keys.get((type(x), x))
            if known is None:
                if isinstance(x, Def):
                    text = self.key((x.name, x.params, x.index, x.parts))
                elif isinstance(x, Mat):
                    text = "".join(sorted(self.key((w, c)) for w, c in x.terms.items()))
                else:
                    text = "".join(sorted(
                        "".join(sorted(map(self.key, m))) + str(c) for m, c in x.terms.items()
                    ))
                known = hashlib.sha256(text.encode()).hexdigest()
                self.keys[type(x), x] = known
            return known
        return f"({','.join(map(self.key, x))})" if isinstance(x, tuple) else repr(x)

    def value(self, x: Any) -> Any:
        match x:
            case Thm():
                return {"t": self.step_of[id(x)]}
            case Poly() | Mat() | Def():
                if (type(x), x) not in self.node_of:
                    self.nodes.append(self.node(x))
                    self.node_of[type(x), x] = len(self.nodes) - 1
                return {"n": self.node_of[type(x), x]}
            case Fraction():
                return {"q": str(x)}
            case tuple():
                return [self.value(y) for y in x]
            case str() | int():
                return x
        raise CertificateError(f"cannot write a {type(x).__name__}")

    def node(self, x: Poly | Mat | Def) -> Any:
        if isinstance(x, Def):
            return ["d", x.name, self.value(x.params), x.index, self.value(x.parts)]
        if isinstance(x, Mat):
            words = sorted(x.terms.items(), key=self.key)
            return ["m", [[self.value(c), [self.value(a) for a in w]] for w, c in words]]
        monomials = sorted(
            ((tuple(sorted(m, key=self.key)), c) for m, c in x.terms.items()), key=self.key
        )
        return ["p", [[str(c), [[self.value(a), e] for a, e in m]] for m, c in monomials]]


def export(theorem: Thm, about: dict[str, Any] | None = None) -> str:
    """The certificate of a theorem, as deterministic JSON text (one line a step)."""
    writer, lines = _Writer(), []
    for i, t in enumerate(steps(theorem)):
        lines.append(json.dumps([t.rule, *map(writer.value, t.args)], ensure_ascii=False))
        writer.step_of[id(t)] = i
    head = json.dumps({"format": FORMAT, "version": VERSION, "about": about or {}},
                      ensure_ascii=False, indent=1)
    nodes = [json.dumps(n, ensure_ascii=False) for n in writer.nodes]
    return (
        head[:-2] + ',\n "nodes": [\n' + ",\n".join(nodes)
        + '\n],\n "steps": [\n' + ",\n".join(lines) + "\n]}\n"
    )


# ---------------------------------------------------------------- reading
class _Reader:
    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.steps: list[Thm] = []

    def value(self, x: Any) -> Any:
        match x:
            case {"n": int(k), **rest} if not rest:
                return self.earlier(self.nodes, k)
            case {"t": int(k), **rest} if not rest:
                return self.earlier(self.steps, k)
            case {"q": str(q), **rest} if not rest:
                return _rational(q)
            case list():
                return tuple(self.value(y) for y in x)
            case str() | int() if not isinstance(x, bool):
                return x
        raise CertificateError(f"not a value of a certificate: {str(x)[:60]}")

    @staticmethod
    def earlier(table: list[Any], k: int) -> Any:
        if not 0 <= k < len(table):
            raise CertificateError(f"reference to entry {k} of {len(table)}")
        return table[k]

    def node(self, x: Any) -> Any:
        match x:
            case ["p", list() as monomials]:
                total = Poly.of(0)
                for c, m in monomials:
                    product = Poly.of(_rational(c))
                    for a, e in m:
                        product = product * self.atom(a) ** e
                    total = total + product
                return total
            case ["m", list() as words]:
                matrix = Mat.of(0)
                for c, letters in words:
                    image = Mat.of(self.value(c))
                    for a in letters:
                        image = image * self.atom(a)
                    matrix = matrix + image
                return matrix
            case ["d", name, params, index, parts]:
                return Def(name, self.value(params), index, self.value(parts))
        raise CertificateError(f"not a node of a certificate: {str(x)[:60]}")

    def atom(self, x: Any) -> Any:
        a: Atom = self.value(x)
        return term(a)


def _rational(text: Any) -> Fraction:
    if isinstance(text, str) and re.fullmatch(r"-?[0-9]{1,99999}(/0*[1-9][0-9]{0,99999})?", text):
        return Fraction(text)
    raise CertificateError(f"not a rational number: {str(text)[:60]}")


def parse(text: str) -> dict[str, Any]:
    """The JSON object of a certificate. Raises ``CertificateError`` on any other text."""
    if len(text) > LONGEST:
        raise CertificateError("the file is too long for a certificate")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as e:
        raise CertificateError(f"not JSON, or truncated: {e}") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise CertificateError("not a bptt-sym certificate")
    version = data.get("version")
    if type(version) is not int or version < 1:
        raise CertificateError("a certificate without a version")
    if version > VERSION:
        raise CertificateError(
            f"the certificate has version {version}; this release reads up to version {VERSION}"
        )
    if not isinstance(data.get("nodes"), list) or not isinstance(data.get("steps"), list):
        raise CertificateError("nodes or steps are missing")
    if not data["steps"]:
        raise CertificateError("a certificate without a step")
    return data


def read(text: str) -> str:
    """The text itself, or of the file it names. Raises ``CertificateError`` if there is none."""
    if text.lstrip().startswith("{"):
        return text
    try:
        path = Path(text)
        if path.exists() and not path.is_file():
            raise CertificateError(f"cannot read {text}: it is no plain file")
        if path.stat().st_size > 4 * LONGEST:
            raise CertificateError(f"{text} is longer than {LONGEST} characters")
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as e:
        raise CertificateError(f"cannot read {text}: {e}") from None


def replay(source: str | Path) -> Thm:
    """The theorem of a certificate (its text, or the path of its file), made again by the rules.

    Raises ``CertificateError`` for a file that is none, is truncated, or is newer than this
    version; ``KernelError``, whose message starts with the rule's name, for a step that fails.
    """
    return replay_all(parse(read(str(source))))[-1]


def replay_all(data: dict[str, Any]) -> list[Thm]:
    """The theorems of all steps of a parsed certificate; the last is its theorem."""
    reader = _Reader()
    for k, node in enumerate(data["nodes"]):
        try:
            reader.nodes.append(reader.node(node))
        except KernelError as e:
            raise KernelError(f"{e} (node {k})") from None
        except (CertificateError, TypeError, ValueError, LookupError, RecursionError) as e:
            raise CertificateError(f"node {k}: {e}") from None
    for k, step in enumerate(data["steps"]):
        name = step[0] if isinstance(step, list) and step else None
        if not isinstance(name, str) or name not in RULES:
            raise CertificateError(f"step {k}: no such rule: {str(name)[:40]}")
        try:
            reader.steps.append(RULES[name](*[reader.value(x) for x in step[1:]]))
        except KernelError as e:
            raise KernelError(f"{e} (step {k})") from None
        except (CertificateError, TypeError, RecursionError) as e:
            raise CertificateError(f"step {k}: {e}") from None
    _check_names(reader.steps[-1])
    return reader.steps


def _check_names(theorem: Thm) -> None:
    """Refuse a statement in which one name means two things: it could not be read."""
    used: dict[str, Any] = {}
    for d in definitions([*theorem.hyps, theorem.concl]):
        for label, _, _ in d.parts:
            standard = d.name in ("power", "product")  # printed in full, not by a label
            if not standard and used.setdefault(label, d) != d:
                raise CertificateError(f"two definitions of {label} in one statement")


ANALYTIC: Final = {
    "evaluate": "ball arithmetic", "enclose": "ball arithmetic", "mvt": "mean value theorem",
    "ivt": "intermediate value theorem", "d_rule": "differentiation rules",
    "diag_bound": "norm of a diagonal",
}


def trusted(theorem: Thm) -> list[str]:
    """What the derivation takes on trust beyond logic and algebra, by name, in a fixed order."""
    return _trusted((t.rule, t.args[0] if t.args else None) for t in steps(theorem))


def trusted_in(data: dict[str, Any]) -> list[str]:
    """The same, read from the steps of a parsed certificate without replaying it."""
    return _trusted((s[0], s[1] if len(s) > 1 else None) for s in data["steps"])


def _trusted(rows: Iterable[tuple[Any, Any]]) -> list[str]:
    found = {str(first) if rule == "fact" else ANALYTIC.get(rule, "") for rule, first in rows}
    return sorted(found - {""})

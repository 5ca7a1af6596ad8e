"""The published theorems: one script a theorem in ``proofs/``, and its certificate."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bptt_sym.prove import certificate, notation, theorem
from bptt_sym.prove.theorem import Theorem


class UnknownTheorem(KeyError):
    """There is no theorem of that name."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True)
class TheoremInfo:
    """What ``prove --list`` shows of a theorem, read from its certificate without replaying it."""

    name: str
    title: str
    statement_latex: str
    statement_text: str
    source: str
    best_constant: str | None
    trusted_facts: tuple[str, ...]
    certificate: Path


def library_path() -> Path:
    """The directory of the proofs: in the installed package, or at the top of the source tree."""
    here = Path(__file__).resolve().parent
    for candidate in (here / "library", here.parents[1] / "proofs"):
        if (candidate / "certificates").is_dir():
            return candidate
    raise FileNotFoundError("the proofs are not installed")


@cache
def names() -> tuple[str, ...]:
    """The names of the theorems, in the order in which they are best read."""
    order = {name: k for k, name in enumerate(ORDER)}
    found = [p.stem for p in (library_path() / "certificates").glob("*.json")]
    return tuple(sorted(found, key=lambda n: (order.get(n, len(order)), n)))


ORDER = (
    "ex1", "ex2", "ex2-sharper", "ex3", "series", "forms", "p1", "p1-sum", "p1-log", "p2",
    "p2-decay", "p2-root", "p3", "p4", "sigmoid", "p6", "chain-rule", "p5", "p5-linear",
    "p5-perron", "p5-radius", "p7", "p14", "p13", "p8", "p9", "p9-figures", "lstm-terms",
    "lstm-state", "p10-growth", "p10", "p10-start", "p10-figures", "p11", "p11-contraction", "p12",
    "refute-a", "refute-b", "refute-c", "refute-d", "refute-e", "refute-f", "refute-rho",
)


def certificate_path(name: str) -> Path:
    """The certificate file of a theorem. Raises ``UnknownTheorem``."""
    if name not in names():
        raise UnknownTheorem(f"no theorem {name!r}; there are {', '.join(names())}")
    return library_path() / "certificates" / f"{name}.json"


def info(name: str) -> TheoremInfo:
    """The catalogue's entry of one theorem."""
    path = certificate_path(name)
    data = certificate.parse(path.read_text(encoding="utf-8"))
    about = data["about"]
    table = list(notation.definitions_from_json(about["definitions"]))
    hyps = [notation.from_json(h, table) for h in about["hypotheses"]]
    concl = notation.from_json(about["conclusion"], table)

    def line(write: Callable[[Any], str], comma: str, arrow: str) -> str:
        return (comma.join(map(write, hyps)) + arrow if hyps else "") + write(concl)

    return TheoremInfo(
        about["name"], about["title"],
        line(notation.latex, r",\; ", r" \;\Longrightarrow\; "),
        line(notation.text, ", ", " ⟹ "),
        about["source"], about.get("best_constant"),
        tuple(certificate.trusted_in(data)), path,
    )


def catalogue() -> list[TheoremInfo]:
    """All published theorems."""
    return [info(name) for name in names()]


def load(name: str) -> Theorem:
    """The theorem from its certificate, every step checked again by the kernel."""
    return theorem.from_certificate(certificate_path(name).read_text(encoding="utf-8"))


def prove(name: str) -> Theorem:
    """The theorem, its proof found anew by its script in ``proofs/``."""
    script = library_path() / f"{name.replace('-', '_')}.py"
    if not script.is_file():
        raise UnknownTheorem(f"no theorem {name!r}; there are {', '.join(names())}")
    spec = importlib.util.spec_from_file_location(f"bptt_sym_proof_{script.stem}", script)
    if spec is None or spec.loader is None:
        raise UnknownTheorem(f"{script} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made: Theorem = module.theorem()
    return made


def write_certificate(name: str) -> Path:
    """Prove the theorem anew and write its certificate into the library."""
    made = prove(name)
    path = library_path() / "certificates" / f"{name}.json"
    path.write_text(made.certificate(), encoding="utf-8")
    names.cache_clear()
    return path

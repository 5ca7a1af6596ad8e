"""Compile exported theorems with ``coqc``; results are kept by the hash of what they rest on.

A theorem is accepted when its file compiles and ``Print Assumptions`` lists allowed axioms only.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Final

from bptt_sym.prove import library
from bptt_sym.prove.rocq.theory import export

SOURCES: Final = Path(__file__).resolve().parent / "library"
PACKAGE: Final = Path(__file__).resolve().parents[1]
ORDER: Final = (
    "RationalRing", "Functions", "Rules", "Calculus", "Algebra", "Matrices", "Enclosure",
)
TIMEOUT: Final = 900  # seconds for one file

#: The axioms of Coq's classical real numbers, and those that Reals and Coquelicot add to them.
allowed_axioms: Final = frozenset({
    "ClassicalDedekindReals.sig_forall_dec",
    "ClassicalDedekindReals.sig_not_dec",
    "FunctionalExtensionality.functional_extensionality_dep",
    "Classical_Prop.classic",
})


class CoqMissing(Exception):
    """``coqc`` or one of its libraries is not installed."""


@dataclass(frozen=True)
class CompileResult:
    """What ``coqc`` said about one theorem. ``assumptions`` are the axioms it rests on."""

    name: str
    ok: bool
    seconds: float
    assumptions: tuple[str, ...]
    log: str


def missing() -> str | None:
    """Why nothing can be compiled, or None if ``coqc`` and its libraries are there."""
    coqc = shutil.which("coqc")
    if coqc is None:
        return "coqc is not installed (Debian: coq libcoq-interval libcoq-coquelicot)"
    where = Path(_output([coqc, "-where"]).strip()) / "user-contrib"
    absent = [x for x in ("Coquelicot", "Interval") if not (where / x).is_dir()]
    return f"Coq libraries are not installed: {', '.join(absent)}" if absent else None


def _output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


@cache
def _version() -> str:
    return _output(["coqc", "--version"])


def _hash(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:32]


def _sources() -> dict[str, str]:
    return {name: (SOURCES / f"{name}.v").read_text(encoding="utf-8") for name in ORDER}


def default_cache() -> Path:
    """Where compiled files are kept unless another directory is given."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "bptt-sym" / "rocq"


def compiled_library(cache_dir: Path) -> Path:
    """The directory of the compiled lemmas; compiled now if it is not there.

    Raises ``CoqMissing`` without ``coqc``, ``RuntimeError`` with its message if a lemma fails.
    """
    reason = missing()
    if reason:
        raise CoqMissing(reason)
    sources = _sources()
    done = cache_dir / f"library-{_hash(_version(), *sources.values())}"
    if (done / "complete").is_file():
        return done
    cache_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache_dir) as scratch:
        work = Path(scratch) / "library"
        work.mkdir()
        for name, text in sources.items():
            (work / f"{name}.v").write_text(text, encoding="utf-8")
            status, log = _coqc(work, work / f"{name}.v")
            if status:
                raise RuntimeError(f"the lemmas of {name}.v do not compile: {log}")
        (work / "complete").touch()
        try:
            work.rename(done)
        except OSError:  # another process was faster
            if not (done / "complete").is_file():
                raise
    return done


def _coqc(library_dir: Path, file: Path) -> tuple[int, str]:
    command = ["coqc", "-q", "-w", "none", "-Q", str(library_dir), "BpttSym", str(file)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    except subprocess.TimeoutExpired:
        return 1, f"coqc did not end within {TIMEOUT} seconds"
    return done.returncode, done.stdout + done.stderr


def assumptions(log: str) -> tuple[str, ...] | None:
    """The axioms that ``Print Assumptions`` listed; None if it printed nothing."""
    if "Closed under the global context" in log:
        return ()
    _, found, listed = log.partition("Axioms:\n")
    return tuple(re.findall(r"^([^\s:]+)\s*:?", listed, re.MULTILINE)) if found else None


def compile_text(name: str, text: str, cache_dir: Path | None = None) -> CompileResult:
    """Compile one exported theorem, or read the result of the same text from the cache."""
    where = cache_dir or default_cache()
    lemmas = compiled_library(where)
    kept = where / f"{_hash(lemmas.name, text)}.json"
    with contextlib.suppress(OSError, ValueError, KeyError):
        data = json.loads(kept.read_text(encoding="utf-8"))
        return CompileResult(name, data["ok"], data["seconds"], tuple(data["assumptions"]),
                             data["log"])
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "theorem.v"
        file.write_text(text, encoding="utf-8")
        status, log = _coqc(lemmas, file)
    found = assumptions(log)
    ok = status == 0 and found is not None and set(found) <= allowed_axioms
    result = CompileResult(name, ok, round(time.monotonic() - begun, 2), found or (), log)
    if status == 0:
        partial = kept.with_suffix(f".{os.getpid()}")
        partial.write_text(json.dumps(asdict(result)), encoding="utf-8")
        partial.replace(kept)
    return result


def exported(source: Path, cache_dir: Path) -> str:
    """The Gallina text of a certificate; kept by the certificate and the package that makes it.

    Raises
    ------
    CertificateError, KernelError
        What the certificate says is not accepted.
    """
    certificate = source.read_text(encoding="utf-8")
    kept = cache_dir / f"{_hash(_package(), certificate)}.v"
    with contextlib.suppress(OSError, UnicodeError):
        return kept.read_text(encoding="utf-8")
    text = export(source)
    partial = kept.with_suffix(f".{os.getpid()}")
    partial.write_text(text, encoding="utf-8")
    partial.replace(kept)
    return text


@cache
def _package() -> str:
    """The hash of all sources of ``prove``: whatever changes there, the texts are made again."""
    files = sorted(PACKAGE.rglob("*.py"))
    return _hash(*(f.read_text(encoding="utf-8") for f in files))


def compile_all(
    names: Sequence[str] | None = None, cache_dir: Path | None = None, jobs: int = 1
) -> list[CompileResult]:
    """Export and compile theorems of the library, all of them unless names are given.

    A name that ends in ``.json`` is the path of a certificate.
    """
    wanted = list(library.names() if names is None else names)
    compiled_library(cache_dir or default_cache())

    def one(name: str) -> CompileResult:
        source = Path(name) if name.endswith(".json") else library.certificate_path(name)
        return compile_text(name, exported(source, cache_dir or default_cache()), cache_dir)

    with ThreadPoolExecutor(max_workers=max(1, jobs)) as pool:
        return list(pool.map(one, wanted))

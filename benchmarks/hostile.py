"""Does every command end soon, in little memory, and say what is wrong, whatever it is given?

    python benchmarks/hostile.py [KIND …] [--formats] [--only WORDS] [--jobs N] [--all]

Runs each input of ``hostile_inputs.py`` and ``hostile_files.py`` by the command line in a process
of its own, and looks at processor time, memory, exit status and what is printed: no traceback, no
"internal error", nothing that steers a terminal, not more than :data:`PRINTED` bytes. ``--formats``
runs every audit in the other formats too, and reads what comes back. The status is 1 if one input
goes beyond the limits.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from hostile_inputs import Input, inputs

ROOT = Path(__file__).parent.parent
#: Seconds of processor time, with start-up; megabytes of memory; bytes that are printed.
SECONDS = 10.0
MEGABYTES = 2_000
PRINTED = 8_000_000
#: The run is ended here.
LAST = 60
FORMATS = ("json", "sarif", "github", "html")

#: What a terminal would obey: controls of both sets, and directions.
_STEERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029]")
_RUNS = re.compile(r"<\s*(?:script|img|svg|iframe|object|embed)\b|\bon[a-z]+\s*=\s*[^<>]*>|"
                   r"(?:href|src)\s*=", re.IGNORECASE)  # fmt: skip


_ANNOTATION = re.compile(r"::(?:error|warning|notice) ")


@dataclass(frozen=True)
class Found:
    """What one run took, and what is wrong with it."""

    seconds: float
    megabytes: float
    status: int
    printed: int
    faults: tuple[str, ...]
    said: str


def run(given: Input, format: str = "text") -> Found:
    """Run one input in a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="hostile"))
    try:
        for name, content in given.files.items():
            (folder / name).write_bytes(content())
        if given.made is not None:
            given.made(folder)
        return _run(given, format, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _limited() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (LAST, LAST))
    resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 29, 1 << 29))


def _run(given: Input, format: str, folder: Path) -> Found:
    argv = [sys.executable, "-m", "bptt_sym.cli", *given.argv]
    if format != "text":
        argv[4:4] = ["--format", format]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    source = folder / "stdin"
    if given.stdin is not None:
        source.write_bytes(given.stdin())
    out, err = folder / "stdout", folder / "stderr"
    with (
        out.open("wb") as stdout, err.open("wb") as stderr,
        (source if given.stdin is not None else Path(os.devnull)).open("rb") as stdin,
    ):  # fmt: skip
        process = subprocess.Popen(
            argv, cwd=folder, stdin=stdin, stdout=stdout, stderr=stderr, env=environment,
            preexec_fn=_limited,
        )  # fmt: skip
        until = time.monotonic() + 3 * LAST
        while True:
            pid, status, used = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() > until:
                process.kill()
                until += 3 * LAST
            time.sleep(0.02)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds, megabytes = used.ru_utime + used.ru_stime, used.ru_maxrss / 1000
    printed = out.stat().st_size + err.stat().st_size
    shown = out.read_bytes()[:PRINTED], err.read_bytes()[:PRINTED]
    faults = list(_faults(given, format, process.returncode, *shown))
    if seconds > SECONDS:
        faults.append(f"{seconds:.0f} s")
    if megabytes > MEGABYTES:
        faults.append(f"{megabytes:.0f} MB")
    if printed > PRINTED:
        faults.append(f"prints {printed / 1e6:.1f} MB")
    if (folder / "owned").exists():
        faults.append("RAN WHAT IT READ")
    said = shown[1].decode("utf-8", "replace") + shown[0].decode("utf-8", "replace")
    return Found(seconds, megabytes, process.returncode, printed, tuple(faults), said[:3000])


def _faults(given: Input, format: str, status: int, out: bytes, err: bytes) -> Iterator[str]:
    if status not in given.statuses:
        yield f"status {status}, not {' or '.join(map(str, given.statuses))}"
    both = out + err
    if b"Traceback" in both:
        yield "traceback"
    if b"internal error" in both:
        yield "internal error"
    if status == 2 and not err.strip() and format == "text" and not out.strip():
        yield "no message"
    try:
        text, errors = out.decode("utf-8"), err.decode("utf-8")
    except UnicodeDecodeError:
        yield "prints what is no UTF-8"
        return
    if given.says and given.says not in text + errors:
        yield f"does not say {given.says!r}"
    # What is meant for machines is escaped by their rules; messages stand on the terminal always.
    shown = errors + (text if format in ("text", "github") and given.argv[0] != "code" else "")
    if found := _STEERS.search(shown.replace("\r\n", "\n")):
        yield f"prints {found.group()!r}"
    longest = max(map(len, shown.split("\n")), default=0)
    # (A formula that was asked for, and JSON Lines, are printed whole.)
    whole = given.argv[0] in ("derive", "code") or "--batch" in given.argv
    if longest > 5_000 and format == "text" and not whole:
        yield f"a line of {longest} characters"
    yield from _ill_formed(format, text, status)


def _ill_formed(format: str, text: str, status: int) -> Iterator[str]:
    """What is wrong with a report for machines."""
    if format in ("json", "sarif"):
        try:
            if text.strip() or status != 2:
                json.loads(text, parse_constant=lambda name: 1 / 0)
        except (ValueError, ZeroDivisionError) as error:
            yield f"no {format}: {error}"
    elif format == "github":
        rest = [x for x in text.split("\n") if x and not _ANNOTATION.match(x)]
        if rest:
            yield f"no annotation: {rest[0][:60]!r}"
    elif format == "html":
        body = re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)
        tags = "\n".join(re.findall(r"<[^>]*>?", body))
        if found := _RUNS.search(tags):
            yield f"the page has {found.group()!r}"
        if text.count("<section") != text.count("</section"):
            yield "a page that breaks off"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("kind", nargs="*", help="markdown, latex, html, notebook, files, …")
    parser.add_argument("--formats", action="store_true", help="audits in every format")
    parser.add_argument("--only", default="", help="inputs whose names contain this")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--all", action="store_true", help="a row for each input")
    parser.add_argument("--said", action="store_true", help="what was printed")
    asked = parser.parse_args()
    chosen = [
        (given, format)
        for given in inputs()
        if (not asked.kind or given.kind in asked.kind) and asked.only in given.name
        for format in ("text", *(FORMATS if asked.formats and given.audits else ()))
    ]
    rows: dict[str, list[Found]] = {}
    failed = 0
    print("| kind | input | seconds | MB | status | printed | |\n|---|---|--:|--:|--:|--:|---|",
          flush=True)
    with ThreadPoolExecutor(asked.jobs) as pool:
        for (given, format), found in zip(chosen, pool.map(lambda c: run(*c), chosen), strict=True):
            rows.setdefault(given.kind, []).append(found)
            failed += bool(found.faults)
            if found.faults or asked.all:
                name = ascii(given.name)[1:-1] + ("" if format == "text" else f" ({format})")
                print(
                    f"| {given.kind} | {name} | {found.seconds:.1f} | {found.megabytes:.0f} "
                    f"| {found.status} | {found.printed} | {'; '.join(found.faults)} |",
                    flush=True,
                )
            if asked.said:
                print(ascii(found.said).replace("\\n", "\n"), flush=True)
    print("\n| kind | runs | beyond | most seconds | most MB | most printed |")
    print("|---|--:|--:|--:|--:|--:|")
    for kind, runs in rows.items():
        print(
            f"| {kind} | {len(runs)} | {sum(bool(r.faults) for r in runs)} "
            f"| {max(r.seconds for r in runs):.1f} | {max(r.megabytes for r in runs):.0f} "
            f"| {max(r.printed for r in runs)} |"
        )
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())

"""The README and every page of the documentation run.

In Markdown: a ``python`` block is executed, and a ``text`` block directly after it is exactly what
it prints. In a ``console`` block each ``$ bptt-sym …`` is run in this process; what follows it is
what it prints (``...`` stands for any text), and ``# exit status N`` after the command says how it
ends, 0 if nothing is said. Docstring examples are run as doctests.
"""

from __future__ import annotations

import contextlib
import doctest
import importlib
import io
import pkgutil
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

import bptt_sym

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    p.relative_to(ROOT).as_posix() for p in [ROOT / "README.md", *ROOT.glob("docs/**/*.md")]
)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: Languages of blocks that are shown and not run.
SHOWN = frozenset({"sh", "text", "json", "toml", "yaml", "latex", "math", "markdown", "c", "rocq"})
OPTIONAL = frozenset({"torch", "jax", "matplotlib", "hypothesis", "pytest"})


def blocks(page: str) -> list[tuple[int, str, str]]:
    """``(line, language, text)`` of the fenced blocks."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return [
        (text.count("\n", 0, m.start()) + 1, m.group(1), m.group(2)) for m in BLOCK.finditer(text)
    ]


def commands(block: str) -> Iterator[tuple[str, int, str]]:
    """``(command, exit status, output)`` of a console block."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        line, _, output = part.partition("\n")
        while line.endswith("\\"):
            more, _, output = output.partition("\n")
            line = line[:-1] + more.lstrip()
        command, _, comment = line.partition(" # exit status ")
        yield command.strip(), int(comment or 0), output


def matches(wanted: str, got: str) -> bool:
    """Whether ``got`` is ``wanted``, where ``...`` in it stands for any text."""
    pattern = ".*?".join(re.escape(p) for p in wanted.strip().split("..."))
    return re.fullmatch(pattern, got.strip(), re.DOTALL) is not None


@pytest.mark.parametrize("page", PAGES)
def test_python_blocks_run_and_print_what_stands_after_them(page: str) -> None:
    namespace: dict[str, object] = {"__name__": page}
    found = blocks(page)
    for i, (line, language, text) in enumerate(found):
        assert language in SHOWN | {"python", "console"}, f"{page}:{line}: {language}"
        if language != "python":
            continue
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            code = compile("\n" * line + text, page, "exec")
            exec(code, namespace)
        if i + 1 < len(found) and found[i + 1][1] == "text":
            assert matches(found[i + 1][2], out.getvalue()), f"{page}:{line}:\n{out.getvalue()}"


@pytest.mark.parametrize("page", PAGES)
def test_commands_run_and_end_as_shown(
    page: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from bptt_sym.cli import main

    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", "100")
    for line, language, text in blocks(page):
        if language != "console":
            continue
        for command, status, output in commands(text):
            program, *argv = shlex.split(command)
            assert program == "bptt-sym", f"{page}:{line}: {command}"
            assert main(argv) == status, f"{page}:{line}: {command}"
            printed = capsys.readouterr()
            assert matches(output, printed.out + printed.err), f"{command}\n{printed.out}"


def test_a_wrong_example_would_be_noticed() -> None:
    assert matches("a ... c", "a b c") and matches("a\n", "a")
    assert not matches("a", "b") and not matches("a ... c", "a b")
    assert list(commands("$ bptt-sym x \\\n    y # exit status 1\nout\n$ bptt-sym z\n")) == [
        ("bptt-sym x y", 1, "out\n"),
        ("bptt-sym z", 0, ""),
    ]


def test_the_readme_installs_for_the_tests_as_the_checks_do() -> None:
    install = "pip install '.[test]'"
    assert install in (ROOT / "README.md").read_text(encoding="utf-8")
    assert install in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def modules() -> list[str]:
    found = pkgutil.walk_packages(bptt_sym.__path__, "bptt_sym.")
    return ["bptt_sym", *(m.name for m in found)]


@pytest.mark.parametrize("name", modules())
def test_docstring_examples(name: str) -> None:
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] in OPTIONAL:
            pytest.skip(f"{error.name} is not installed")
        raise
    result = doctest.testmod(module)
    assert result.failed == 0


def test_every_reading_is_documented() -> None:
    from bptt_sym.decide.readings import READINGS

    page = (ROOT / "docs" / "readings.md").read_text(encoding="utf-8")
    for reading in READINGS:
        assert f"| {reading.code} | {reading.message} |" in page


def test_every_diagnosis_has_its_page() -> None:
    from bptt_sym.diagnose.diagnosis import CODES

    folder = ROOT / "docs" / "diagnostics"
    index = (folder / "index.md").read_text(encoding="utf-8")
    assert {p.stem for p in folder.glob("BP*.md")} == set(CODES)
    for code, message in CODES.items():
        assert f"| [{code}]({code}.md) | {message} |" in index
        assert (folder / f"{code}.md").read_text(encoding="utf-8").startswith(f"# {code}\n")

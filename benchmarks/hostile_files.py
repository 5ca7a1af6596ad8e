"""Files that are none, or too large, and hostile input of the commands besides ``audit``."""

from __future__ import annotations

import io
import json
import os
import pickle
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from hostile_inputs import ANY, CELL, TEX, Content, Input, content, document

MB = 1_000_000


def is_root() -> bool:
    """Whether no permission is ever refused to this process."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _repeated(text: str, size: int) -> Content:
    return lambda: (text * (size // len(text) + 1)).encode()[:size]


# ------------------------------------------------------------------------ files
def files() -> Iterator[Input]:
    def made(name: str, path: str, make: Callable[[Path], None], *statuses: int) -> Input:
        return Input("files", name, ("audit", path), statuses=statuses, made=make)

    def linked(target: str, path: str) -> Callable[[Path], None]:
        return lambda folder: (folder / path).symlink_to(target)

    def locked(folder: Path) -> None:
        (folder / "d.md").write_text(CELL)
        (folder / "d.md").chmod(0)

    yield made("a folder", "d.md", lambda folder: (folder / "d.md").mkdir(), 2)
    yield made("nothing there", "d.md", lambda folder: None, 2)
    yield made("a link to itself", "d.md", linked("d.md", "d.md"), 2)
    yield made("a broken link", "d.md", linked("nothing", "d.md"), 2)
    yield made("a pipe that nobody writes to", "d.md", lambda folder: os.mkfifo(folder / "d.md"), 2)
    yield made("an endless device", "/dev/zero", lambda folder: None, 2)
    yield made("an endless device by a link", "d.md", linked("/dev/zero", "d.md"), 2)
    yield made("a device without end of line", "/dev/urandom", lambda folder: None, 2)
    yield made("the null device", "/dev/null", lambda folder: None, 0)
    yield made("a name too long", "d" * 5_000 + ".md", lambda folder: None, 2)
    yield made("a file below a file", "d.md/a.md", lambda f: (f / "d.md").touch() or None, 2)
    if not is_root():
        yield made("no permission", "d.md", locked, 2)
    for suffix in ".md .tex .html .rst .adoc .org .wiki .txt .mdx .ipynb".split():
        status = 2 if suffix == ".ipynb" else 0
        yield document("files", f"empty {suffix}", suffix, "", (status,))
        yield document("files", f"blanks {suffix}", suffix, " \n\t\n" * 1_000, (status,))
    names = {
        "a line end": "a\nb::error::owned.md", "an escape": "a\x1b[31mb.md",
        "a dash": "./-o.md", "a direction": "a\u202eb.md", "no text": "a\udcffb.md",
        "percent signs": "a%0Ab,c:d.md", "tags": "<script>alert(1)<.md", "quotes": "a'b\"c.md",
    }  # fmt: skip
    wrong = CELL + "$$\\frac{\\partial h_t}{\\partial w} = 2 h_{t-1}$$\n\n$$h_t = \\frac{$$"
    for name, file in names.items():
        yield Input("names", name, ("audit", file), {file: lambda: wrong.encode()}, (2,))
        yield Input("names", f"{name}, missing", ("audit", file), statuses=(2,))
    yield Input("names", "one good, one bad", ("audit", "a.md", "b.md", "c.md"),
                {"a.md": lambda: b"\xff", "c.md": lambda: CELL.encode()}, (2,),
                says="h_t = \\tanh")  # fmt: skip
    big = {
        "prose": (".md", "the gradient of the loss flows back through time.\n"),
        "one line": (".md", "the gradient of the loss flows back through time. "),
        "formulas": (".md", "$$h_t = w$$\n"),
        "LaTeX": (".tex", "the gradient of the loss flows back.\n"),
        "a notebook": (".ipynb", "[1, "),
        "a page": (".html", "<p>the gradient</p>\n"),
    }
    for name, (suffix, text) in big.items():
        yield document(
            "large", f"100 MB of {name}", suffix, _repeated(text, 100 * MB), (2,), "larger than"
        )
        yield document("large", f"30 MB of {name}", suffix, _repeated(text, 30 * MB))
    yield Input("large", "100 MB on standard input", ("audit", "-"), {}, (2,),
                _repeated(big["prose"][1], 100 * MB), "larger than")  # fmt: skip


# --------------------------------------------------------------------- commands
def commands() -> Iterator[Input]:
    for made in (_check, _batch, _exercises, _grading, _across, _certificates, _weights, _code):
        yield from made()


ELMAN = ("--define", r"h_t = \tanh(w h_{t-1} + u_t)")


def _check() -> Iterator[Input]:
    claims = {
        "nothing": ("", (2,)), "a dash that is none": ("--", ANY), "null": ("h_t = a\x01", (2,)),
        "an escape": ("h_t = \x1b[31mw", (2,)), "far": (r"h_t = h_{t-1000000}", ANY),
        "braces": ("h_t = " + "{" * 9_000, (2,)), "directions": ("h_t \u202e= w", (2,)),
        "surrogates": ("h_t = \udcff", (2,)), "a power": ("h_t = w^{10^{10^{10}}}", ANY),
        "a tower": ("h_t = " + "9^{" * 20 + "9" + "}" * 20, ANY),
        "a long claim": ("h_t = " + "w + " * 24_000 + "w", (2,)),
        "a product": (r"h_t = \prod_{k=1}^{100000000} k", ANY),
        "a far step": (r"\frac{\partial h_{100000}}{\partial h_0} = 0", ANY),
    }  # fmt: skip
    for name, (claim, statuses) in claims.items():
        yield Input("check", name, ("check", *ELMAN, "--", claim), statuses=statuses)
    for name, data in {
        "stdin, nothing": b"", "stdin, binary": b"\0\1", "stdin, Latin-1": b"h_t = \xe9",
    }.items():  # fmt: skip
        yield Input("check", name, ("check", *ELMAN, "-"), {}, (2,), content(data))
    yield Input("check", "stdin, 100 MB", ("check", *ELMAN, "-"), {}, (2,),
                _repeated("h_t = w\n", 100 * MB), "larger than")  # fmt: skip
    defines = {
        "a definition of itself": "h_t = h_t", "a later step": "h_t = h_{t+1}",
        "braces": "h_t = " + "{" * 5_000, "nothing": "", "far": "h_t = h_{t-100000} + u_t",
        "wide": "h_t = " + " + ".join(f"w_{{{k}}} h_{{t-{k}}}" for k in range(1, 400)),
        "deep": "h_t = " + r"\tanh(w " * 25 + "h_{t-1}" + ")" * 25,
        "a power": "h_t = h_{t-1}^{1000000}", "an escape": "h_t = \x1b[2J",
    }  # fmt: skip
    for name, define in defines.items():
        argv = ("check", "--define", define, "--", "h_t = 1")
        yield Input("check", f"define: {name}", argv)
        yield Input("derive", name, ("derive", "--define", define, "-T", "5"))
    for argv in (
        ("derive", "elman", "-T", "99999999999"), ("derive", "elman", "-T", "-1"),
        ("derive", "elman", "-T", "1e3"), ("derive", "elman", "-T", "3000"),
        ("derive", "elman", "--of", "d" * 5_000), ("derive", "elman", "--of", "dh[999999999]/dw"),
        ("derive", "\x1b[31m"), ("derive", "elman", "--option", "a=\x1b[31m"),
        ("derive", "elman", "--form", "\x1b[31m"), ("\x1b[31m",), ("audit", "--jobs", "a\nb", "d"),
        ("flow", "elman", "-T", "99999999999"), ("flow", "elman", "--dim", "n=999999999"),
        ("flow", "elman-vector", "--dim", "n=999999999"), ("flow", "elman", "--gain", "nan"),
    ):  # fmt: skip
        yield Input("options", " ".join(argv)[:60], argv)


def _batch() -> Iterator[Input]:
    good = b'{"id": "good", "claim": "h_t^2 = h_t h_t", "cell": "elman"}\n'
    lines = {
        "nothing": b"", "no JSON": b"{\n", "cut off": good[:-5], "nested": b"[" * 100_000,
        "NaN": b'{"id": NaN, "claim": "h_t = h_t"}\n', "a number": b"1" * 10_000 + b"\n",
        "types": b"".join(
            json.dumps({"claim": "h_t = h_t", "cell": "elman", key: value}).encode() + b"\n"
            for key in ("id", "claim", "cell", "define", "assume", "shape", "scalar", "reference")
            for value in (None, 1, True, [], {}, [1], [[]], "", {"a": 1})
        ),
        "Latin-1": b'{"claim": "h_t = \xe9"}\n', "null": b'{"claim": "h_t\0"}\n',
        "surrogates": b'{"id": "\\ud800", "claim": "h_t = \\udfff", "cell": "elman"}\n',
        "a long line": b'{"claim": "' + b"w" * 3 * MB + b'"}\n',
        "many bad lines": b"a\n" * 20_000, "UTF-16": good.decode().encode("utf-16"),
        "escapes": json.dumps({"id": "\x1b[31m", "claim": "h_t = \x1b[31m"}).encode() + b"\n",
        "deep id": b'{"id": ' + b"[" * 900 + b"]" * 900 + b', "claim": "h_t = 1"}\n',
        "hard claims": b"".join(
            json.dumps({"claim": rf"\frac{{\partial h_{{{k}}}}}{{\partial w}} = h_{{{k}}}",
                        "cell": "elman"}).encode() + b"\n" for k in range(900, 904)
        ),
    }  # fmt: skip
    for name, data in lines.items():
        body = data if name == "UTF-16" else data + b"\n" + good
        says = "" if name == "UTF-16" else '"good"'
        statuses = (0,) if name == "nothing" else ANY if "hard" in name else (2,)
        yield Input("batch", name, ("check", "--batch", "b.jsonl"), {"b.jsonl": content(body)},
                    statuses, says=says)  # fmt: skip
    yield Input("batch", "a line without end", ("check", "--batch", "-"), {}, (2,),
                _repeated("w", 100 * MB))  # fmt: skip
    yield Input("batch", "a folder", ("check", "--batch", "."), statuses=(2,))


_EXERCISE = r"""title = "x"
[model]
define = ['h_t = \tanh(w h_{t-1} + u_t)']
[[part]]
target = '\frac{\partial h_t}{\partial w}'
"""
_BAD_TOML = {
    "nothing": "", "no TOML": "[[[", "cut off": "title = \"a", "Latin-1": b"title = '\xe9'",
    "null": "title = 'a\0'", "UTF-16": "title = 'a'".encode("utf-16"), "large": "a = 1\n" * 60_000,
    "nested arrays": "a = " + "[" * 20_000, "nested tables": "a = " + "{a=" * 5_000,
    "dotted": ".".join(["a"] * 20_000) + " = 1", "types": "title = 1\nmodel = 2\npart = 3\n",
    "wrong types in lists": "part = [1, [], {}]\nquestion = [1, [], {}]\nstage = [1]\nwire = [1]\n",
    "large numbers": "seconds = " + "9" * 5_000 + "\npoints = 1e999\n",
    "infinite": "seconds = inf\nmegabytes = nan\n", "dates": "title = 1979-05-27\n",
    "an unknown key": "'\x7f\\u001b' = 1\n", "an escape in a key": '"\\u001b[31m" = 1\n',
    "an escape in a value": 'loss = "\\u001b[31m"\nlanguage = "\\u001b[31m"\n',
}  # fmt: skip


def _exercises() -> Iterator[Input]:
    for name, text in _BAD_TOML.items():
        data = text if isinstance(text, bytes) else text.encode()
        yield Input("exercise", f"toml: {name}", ("check", "--exercise", "e.toml", "h"),
                    {"e.toml": content(data)}, (2,))  # fmt: skip
    for key in ("id", "ask", "target", "relation", "accept", "form", "form_credit", "within",
                "best", "points", "steps", "credit", "hints", "solution"):  # fmt: skip
        for value in ("[1]", "{a = 1}", "-1", "'\\\\frac{'", "nan"):
            if (key, value) in (("ask", "'\\\\frac{'"), ("id", "'\\\\frac{'")):
                continue
            lines = [x for x in _EXERCISE.splitlines() if not x.startswith(key)]
            data = "\n".join([*lines, f"{key} = {value}\n"]).encode()
            statuses = ANY if (key, value) == ("solution", "'\\\\frac{'") else (2,)
            yield Input("exercise", f"{key} = {value}", ("check", "--exercise", "e.toml", "h"),
                        {"e.toml": content(data)}, statuses)  # fmt: skip
    answers = {
        "nothing": b"", "binary": b"\0", "braces": b"{" * 50_000, "Latin-1": b"\xe9",
        "dollars": b"$" * 50_001, "far": rb"$$\sum_{t=0}^{T} w^{T-t} h_{t-122222}$$",
        "lines": b"$$h_t = 1$$\n\n" * 1_000, "escapes": b"$$\x1b[31m = \x07$$",
        "chain": b"$$" + b"h_t = " * 2_000 + b"h_t$$", "words": b"because " * 20_000,
    }  # fmt: skip
    for name, data in answers.items():
        for suffix in (".md", ".tex"):
            yield Input("answer", f"{name} {suffix}",
                        ("check", "--exercise", "series", "--file", f"a{suffix}"),
                        {f"a{suffix}": content(data)})  # fmt: skip
    yield Input("answer", "a folder", ("check", "--exercise", "ex1", "--file", "."), {}, (2,))
    yield Input("answer", "a pipe", ("check", "--exercise", "ex1", "--file", "p"), {}, (2,),
                made=lambda folder: os.mkfifo(folder / "p"))  # fmt: skip
    yield Input("answer", "100 MB", ("check", "--exercise", "ex1", "-"), {}, (2,),
                _repeated("h ", 100 * MB), "larger than")  # fmt: skip


_RUBRIC = b'title = "x"\nseconds = 5\n[[question]]\nid = "q1"\nexercise = "ex1"\n'


def _grading() -> Iterator[Input]:
    argv = ("grade", "r.toml", "s.jsonl", "-o", "out.json", "--jobs", "1")
    good = b'{"id": "good", "answer": "h_{t-1}(1-h_t^2)"}\n'
    for name, text in _BAD_TOML.items():
        data = text if isinstance(text, bytes) else text.encode()
        yield Input("grade", f"rubric: {name}", argv,
                    {"r.toml": content(data), "s.jsonl": lambda: good}, (2,))  # fmt: skip
    jsonl = {
        "nothing": b"", "no JSON": b"{\n", "types": b"1\n[]\nnull\n{}\n{\"answer\": 1}\n"
        b'{"answers": []}\n{"answers": {"q1": 1}}\n{"answers": {"q9": "a"}}\n'
        b'{"id": {}, "answer": ""}',
        "nested": b"[" * 50_000, "long": b'{"answer": "' + b"w" * 5 * MB + b'"}',
        "Latin-1": b'{"answer": "\xe9"}', "surrogates": b'{"id": "\\ud800", "answer": "\\udfff"}',
        "escapes": json.dumps({"id": "\x1b[31m\n=1", "answer": "\x1b"}).encode(),
        "same ids": b'{"id": "a", "answer": "1"}\n' * 20, "null": b'{"answer": "a\0"}',
    }  # fmt: skip
    for name, data in jsonl.items():
        yield Input("grade", f"lines: {name}", argv,
                    {"r.toml": lambda: _RUBRIC, "s.jsonl": content(data + b"\n" + good)},
                    (0, 3), says="graded")  # fmt: skip
    table = {
        "nothing": (b"", (2,)), "no columns": (b"a,b\n1,2\n", (2,)),
        "long": (b"id,q1\na," + b"w" * 5 * MB + b"\nb,1\n", (3,)),
        "quotes": (b'id,q1\na,"' + b"w\n" * 300_000, (3,)), "null": (b"id,q1\na,\0\nb,1\n", (3,)),
        "Latin-1": (b"id,q1\na,\xe9\n", (3,)),
        "wide": (b"id,q1" + b",x" * 50_000 + b"\na,1\n", (0, 3)),
        "UTF-16": ("id,q1\na,1\n".encode("utf-16"), (2,)),
        "commands": (b"id,q1\n=cmd|' /C calc'!A0,=1+1\n", (0, 3)),
        "one line": (b"q1," * MB, (0, 2, 3)),
    }  # fmt: skip
    for name, (data, statuses) in table.items():
        yield Input("grade", f"table: {name}",
                    ("grade", "r.toml", "s.csv", "-o", "out.csv", "--writer", "csv", "--jobs", "1"),
                    {"r.toml": lambda: _RUBRIC, "s.csv": content(data)}, statuses)  # fmt: skip

    def pipe(folder: Path) -> None:
        (folder / "s").mkdir()
        os.mkfifo(folder / "s" / "p.md")
        (folder / "s" / "l.md").symlink_to("l.md")
        (folder / "s" / "g.md").write_text("h_{t-1}(1-h_t^2)")
        (folder / "s" / "z.md").symlink_to("/dev/zero")
        (folder / "s" / "q").mkdir()
        (folder / "s" / "q" / "loop").symlink_to("..")

    yield Input("grade", "a folder of what is no file",
                ("grade", "r.toml", "s", "-o", "out.json", "--jobs", "1"),
                {"r.toml": lambda: _RUBRIC}, (3,), made=pipe, says="graded")  # fmt: skip
    yield Input("grade", "no submissions", ("grade", "r.toml", "nothing", "-o", "o.json"),
                {"r.toml": lambda: _RUBRIC}, (2,))  # fmt: skip
    yield Input("grade", "a journal that is none", argv, {
        "r.toml": lambda: _RUBRIC, "s.jsonl": lambda: good,
        "out.json.journal.jsonl": lambda: b"\0\xff{[\n1\n{}\n"}, ANY)  # fmt: skip


def _across() -> Iterator[Input]:
    argv = ("derive", "--across", "j.toml", "--of", "a.w")
    for name, text in _BAD_TOML.items():
        data = text if isinstance(text, bytes) else text.encode()
        yield Input("across", name, argv, {"j.toml": content(data)}, (2,))
    stages = "[stage.a]\ndefine = ['h_t = w h_{t-1}']\n[stage.b]\ndefine = ['s_t = v s_{t-1}', " \
        "'E = \\sum_{t=1}^T s_t']\n"  # fmt: skip
    for name, text in {
        "wires of all types": "wire = [1, 'a', {from = 1}]\n" + stages,
        "a wire to itself": stages + "[[wire]]\nfrom = 'a.h'\nto = 'a.h'\n",
        "a wire to nothing": stages + "[[wire]]\nfrom = 'x.h'\nto = 'b.y'\n",
        "tied to itself": stages + "[tied]\n'a.w' = 'a.w'\n", "tied = 1": "tied = 1\n" + stages,
        "a list for a way": stages + "[[wire]]\nfrom = 'a.h'\nto = 'b.s'\nhow = []\n",
        "a loop of wires": stages
        + "[[wire]]\nfrom='a.h'\nto='b.x'\n[[wire]]\nfrom='b.s'\nto='a.x'\n",
    }.items():  # fmt: skip
        yield Input("across", name, argv, {"j.toml": content(text.encode())}, (2,))
    yield Input("across", "an endless device", ("derive", "--across", "/dev/zero"), {}, (2,))
    yield Input("across", "a pipe", argv, {}, (2,), made=lambda f: os.mkfifo(f / "j.toml"))


def _certificates() -> Iterator[Input]:
    head = {"format": "bptt-sym-certificate", "version": 1}
    texts = {
        "nothing": b"", "no JSON": b"{", "binary": b"\0\xff", "nested": b"[" * 1_000_000,
        "a number": b"9" * 100_000, "types": b'{"format": 1, "version": [], "nodes": 1}',
        "no steps": json.dumps({**head, "nodes": [], "steps": []}).encode(),
        "wrong nodes": json.dumps({**head, "nodes": [1, [], ["p"]], "steps": [1]}).encode(),
        "deep steps": json.dumps(
            {**head, "nodes": [], "steps": [{"a": 1}] * 200_000}).encode(),
        "an escape": json.dumps({**head, "nodes": [], "steps": [["\x1b[31m"]]}).encode(),
        "a large power": json.dumps({**head, "nodes": [
            ["p", [["1", [["x", 10**9]]]]]], "steps": []}).encode(),
    }  # fmt: skip
    for name, data in texts.items():
        yield Input("certificate", name, ("prove", "c.json"), {"c.json": content(data)}, (1, 2))
    yield Input("certificate", "100 MB", ("prove", "c.json"),
                {"c.json": _repeated('{"a": ', 100 * MB)}, (2,))  # fmt: skip
    yield Input("certificate", "an endless device", ("prove", "z.json"), {}, (2,),
                made=lambda f: (f / "z.json").symlink_to("/dev/zero"))  # fmt: skip
    yield Input("certificate", "a pipe", ("prove", "p.json"), {}, (2,),
                made=lambda f: os.mkfifo(f / "p.json"))  # fmt: skip


class _Owned:
    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("touch owned",)


def _weights() -> Iterator[Input]:
    def archive(**arrays: object) -> bytes:
        import numpy as np

        out = io.BytesIO()
        np.savez(out, **{k: np.asarray(v) for k, v in arrays.items()})
        return out.getvalue()

    def pickled() -> bytes:
        import numpy as np

        out = io.BytesIO()
        np.savez(out, w=np.array([_Owned()], dtype=object), allow_pickle=True)
        return out.getvalue()

    def header(shape: str) -> bytes:
        text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
        npy = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()
        return zipped({"w.npy": npy})

    def zipped(entries: dict[str, bytes], times: int = 1) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
            for name, data in entries.items():
                z.writestr(name, data * times)
        return out.getvalue()

    def bomb() -> bytes:
        text = "{'descr': '<f8', 'fortran_order': False, 'shape': (500000000,), }".ljust(117) + "\n"
        npy = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z, z.open(
            "w.npy", "w", force_zip64=True
        ) as entry:
            entry.write(npy)
            for _ in range(400):
                entry.write(b"\0" * 10 * MB)
        return out.getvalue()

    contents: dict[str, Content] = {
        "nothing": lambda: b"", "no archive": lambda: b"PK\3\4" + b"a" * 1_000, "pickled": pickled,
        "a bare pickle": lambda: pickle.dumps(_Owned()), "another cell": lambda: archive(q=1.0),
        "not finite": lambda: archive(w=float("nan")), "texts": lambda: archive(w="a"),
        "complex": lambda: archive(w=1j), "dates": lambda: archive(w="2020-01-01"),
        "another shape": lambda: archive(w=[[1.0, 2.0]]), "empty": lambda: archive(w=[]),
        "a huge shape": lambda: header("(99999999999, 99999999999)"),
        "a large shape": lambda: header("(2000000000,)"), "a wrong shape": lambda: header("(-1,)"),
        "code in the header": lambda: header("__import__('os').system('touch owned')"),
        "an archive of texts": lambda: zipped({"w.npy": b"a", "b.txt": b"b"}),
        "no arrays": lambda: zipped({}), "cut off": lambda: archive(w=[1.0] * 100)[:300],
        "a bomb": bomb, "an escape": lambda: zipped({"\x1b[31m.npy": b"a"}),
    }  # fmt: skip
    for name, archived in contents.items():
        yield Input("weights", name, ("flow", "elman", "--weights", "w.npz", "-T", "5"),
                    {"w.npz": archived}, (2,))  # fmt: skip
    yield Input("weights", "a pickle for PyTorch",
                ("flow", "elman", "--weights", "w.pt", "-T", "5"),
                {"w.pt": lambda: pickle.dumps(_Owned())}, (2,))  # fmt: skip
    yield Input("weights", "a pipe", ("flow", "elman", "--weights", "w.npz", "-T", "5"), {}, (2,),
                made=lambda f: os.mkfifo(f / "w.npz"))  # fmt: skip


def _code() -> Iterator[Input]:
    for backend in ("numpy", "torch", "jax", "c"):
        for define in (
            "h_t = \\tanh(w_{a\nimport os} h_{t-1})", 'h_t = \\tanh(w_{"""} h_{t-1} + u_t)',
            "h_t = \\tanh(w_{*/ system(} h_{t-1} + u_t)",
        ):  # fmt: skip
            yield Input("code", f"{backend}: {define[:30]!r}",
                        ("code", "--define", define, "--backend", backend))  # fmt: skip
    yield document("files", "another suffix", ".xyz", CELL, (0,))
    yield document("files", "LaTeX without a suffix", "", TEX, ANY)

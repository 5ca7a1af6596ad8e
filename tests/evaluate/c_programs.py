"""Generated C as a program of its own, which reads arrays from a file and writes others.

Each array gets memory of exactly its size, so that a sanitizer sees whatever is out of bounds.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from bptt_sym.evaluate.compile_c import compiler

FLAGS = ("-std=c11", "-Wall", "-Wextra", "-Werror", "-g", "-fsanitize=address,undefined",
         "-fno-sanitize-recover=all")  # fmt: skip

_READ = r"""
#include <stdio.h>
#include <stdlib.h>
static long count(FILE *f) { long n; if (fread(&n, sizeof n, 1, f) != 1) abort(); return n; }
static void *array(FILE *f)
{
    long n = count(f);
    void *p = malloc(n);
    if (fread(p, 1, n, f) != (size_t)n) abort();
    return p;
}
int main(int arguments, char **names)
{
    if (arguments < 3) return 9;
    FILE *f = fopen(names[1], "rb"), *g = fopen(names[2], "wb");
    const long both = count(f);
"""


def program(source: str) -> str:
    """``source`` with a main function that calls ``gradient`` at once or one part after another."""
    found = re.search(r"^void gradient\((.*?)\)\n\{", source, re.MULTILINE | re.DOTALL)
    assert found is not None
    lines, passed, sizes, results, arrays = [_READ], [], [], [], []
    for argument in map(str.strip, found[1].split(",")):
        name = argument.split()[-1].lstrip("*")
        passed.append(name)
        if argument.startswith("long"):
            lines.append(f"    long {name} = count(f);")
            sizes.append(name)
        elif argument.startswith("const"):
            lines.append(f"    {argument} = array(f);")
        elif name == "work":
            size = f"gradient_workspace({', '.join(sizes)}) * sizeof(real)"
            lines.append(f"    real *work = malloc({size});")
        elif argument.startswith("real"):
            lines += [f"    long n_{name} = count(f);"]
            lines += [f"    {argument} = n_{name} < 0 ? 0 : malloc(n_{name});"]
            results.append(f"    if ({name}) fwrite({name}, 1, n_{name}, g);")
        arrays += [f"    free((void *){name});"] if "*" in argument else []
    call = f"gradient(PART, {', '.join(passed[1:])});"
    lines.append(f"    if (both) {call.replace('PART', '3')}")
    lines.append(f"    else {{ {call.replace('PART', '1')} {call.replace('PART', '2')} }}")
    end = ["    return fclose(f) | fclose(g);", "}\n"]
    return source + "\n".join([*lines, *results, *arrays, *end])


def built(source: str, folder: Path, name: str) -> Path | None:
    """The program with sanitizers; ``None`` if the compiler has none of them."""
    text, made = folder / f"{name}.c", folder / name
    empty = folder / "empty.c"
    empty.write_text("int main(void) { return 0; }\n")
    cc = compiler()
    assert cc is not None
    if subprocess.run([cc, *FLAGS, "-o", str(made), str(empty)], capture_output=True).returncode:
        return None
    text.write_text(program(source))
    found = subprocess.run(
        [cc, *FLAGS, "-o", str(made), str(text), "-lm"], capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr
    return made


def ran(
    made: Path, both: bool, sizes: list[int], given: list[Any], wanted: list[Any]
) -> list[np.ndarray]:
    """What the program writes for arrays like those of ``wanted``; ``None`` is a null pointer."""
    def long(n: int) -> bytes:
        return np.int64(n).tobytes()

    data = b"".join(map(long, (int(both), *sizes)))
    data += b"".join(long(a.nbytes) + np.ascontiguousarray(a).tobytes() for a in given)
    data += b"".join(long(-1 if a is None else a.nbytes) for a in wanted)
    (made.parent / "in").write_bytes(data)
    paths = [str(made.parent / n) for n in ("in", "out")]
    found = subprocess.run([str(made), *paths], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    written, out = (made.parent / "out").read_bytes(), []
    for a in wanted:
        if a is not None:
            out.append(np.frombuffer(written[: a.nbytes], a.dtype).reshape(a.shape))
            written = written[a.nbytes :]
    assert not written
    return out

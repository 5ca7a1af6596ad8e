"""What is said of a formula, in the letters that its text has for the steps."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from bptt_sym.check.judged import Judged
from bptt_sym.documents.names import names_in
from bptt_sym.render.names import lowered
from bptt_sym.spelling.step_letters import is_transpose

#: A name that was made of a letter, of which the text has several meanings.
_MADE = re.compile(r"\\mathrm\{([a-z]{2})\}")
_WORD = re.compile(r"\\text\{([A-Za-z]+)\}")


def in_own_letters(entry: Judged, letters: Mapping[str, str]) -> Judged:
    """``entry`` with ``letters[t]`` where its diagnosis has t, and losses by their own name."""
    if letters and (said := entry.verdict.assumptions):
        named = tuple(_of_a_loss(s, letters) for s in said)
        entry = replace(entry, verdict=replace(entry.verdict, assumptions=named))
    found = entry.verdict.diagnosis
    if found is None or not letters:
        return entry
    mended = replace(
        found,
        message=_in_line(found.message, letters),
        corrected=_in_latex(found.corrected, letters),
    )
    return replace(entry, verdict=replace(entry.verdict, diagnosis=mended))


def _of_a_loss(said: str, letters: Mapping[str, str]) -> str:
    """``L is the sum of the losses of the steps``, L as the text calls it."""
    name, rest = said[:1], said[1:]
    is_one = name in letters and "loss" in rest and re.match(r"(?:_t)? is ", rest) is not None
    return letters[name] + rest if is_one else said


def _in_line(message: str, letters: Mapping[str, str]) -> str:
    own = {k: _WORD.sub(r"\1", v).lstrip("\\").replace("tau", "τ") for k, v in letters.items()}
    for letter, new in own.items():
        if lowered(letter).isalpha():
            message = message.replace(lowered(letter), lowered(new))
    own |= {m[1]: v for k, v in own.items() if (m := _MADE.fullmatch(k))}
    alone = r"(?<![^\W\d_])[A-Za-z]{1,2}(?=[₀-₉ₐ-ₜ]|(?![^\W\d_]))"
    return re.sub(alone, lambda m: own.get(m[0], m[0]), message)


def _in_latex(text: str, letters: Mapping[str, str]) -> str:
    for name in reversed(names_in(text)):
        if name.base in letters and not is_transpose(text, name.start, name.base):
            text = text[: name.start] + letters[name.base] + text[name.end :]
    return text

"""What stands between the formulas of a document: its sentences, and its code spans."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.characters import with_padded_characters
from bptt_sym.documents.masking import Masked
from bptt_sym.documents.regions import Found, blanked

_BLANKS = re.compile(r"\s{9,}")


def without_blanks(text: str) -> str:
    """``text`` with short blanks for long ones; a line that ends still ends."""
    return _BLANKS.sub(lambda m: "\n\n" if "\n" in m.group() else "   ", text)


def words_and_code(
    text: str, plain: str, masked: Masked, found: Sequence[Found]
) -> tuple[str, str]:
    """The sentences, and the code spans, with everything else blanked out."""
    out: list[str] = []
    pos = 0
    for region in found:
        if region.start >= pos:
            out += [plain[pos : region.start], blanked(plain[region.start : region.end])]
            pos = region.end
    words = _scripts(with_padded_characters("".join([*out, plain[pos:]])))
    words = _broken(words, masked.blocks)
    code: list[str] = []
    pos = 0
    for start, end in masked.code:
        code += [blanked(text[pos:start]), text[start:end]]
        pos = end
    return words, "".join([*code, blanked(text[pos:])]).translate(_FRAME)


def _broken(words: str, places: Sequence[int]) -> str:
    """``words`` with a line end for the blank at each place."""
    if not places:
        return words
    chars = list(words)
    for place in places:
        if chars[place] == " ":
            chars[place] = "\n"
    return "".join(chars)


#: The lines of a box that is drawn around text.
_FRAME = dict.fromkeys(range(9472, 9600), " ")
_RAISED = re.compile(r"<(?P<tag>su[bp])>(?P<what>[^<>\n]{1,12})</(?P=tag)>", re.IGNORECASE)


def _scripts(words: str) -> str:
    """``h<sub>t-1</sub>`` as ``h_{t-1}``, of the same length."""
    if "<su" not in words.lower():
        return words
    return _RAISED.sub(_script, words)


def _script(m: re.Match[str]) -> str:
    mark = "_" if m.group("tag").lower() == "sub" else "^"
    return f"{mark}{{{m.group('what').strip()}}}".ljust(len(m.group()))

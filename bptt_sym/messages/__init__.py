"""What the program says to learners, in several languages: gettext catalogues beside this file.

``he/LC_MESSAGES/bptt_sym.po`` is the Hebrew catalogue, and so on; ``.ci/messages`` collects the
messages from the sources, brings the catalogues up to date and compiles them. English is the
language of the sources and needs none.
"""

from __future__ import annotations

import gettext
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal

from bptt_sym.errors import InputError

Direction = Literal["ltr", "rtl"]
#: The languages, and the way each is written.
LANGUAGES: Final[dict[str, Direction]] = {"en": "ltr", "he": "rtl", "fa": "rtl"}
DOMAIN: Final = "bptt_sym"


@dataclass(frozen=True)
class Translator:
    """Says messages in one language."""

    language: str
    catalogue: gettext.NullTranslations

    @property
    def direction(self) -> Direction:
        return LANGUAGES[self.language]

    def __call__(self, message: str, /, **fields: object) -> str:
        """``message`` in the language, with ``{name}`` filled in by ``fields``.

        A message without a translation is said in English.
        """
        text = self.catalogue.gettext(message) if message else ""
        return text.format(**fields) if fields else text


def marked(message: str) -> str:
    """``message`` itself: marks for the catalogues a text that is translated elsewhere."""
    return message


@cache
def translator(language: str) -> Translator:
    """The translator into ``language``.

    Raises
    ------
    InputError
        The language is not one of :data:`LANGUAGES`.
    """
    if language not in LANGUAGES:
        raise InputError(
            f"no language {language!r}", token=language, hint="one of " + ", ".join(LANGUAGES)
        )
    if language == "en":
        return Translator("en", gettext.NullTranslations())
    folder = Path(__file__).parent
    return Translator(language, gettext.translation(DOMAIN, folder, languages=[language]))

"""The report on a document, in the formats for machines and browsers."""

from __future__ import annotations

from collections.abc import Sequence

from bptt_sym.check.judged import Judged, as_json
from bptt_sym.check.report import github
from bptt_sym.errors import NotSupported
from bptt_sym.printable import json_text

#: Besides ``text``, which is made of lines in colour (:mod:`bptt_sym.check.report`).
FORMATS = ("json", "sarif", "github", "html")


def written(judged: Sequence[Judged], format: str, *, language: str = "en") -> str:
    """The whole report as one text.

    Raises
    ------
    NotSupported
        The format is not one of :data:`FORMATS`.
    """
    if format == "json":
        return json_text(as_json(judged), indent=1)
    if format == "github":
        return "\n".join(github(judged))
    if format == "sarif":
        from bptt_sym.check.sarif import sarif

        return json_text(sarif(judged), indent=1)
    if format == "html":
        from bptt_sym.check.report_html import report_html

        return report_html(judged, language)
    raise NotSupported(f"no format {format!r}; there are {', '.join(FORMATS)}")

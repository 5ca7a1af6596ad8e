"""The exception tree.

Two families never share a class: :class:`InputError` is about what a person wrote (a formula, a
file, an option) and carries its place; :class:`ModelError` is about how a recurrence was declared.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range ``start:end`` of characters in the source text of one formula."""

    start: int
    end: int

    def join(self, other: Span | None) -> Span:
        """The smallest span that covers both."""
        if other is None:
            return self
        return Span(min(self.start, other.start), max(self.end, other.end))


class BpttError(Exception):
    """Base of every error that this package raises on purpose."""


class InputError(BpttError):
    """Something written cannot be read or bound.

    ``message`` says what is wrong, ``hint`` what would be right, ``span`` where in the formula and
    ``token`` the offending text.
    """

    def __init__(
        self, message: str, *, span: Span | None = None, token: str = "", hint: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.span = span
        self.token = token
        self.hint = hint


class ReadError(InputError):
    """A formula that the grammar does not accept."""


class BesideError(ReadError):
    """A definition beside every recurrence: of a constant, or of a function that is not read."""


class UnboundName(InputError):
    """A symbol whose meaning no definition gives."""


class ShapeError(InputError):
    """Two parts whose shapes do not fit."""


class LimitExceeded(InputError):
    """An input larger than the documented caps."""


class ModelError(BpttError):
    """A recurrence that is not well formed: its author made the mistake, not its user."""


class LaterStepError(ModelError):
    """A sequence that is computed from a later step: it runs back, and is no state."""


class NotSupported(BpttError):
    """A well-posed request that this version cannot answer."""


class ReplayError(BpttError):
    """A derivation step, or a certificate, that does not check. ``step`` is its number."""

    def __init__(self, message: str, step: int) -> None:
        super().__init__(message)
        self.step = step

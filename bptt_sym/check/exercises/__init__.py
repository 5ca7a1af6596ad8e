"""Exercises as data: a TOML file says what is asked, what counts, and what helps."""

from bptt_sym.check.exercises.exercise import Exercise, Part, catalogue, exercise
from bptt_sym.check.exercises.mark import Mark, PartMark, mark

__all__ = ["Exercise", "Mark", "Part", "PartMark", "catalogue", "exercise", "mark"]

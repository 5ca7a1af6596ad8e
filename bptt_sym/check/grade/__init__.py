"""Grading: submissions against a rubric, each in a process that can be killed, to a gradebook."""

from bptt_sym.check.grade.gradebook import Gradebook, Run, grade
from bptt_sym.check.grade.rubric import Question, Rubric, read_rubric
from bptt_sym.check.grade.submissions import Submission, read_submissions
from bptt_sym.check.grade.writers import WRITERS, write

__all__ = ["WRITERS", "Gradebook", "Question", "Rubric", "Run", "Submission", "grade",
           "read_rubric", "read_submissions", "write"]  # fmt: skip

"""Deciding claims: exact interpreters, readings, the every-T argument, counterexamples."""

from bptt_sym.decide.judge import check_step, decide, replay
from bptt_sym.decide.verdict import Counterexample, Diagnosis, Verdict

__all__ = ["Counterexample", "Diagnosis", "Verdict", "check_step", "decide", "replay"]

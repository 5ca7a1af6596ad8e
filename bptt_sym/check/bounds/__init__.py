"""Judging bounds and limits: upper bounds factor by factor, certified counterexamples."""

from bptt_sym.check.bounds.judge import judge_bound

__all__ = ["judge_bound"]

"""Step-by-step solutions: the lines of a text as chains, and the judgement of every step."""

from bptt_sym.check.solution.judge import Status, Step, judge_chain
from bptt_sym.check.solution.lines import Chain, Written, chains_of

__all__ = ["Chain", "Status", "Step", "Written", "chains_of", "judge_chain"]

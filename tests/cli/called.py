"""What a call of the command line gives back, and the claims that its tests call it with."""

from __future__ import annotations

from dataclasses import dataclass

GOOD = r"\frac{\partial h_t}{\partial h_{t-1}} = (1 - h_t^2) w"
BAD = r"\frac{\partial h_t}{\partial h_{t-1}} = (1 + h_t^2) w"
OPEN = r"\frac{\partial h_T}{\partial w} \approx w"
DEFINE = r"h_t = \tanh(w h_{t-1} + u_t)"


@dataclass(frozen=True)
class Result:
    """The exit status and what was printed."""

    status: int
    out: str
    err: str

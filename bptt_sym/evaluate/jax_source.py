"""Stand-alone JAX source: the loops over time are ``jax.lax.scan``, so that it can be jitted."""

from __future__ import annotations

from bptt_sym.evaluate.adjoint import adjoint
from bptt_sym.evaluate.array_source import JAX
from bptt_sym.evaluate.loop_plan import Signature
from bptt_sym.evaluate.loop_source import LoopModule
from bptt_sym.evaluate.lower import LAST
from bptt_sym.evaluate.program import PER_STEP, Program
from bptt_sym.notation import Node
from bptt_sym.recurrence import Recurrence


def jax_source(
    rec: Recurrence,
    program: Program,
    *,
    loss: Node | None = None,
    seeds: bool = False,
    wrt_inputs: bool = False,
) -> tuple[str, Signature]:
    """The source of a module with the functions of
    :func:`~bptt_sym.evaluate.loop_source.loop_source`, for JAX."""
    adj = adjoint(rec, program, seeds=seeds)
    adj.forget_inputs(wrt_inputs)
    module = _ScanModule(rec, program, adj, JAX, loss, False)
    return module.source(seeds), module.signature


class _ScanModule(LoopModule):
    """The same plan as the explicit loop; each loop becomes a scan."""

    def _reference(self, phase: str, done: set[int], phases: dict[int, str]) -> None:
        super()._reference(phase, done, phases)
        self.done = done
        if phase != "loop":
            return
        super()._reference("after", done, phases)
        whole = self.w.reference
        super()._reference("loop", done, phases)
        self.w.inside = True
        self.scanned: dict[str, str] = {}
        self.inside_names: dict[int, str] = {}

        def scanned(local: str, expression: str) -> str:
            for known, text in self.scanned.items():
                if text == expression:
                    return known
            name = self.names.fresh(local)
            self.scanned[name] = expression
            return name

        def find(i: int) -> str | None:
            op = self.p.ops[i]
            if op.kind in ("param", "context") or op.lead < PER_STEP:
                return whole(i)
            if i in self.inside_names:
                return self.inside_names[i]
            if op.kind == "later":
                return self.carry_name(op.attr) if op.attr in self.carry else "0.0"
            if op.kind == "read":
                name, lag = op.attr
                if name in self.program.targets and lag and not self.going_back:
                    return self.state_name(name, lag)
                base = "last" if name == LAST else self.sequence_names[name]
                return scanned(f"{base}_t" if not lag else f"{base}_{lag}_t", str(whole(i)))
            place = self.place.get(i)
            if op.kind == "seed":
                return scanned(f"seed_{op.attr[0]}_t", str(whole(i)))
            if place is None or i not in done:
                return None
            text = whole(i)
            return None if text is None else scanned(f"{place.name}_t", text)

        self.w.reference = find

    def state_name(self, name: str, lag: int) -> str:
        """The carried value of a state ``lag`` steps back."""
        return f"{self.sequence_names[name]}_back{lag}"

    def carry_name(self, key: tuple[str, int]) -> str:
        """The cotangent that arrives from ``lag`` steps ahead."""
        return f"{self.carry[key]}_{key[1]}"

    def _history_lines(self, lines: list[str], name: str, i: int) -> None:
        """Histories are joined after the scan."""

    def _loop_body(self, handles: list[int], phases: dict[int, str], done: set[int]) -> list[str]:
        lines: list[str] = []
        self._reference("loop", done, phases)
        for i in handles:
            place = self.place.get(i)
            if place is None:
                continue
            self._said(i, lines)
            carried = self.p.ops[i].kind == "later"
            right = self.w.use(i, 1) if carried else self.w.expression(i)
            local = self.names.fresh(f"{place.name}_t")
            lines.append(f"{local} = {right}")
            self.inside_names[i] = local
        return lines

    def _forward_loop(self, lines: list[str], phases: dict[int, str], done: set[int]) -> None:
        p = self.program
        body = self._loop_body(self.f.loop, phases, done)
        histories = [(name, i) for name, i in p.targets.items() if self.place[i].history]
        looped = [(n, i) for n, i in histories if phases.get(i) == "loop"]
        carried = [(n, i, k) for n, i in looped for k in range(1, self.lags[n] + 1)]
        stored = [i for i in self.f.loop if i in self.place and self.place[i].stored]
        if body:
            names = ", ".join(self.state_name(n, k) for n, _, k in carried)
            nexts = ", ".join(
                self.inside_names[i] if k == 1 else self.state_name(n, k - 1) for n, i, k in carried
            )
            xs = ", ".join(self.scanned)
            step = self.names.fresh("step")
            lines += ["", f"def {step}(carry, now):", f"    {names}, = carry"]
            if xs:
                lines.append(f"    {xs}, = now")
            lines += [f"    {b}" for b in body]
            kept = ", ".join(self.inside_names[i] for i in stored)
            lines.append(f"    return ({nexts},), ({kept},)")
            starts = ", ".join(self._start_of(n, i, k) for n, i, k in carried)
            sources = "".join(f"{e}, " for e in self.scanned.values())
            results = ", ".join(self.place[i].name for i in stored)
            feed = f"({sources.strip()})" if sources else "None, length=T"
            lines += ["", f"_, ({results},) = jax.lax.scan({step}, ({starts},), {feed})"]
        done.update(i for i in self.f.loop if i in self.place)
        for name, i in looped:
            array = self.place[i].name
            first = self._first(name, i)
            lines.append(f"{array} = jnp.concatenate([{first}, {array}])")
        self._reference("after", done, phases)

    def _past_and(self, i: int, value: str) -> str:
        name = next(n for n, k in self.program.targets.items() if k == i)
        here = self.w.reference
        first = self._first(name, i)
        self.w.reference = here
        return f"{self.place[i].name} = jnp.concatenate([{first}, {value}])"

    def _first(self, name: str, i: int) -> str:
        depth = self.place[i].history
        if name in self.program.initial:
            own = "".join(f", {self.w.size(s)}" for s in self.program.shape(i))
            self.w.reference = self.outer_reference
            start = self.w.use(self.program.initial[name], 1)
            return f"jnp.broadcast_to({start}, ({depth}, B{own}))"
        ident = dict(self.signature.initial)[name]
        return f"{ident}[None]" if depth == 1 else ident

    def _start_of(self, name: str, i: int, lag: int) -> str:
        depth = self.place[i].history
        return (
            f"{self._first(name, i)}[{depth - lag}]"
            if depth > 1 or (name in self.program.initial)
            else dict(self.signature.initial)[name]
        )

    def _start_grows(self, start: str, longest: int, carried: str, lag: int) -> str:
        rows = "-1" if lag == 1 else f"{longest - lag}:"
        return f"{start} = {start}.at[{rows}].add({carried})"

    def _backward_loop(self, lines: list[str], phases: dict[int, str], done: set[int]) -> None:
        p = self.p
        body = self._loop_body(self.b.loop, phases, done)
        queue = [(key, k) for key in self.carry for k in range(1, key[1] + 1)]
        stored = [i for i in self.b.loop if i in self.place and self.place[i].stored]
        names = ", ".join(f"{self.carry[key]}_{k}" for key, k in queue)
        values = {key: self.w.use(self.adj.reads[key], 1, full=True) for key in self.carry}
        nexts = ", ".join(
            values[key] if k == 1 else f"{self.carry[key]}_{k - 1}" for key, k in queue
        )
        if not body and not queue:
            return
        step = self.names.fresh("step_back")
        said = "# d_x is the derivative of the loss by x; d_x_next comes from step t + 1"
        lines += ["", said, f"def {step}(carry, now):", f"    {names}, = carry"]
        if self.scanned:
            lines.append(f"    {', '.join(self.scanned)}, = now")
        lines += [f"    {b}" for b in body]
        kept = ", ".join(self.inside_names[i] for i in stored)
        lines.append(f"    return ({nexts},), ({kept}{',' if kept else ''})")
        zeros = ", ".join(
            "jnp.zeros((B" + "".join(f", {self.w.size(s)}" for s in p.shape(self.adj.reads[key]))
            + (",), dtype)" if not p.shape(self.adj.reads[key]) else "), dtype)")
            for key, _ in queue
        )  # fmt: skip
        sources = "".join(f"{e}, " for e in self.scanned.values()).strip()
        results = "".join(f"{self.place[i].name}, " for i in stored).strip()
        feed = f"({sources})" if sources else "None, length=T"
        lines += ["", f"({names},), ({results}) = jax.lax.scan("]
        lines += [f"    {step}, ({zeros},), {feed}, reverse=True", ")"]
        # The oldest of each queue is what reaches the earliest initial value.
        for key, ident in self.carry.items():
            if key[1] == 1:
                lines.append(f"{ident} = {ident}_1")
            else:
                parts = ", ".join(f"{ident}_{k}" for k in range(1, key[1] + 1))
                lines.append(f"{ident} = jnp.stack([{parts}])")
        done.update(i for i in self.b.loop if i in self.place)
        self._reference("after", done, phases)

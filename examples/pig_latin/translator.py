"""GRU encoder–decoder over letters, without and with attention."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from words import END, LETTERS, SIZE, edits, one_hot, pig_latin, same_length, source, target

from bptt_sym import weights
from bptt_sym.architectures import CONTEXT, apart, attention, cross_entropy, embedded, gru, readout
from bptt_sym.errors import InputError
from bptt_sym.evaluate import executable
from bptt_sym.evaluate.names import identifier
from bptt_sym.joined import Joined, Wire

MODELS = ("plain", "attention")
LAST = Wire("encoder", "h", "decoder", "h", "last")
STATES = Wire("decoder", "h", "speller", "h")
MEMORY = Wire("encoder", "h", "speller", "M", "memory")


def network(model: str, backend: str = "c") -> Joined:
    """The encoder's last state starts the decoder; with attention it sees all of them.

    What the decoder's states do not wait for, attention, output and loss, is a stage of its own.
    """
    encoder = executable(embedded(gru()))
    whole = embedded(gru()) if model == "plain" else attention(embedded(gru()), "dot")
    decoder, speller = apart(cross_entropy(readout(whole, "h" if model == "plain" else "s")))
    wires = [LAST, STATES] if model == "plain" else [LAST, STATES, MEMORY]
    context = {"speller": [c for c in CONTEXT if c in speller.parameters]}
    stages = {"encoder": encoder, "decoder": decoder, "speller": speller}
    return Joined(stages, wires, context=context, backend=backend)


class Translator:
    """A task for :func:`bptt_sym.train.train`, and a translator of words."""

    def __init__(
        self, model: str, words=((), ()), states=128, letters=24, batch=64, dtype=np.float64
    ):
        self.model, self.net, self.dtype, self.batch = model, network(model), dtype, batch
        self.train, self.valid = words
        self.dims = {"n": states, "m": letters, "v": SIZE, "k": SIZE}

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {p: tuple(self.dims[d] for d in self.net.shape(p)) for p in self.net.parameters}

    def initial(self, seed: int) -> dict[str, np.ndarray]:
        """Uniform in ±1/√n; embeddings uniform in ±1."""
        rng, bound = np.random.default_rng(seed), self.dims["n"] ** -0.5
        return {
            p: rng.uniform(-1, 1, s).astype(self.dtype) * (1 if p.endswith("W_e") else bound)
            for p, s in self.shapes().items()
        }

    # -- training -------------------------------------------------------------------------------

    def batches(self, rng):
        words = [self.train[k] for k in rng.permutation(len(self.train))]
        groups = same_length(words, self.batch)
        return [groups[k] for k in rng.permutation(len(groups))]

    def given(self, words):
        """The arrays of a batch: the loss is the mean over its letters."""
        places, (before, after, weight) = source(words), target(words)
        start = np.zeros((len(words), self.dims["n"]), self.dtype)
        given = {
            "encoder.x": one_hot(places, self.dtype),
            "encoder.h": start,
            "decoder.x": one_hot(before, self.dtype),
            r"speller.\hat{y}": one_hot(after, self.dtype),
            r"speller.\omega": weight / weight.sum(),
        }
        if self.model == "attention":
            given[r"speller.\mu"] = np.zeros(places.T.shape)
        return {k: v.astype(self.dtype, copy=False) for k, v in given.items()}

    def gradient(self, params, batch, rng):
        return self.net(params, self.given(batch))

    def score(self, params):
        """Share of validation words that are not exactly right."""
        return 1 - self.report(params, self.valid)["exact"]

    def reference(self, params, batch, rng):
        """The same by torch's fused GRU and autograd, ``None`` without torch."""
        try:
            import torch
        except ImportError:
            return None
        from torch.nn.functional import cross_entropy as surprise

        own = {k: torch.tensor(v, requires_grad=True) for k, v in params.items()}
        places, (before, after, weight) = map(torch.from_numpy, (source(batch),)), target(batch)
        (places,) = places
        weight = torch.from_numpy(weight.astype(self.dtype))

        def run(stage, places, h):
            p = {k.partition(".")[2]: v for k, v in own.items() if k.startswith(stage)}
            x = p["W_e"].T[places]
            zero = torch.zeros_like(p["b_r"])
            flat = [
                torch.cat([p[f"W_{g}"] for g in "rzh"]),
                torch.cat([p[f"U_{g}"] for g in "rzh"]),
                torch.cat([p[f"b_{g}"] for g in "rzh"]),
                torch.cat([zero, zero, p["c_h"]]),
            ]
            return torch._VF.gru(x, h, flat, True, 1, 0.0, True, False, False)[0]

        start = torch.zeros(1, len(batch), self.dims["n"], dtype=weight.dtype)
        memory = run("encoder", places, start)
        states = run("decoder", torch.from_numpy(before), memory[-1:])
        p = {k.partition(".")[2]: v for k, v in own.items() if k.startswith("speller")}
        if self.model == "attention":
            m, s = memory.transpose(0, 1), states.transpose(0, 1)
            attended = (torch.softmax(s @ m.transpose(1, 2), -1) @ m).transpose(0, 1)
            states = torch.tanh(states @ p["W_s"].T + attended @ p["A_s"].T)
        y = states @ p["W_y"].T + p["b_y"]
        each = surprise(y.reshape(-1, SIZE), torch.from_numpy(after).reshape(-1), reduction="none")
        loss = (each * weight.reshape(-1)).sum() / weight.sum()
        loss.backward()
        return float(loss.detach()), {k: v.grad.numpy() for k, v in own.items()}

    # -- translating ----------------------------------------------------------------------------

    def translate(self, params, words):
        """Greedy translations of words of one length, and (T, B, S) attention weights or None."""
        own = {s: {p: params[f"{s}.{p}"] for p in rec.parameters if f"{s}.{p}" in params}
               for s, rec in self.net.stages.items()}  # fmt: skip
        code = self.net.code
        x = one_hot(source(words), self.dtype)
        start = np.zeros((len(words), self.dims["n"]), self.dtype)
        states = code["encoder"].forward(own["encoder"], {"x": x}, {"h": start}, {})[0]["h"]
        context = {}
        if self.model == "attention":
            context = {"M": MEMORY.carry(states), r"\mu": np.zeros(x.shape[1::-1], self.dtype)}
        h, places = states[-1], np.full((1, len(words)), END)
        blank = {r"\hat{y}": np.zeros((1, len(words), SIZE), self.dtype),
                 r"\omega": np.zeros((1, len(words)), self.dtype)}  # fmt: skip
        out: list[np.ndarray] = []
        maps: list[np.ndarray] = []
        for _ in range(3 * len(x) + 6):
            letters = one_hot(places, self.dtype)
            step = code["decoder"].forward(own["decoder"], {"x": letters}, {"h": h}, {})[0]["h"]
            values, _ = code["speller"].forward(own["speller"], {"h": step, **blank}, {}, context)
            h, places = step[-1], values["y"].argmax(-1)
            out.append(places[0])
            if context:
                maps.append(values[identifier(r"\alpha")][0])
            if all(END in column for column in zip(*out, strict=True)):
                break
        texts = []
        for column in zip(*out, strict=True):
            places = list(column)
            end = places.index(END) if END in places else len(places)
            texts.append("".join(LETTERS[k] for k in places[:end]))
        return texts, np.array(maps) if maps else None

    def report(self, params, words) -> dict:
        """Exact words and letter errors (edits per letter of the right word), by length."""
        by_length: dict[int, list[tuple[int, int, int]]] = {}
        for group in same_length(list(words), 256):
            for word, got in zip(group, self.translate(params, group)[0], strict=True):
                right = pig_latin(word)
                row = (int(got == right), edits(got, right), len(right))
                by_length.setdefault(len(word), []).append(row)
        rows = [row for group in by_length.values() for row in group]
        exact, wrong, letters = (sum(column) for column in zip(*rows, strict=True))
        return {
            "words": len(rows),
            "exact": exact / len(rows),
            "letters": wrong / letters,
            "by length": {
                length: (len(g), right / len(g), wrong / letters)
                for length, g in sorted(by_length.items())
                for right, wrong, letters in [tuple(map(sum, zip(*g, strict=True)))]
            },
        }

    # -- files ----------------------------------------------------------------------------------

    def save(self, path, params) -> None:
        about = {"model": self.model, "states": self.dims["n"], "letters": self.dims["m"]}
        weights.save(path, {k: v.astype(np.float32) for k, v in params.items()}, about)


def load(path) -> tuple[Translator, dict[str, np.ndarray]]:
    """A translator and its weights.

    Raises
    ------
    InputError
        A file of something else, or a tensor that does not fit; it is named.
    """
    _, about = weights.load(path)
    if about.get("model") not in MODELS:
        raise InputError(f"{path} holds no Pig Latin translator", token=str(path))
    made = Translator(about["model"], states=about["states"], letters=about["letters"])
    arrays, _ = weights.load(path, made.shapes())
    return made, {k: v.astype(made.dtype) for k, v in arrays.items()}

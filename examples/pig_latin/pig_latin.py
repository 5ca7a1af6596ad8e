"""Train Pig Latin translators without and with attention, and compare them on unseen words.

    python examples/pig_latin/pig_latin.py --out runs/pig_latin

The gradients are the derived ones, as compiled C (generated NumPy where there is no compiler);
``translate.py`` uses the weights.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from translator import MODELS, Translator
from words import WORDS, pig_latin, read, split

from bptt_sym.errors import BpttError
from bptt_sym.train import Settings, bar, peak_memory, train

SENTENCE = "the air conditioning is working"


def translate_text(made: Translator, params, text: str) -> str:
    """Word by word."""
    return " ".join(made.translate(params, [word])[0][0] for word in text.split())


def table(reports: dict[str, dict]) -> str:
    """Exact words and letter errors, overall and by length, in Markdown."""
    names = list(reports)
    heads = [f"{n}: exact words | {n}: letter errors" for n in names]
    lines = ["| length | words | " + " | ".join(heads) + " |"]
    lines.append("|---|---|" + "---|---|" * len(names))
    first = reports[names[0]]
    rows = [("all", first["words"], [(reports[n]["exact"], reports[n]["letters"]) for n in names])]
    for length, (count, *_) in first["by length"].items():
        rows.append((length, count, [reports[n]["by length"][length][1:] for n in names]))
    for length, count, scores in rows:
        cells = " | ".join(f"{100 * e:.1f} % | {100 * w:.2f} %" for e, w in scores)
        lines.append(f"| {length} | {count} | {cells} |")
    return "\n".join(lines)


def picture(path, made: Translator, params, words=("conditioning", "working", "twenty-three")):
    """What the decoder looks at while it writes each letter."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(words), figsize=(4 * len(words), 4.6))
    for axis, word in zip(axes, words, strict=True):
        texts, maps = made.translate(params, [word])
        axis.imshow(maps[:, 0], cmap="Greys", vmin=0, vmax=1, aspect="auto")
        axis.set_xticks(range(len(word)), list(word))
        axis.set_yticks(range(len(maps)), [*texts[0], "·"][: len(maps)])
        axis.set_title(f"{word} → {texts[0]}", fontsize=9)
    figure.tight_layout()
    figure.savefig(path, dpi=100)


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", choices=(*MODELS, "both"), default="both")
    parser.add_argument("--words", type=Path, default=WORDS, help="a word list, one a line")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--patience", type=int, default=12)
    parser.add_argument("--decay", type=float, default=0.95, help="of the rate, an epoch")
    parser.add_argument("--states", type=int, default=128)
    parser.add_argument("--limit", type=int, default=0, help="use this many training words only")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--check-every", type=int, default=0, metavar="N")
    parser.add_argument("--float32", action="store_true")
    parser.add_argument("--out", type=Path, default=Path("runs/pig_latin"))
    args = parser.parse_args(argv)
    try:
        learn, valid, test = split(read(args.words))
        learn = learn[: args.limit or None]
        reports, made = {}, {}
        for model in MODELS if args.model == "both" else (args.model,):
            dtype = np.float32 if args.float32 else np.float64
            task = Translator(model, (learn, valid), states=args.states, dtype=dtype)
            settings = Settings(
                args.epochs, rate=2e-3, clip=1.0, decay=args.decay, patience=args.patience,
                seed=args.seed, check_every=args.check_every,
                # In float32 a letter that is almost certain leaves few digits of p - y.
                tolerance=2e-2 if args.float32 else 1e-9,
            )  # fmt: skip
            start, clock = task.initial(args.seed), time.process_time()
            file = args.out / f"{model}.checkpoint.npz"
            run = train(task, start, settings, checkpoint=file, progress=bar(sys.stderr))
            task.save(args.out / f"{model}.npz", run.best)
            reports[model], made[model] = task.report(run.best, test), (task, run.best)
            print(
                f"{model}: {run.epoch} epochs, {run.seconds:.0f} s "
                f"({time.process_time() - clock:.0f} s of one processor), best {run.best_epoch + 1}"
            )
            if run.checked:
                print(f"  {run.checked} gradients as torch's, worst difference {run.worst:.1e}")
    except BpttError as error:
        print(f"pig_latin: {error}", file=sys.stderr)
        return 2
    print(f"\n{len(test)} words that were not trained on:\n\n{table(reports)}\n")
    print(f"{SENTENCE}\n  {' '.join(map(pig_latin, SENTENCE.split()))}   (right)")
    for model, (task, params) in made.items():
        print(f"  {translate_text(task, params, SENTENCE)}   ({model})")
    if "attention" in made:
        try:
            picture(args.out / "attention.png", *made["attention"])
        except ImportError:
            print("no picture: matplotlib is not installed", file=sys.stderr)
    print(f"peak memory of this process: {peak_memory():.0f} MiB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""What int8 costs: the trunk's loss on passages in int8 beside float32.

    python -m assistant_app.training.precision TRUNK_DIR DATA_DIR [PASSAGES]

Prints nats per token of both, and how often both would say the same next token.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as functional

from assistant_app.brain.linear import Precision
from assistant_app.brain.tokens import TextTokenizer
from assistant_app.brain.trunk import Trunk
from assistant_app.training.tasks import read_rows


def next_token_scores(folder: Path, texts: Sequence[str], precision: Precision) -> list[torch.Tensor]:
    """Log-probabilities (T, V) after each token of each text."""
    trunk, tokenizer = Trunk.load(folder, precision=precision), TextTokenizer(folder)
    scores = []
    with torch.inference_mode():
        for text in texts:
            ids = tokenizer.encode(text).ids
            x = trunk.run(trunk.embed(torch.tensor([ids])), 0, trunk.config.layers, cache=trunk.new_cache(len(ids) + 1))
            scores.append(trunk.logits(x)[0].float().log_softmax(-1))
    return scores


def compare(folder: Path, texts: Sequence[str]) -> dict[str, float]:
    """Nats per token in float32 and int8, and the share of equal most likely next tokens."""
    tokenizer = TextTokenizer(folder)
    full, small = (next_token_scores(folder, texts, precision) for precision in ("float32", "int8"))
    losses = {"float32": 0.0, "int8": 0.0}
    same = tokens = 0
    for text, one, other in zip(texts, full, small, strict=True):
        following = torch.tensor(tokenizer.encode(text).ids[1:])
        losses["float32"] += float(functional.nll_loss(one[:-1], following, reduction="sum"))
        losses["int8"] += float(functional.nll_loss(other[:-1], following, reduction="sum"))
        same += int((one[:-1].argmax(-1) == other[:-1].argmax(-1)).sum())
        tokens += len(following)
    return {**{name: loss / tokens for name, loss in losses.items()}, "same next token": same / tokens}


if __name__ == "__main__":
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 8
    passages = [row["text"] for row in read_rows(Path(sys.argv[2]) / "wiki_passages" / "en.jsonl.gz")][:count]
    for name, value in compare(Path(sys.argv[1]), passages).items():
        sys.stdout.write(f"{value:8.4f}  {name}\n")

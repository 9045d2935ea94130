"""Skills that are learned from a few sentences, without any training.

A skill the router was never trained on brings example sentences. Each of its intents becomes a prototype, the
mean of its examples' vectors (prototypical networks: Snell et al. 2017, arXiv:1703.05175), and is held against
the prototypes of what the program knows, made in the same way from its own sentences (`Reference`). How near a text
has to be to the new prototype, and how much nearer than to the known ones, is learned from the known intents: each
in turn plays the new one (`_calibrated`). A text goes to the new skill where that outweighs the router's own trust
in a built-in skill, and some caution: what was trained must not get worse.

A text's vector is the router's summary of it beside the plain mean of the trunk's states: the first knows the
built-in skills well, the second keeps what those never needed. It knows no skill's code and no files of the user's.
"""

from __future__ import annotations

import hashlib
import math
import re
import tomllib
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant_app.turn import SimilarExample

if typing.TYPE_CHECKING:
    from torch import Tensor

FEWEST_SENTENCES = 3
"""A known intent with fewer sentences makes no prototype."""
ROUTER_WEIGHT = 0.8
"""How much of the router's log-odds for a built-in skill counts against a new skill."""
LEAST_TRUST = -1.0
"""Log-odds below which the router's doubt in every built-in skill speaks no more for a new one: most requests that it
has no skill for are none of the new skill's either."""
CAUTION = 6.0
"""Log-odds a new skill has to make up. With the two above it was read off 1316 held-out requests to built-in skills,
1916 to none and 16 new skills (EXPERIMENTS.md): at 2.0 the built-in ones lose half a point."""
_MOST_TRIALS = 24
"""Known intents that play the new one while the calibration is fitted."""
_MARK = re.compile(r"\[\w+ : ([^\]]*)\]")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One of the program's own sentences."""

    text: str
    label: str
    """Our "skill/intent"."""


def own_sentences(folder: Path) -> tuple[Sentence, ...]:
    """The sentences in the `own_examples*.toml` and `reference_examples.toml` of `folder`, without their slot marks."""
    found: dict[str, Sentence] = {}
    for file in [*sorted(folder.glob("own_examples*.toml")), folder / "reference_examples.toml"]:
        if not file.is_file():
            continue
        for label, tables in tomllib.loads(file.read_text(encoding="utf-8")).items():
            for table in tables if isinstance(tables, list) else [tables]:
                for marked in table["sentences"] if isinstance(table, dict) else [table]:
                    text = _MARK.sub(lambda mark: mark[1].strip(), marked)
                    found.setdefault(text, Sentence(text, label))
    return tuple(found.values())


class Reference:
    """The program's own sentences as vectors, of one set of weights."""

    def __init__(self, sentences: Sequence[Sentence], vectors: Tensor, summary_size: int) -> None:
        """`vectors` (N, F) as `UtteranceReader.vector` gives them: `summary_size` from the router, then the trunk's."""
        self.sentences = tuple(sentences)
        self.vectors = vectors.float()
        self._summary_size = summary_size
        self._mean = self.vectors.mean(0)
        self._deviation = self.vectors.std(0) + 1e-3
        self.units = self.unit(self.vectors)
        by_label: dict[str, list[int]] = {}
        for row, sentence in enumerate(self.sentences):
            by_label.setdefault(sentence.label, []).append(row)
        self.rows = {label: rows for label, rows in by_label.items() if len(rows) >= FEWEST_SENTENCES}
        """Known intent -> its rows."""
        self.known_likeness = self._likeness_to_known()

    def unit(self, vectors: Tensor) -> Tensor:
        """(..., F) of length one, in which router and trunk count alike; each feature has mean 0 and spread 1."""
        import torch

        even = (vectors.float() - self._mean) / self._deviation
        parts = _unit(even[..., : self._summary_size]), _unit(even[..., self._summary_size :])
        return torch.cat(parts, -1) / 2**0.5

    def _likeness_to_known(self) -> Tensor:
        """(N, intents): each sentence's cosine to each known intent's prototype; its own one is made without it."""
        import torch

        if not self.rows:
            return self.units.new_zeros(len(self.units), 0)
        sums = torch.stack([self.units[rows].sum(0) for rows in self.rows.values()])
        likeness = self.units @ _unit(sums).T
        for column, rows in enumerate(self.rows.values()):
            units = self.units[rows]
            likeness[rows, column] = (units * _unit(sums[column] - units)).sum(-1)
        return likeness

    def nearest(self, vector: Tensor, count: int = 3) -> tuple[SimilarExample, ...]:
        """The sentences most like a text's vector (F,)."""
        likeness = self.units @ self.unit(vector)
        best = likeness.topk(min(count, len(self.sentences)))
        found = []
        for value, row in zip(best.values.tolist(), best.indices.tolist(), strict=True):
            skill, _, intent = self.sentences[row].label.partition("/")
            found.append(SimilarExample(self.sentences[row].text, skill, intent, value))
        return tuple(found)

    def save(self, file: Path, weights: str) -> None:
        """The vectors as float16, and which weights they are of; the sentences stay where they are."""
        from safetensors.torch import save_file

        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_name(f".{file.name}.new")
        metadata = {"of": _key(self.sentences, weights), "summary_size": str(self._summary_size)}
        save_file({"vectors": self.vectors.half().contiguous()}, temporary, metadata)
        temporary.replace(file)

    @staticmethod
    def load(file: Path, sentences: Sequence[Sentence], weights: str) -> Reference | None:
        """None where the file is missing, damaged, or made of other weights or sentences."""
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(file, "pt") as opened:
                metadata = opened.metadata() or {}
                if metadata.get("of") != _key(sentences, weights):
                    return None
                return Reference(sentences, opened.get_tensor("vectors"), int(metadata["summary_size"]))
        except (OSError, SafetensorError):
            return None


class AddedSkills:
    """New intents, each known by its examples."""

    def __init__(
        self, reference: Reference, examples: Mapping[str, Tensor], taken_over: Mapping[str, frozenset[str]]
    ) -> None:
        """`examples` label -> vectors (n, F); `taken_over` label -> `unknown` labels that the new one stands in for."""
        import torch

        self._reference = reference
        self.labels = tuple(examples)
        self.skills = frozenset(label.partition("/")[0] for label in examples)
        self._prototypes = torch.stack([_unit(reference.unit(vectors).mean(0)) for vectors in examples.values()])
        self._examples = [reference.unit(vectors) for vectors in examples.values()]
        self._known_labels = tuple(reference.rows)
        self._known = torch.stack([_unit(reference.units[rows].mean(0)) for rows in reference.rows.values()])
        self._against = torch.tensor(
            [[known not in taken_over.get(label, ()) for known in self._known_labels] for label in self.labels]
        )
        self._weights = {count: _calibrated(reference, count) for count in {len(one) for one in examples.values()}}

    def probabilities(self, vector: Tensor, built_in: float) -> dict[str, float]:
        """Of each new label, for a text's vector (F,); `built_in` is the router's probability of a built-in skill."""
        import torch

        text = self._reference.unit(vector)
        known = (self._known @ text).expand(len(self.labels), -1).masked_fill(~self._against, -1.0).max(1).values
        trust = max(min(built_in, 1 - 1e-4), 1e-4)
        against = CAUTION + ROUTER_WEIGHT * max(math.log(trust / (1 - trust)), LEAST_TRUST)
        scores = []
        for row, examples in enumerate(self._examples):
            like = _likeness(text[None], self._prototypes[row], examples)[0]
            nearness, margin, offset = self._weights[len(examples)]
            scores.append(nearness * like + margin * (like - known[row]) + offset - against)
        odds = torch.stack(scores)
        shares = torch.cat((odds, torch.zeros(1))).softmax(0).tolist()
        return dict(zip(self.labels, shares, strict=False))


def _likeness(units: Tensor, prototype: Tensor, examples: Tensor) -> Tensor:
    """(N,): how like a new intent the unit vectors (N, F) are: mean of prototype's and nearest example's cosine."""
    return (units @ prototype + (units @ examples.T).max(1).values) / 2


def _calibrated(reference: Reference, count: int) -> tuple[float, float, float]:
    """A new intent's log-odds for `count` examples: weights of its likeness and of its margin, and an offset.

    Known intents play the new one in turn: `count` of its sentences are its examples, the others of it
    should win and everybody else's should not. Logistic regression, both sides weighted alike
    (Platt 1999), by Newton's method.
    """
    import torch

    draw = torch.Generator().manual_seed(count)
    labels = [label for label, rows in reference.rows.items() if len(rows) >= count + FEWEST_SENTENCES]
    if len(labels) < 2:
        # Too many examples for any known intent to play: the largest number that some can.
        smaller = max((len(rows) for rows in reference.rows.values()), default=0) // 2
        return _calibrated(reference, smaller) if 0 < smaller < count else (6.0, 10.0, 0.0)
    labels = labels[:: max(1, len(labels) // _MOST_TRIALS)]
    known = list(reference.rows)
    owner = torch.full((len(reference.units),), -1)
    for column, own in enumerate(reference.rows.values()):
        owner[own] = column
    features, wanted, weights = [], [], []
    for label in labels:
        column = known.index(label)
        own = reference.rows[label]
        rows = torch.tensor(own)[torch.randperm(len(own), generator=draw)]
        examples = reference.units[rows[:count]]
        rest = ((owner != column) & (owner >= 0)).nonzero()[:, 0]
        others = [at for at in range(len(known)) if at != column]
        for side, sign in ((rows[count:], 1.0), (rest, 0.0)):
            like = _likeness(reference.units[side], _unit(examples.mean(0)), examples)
            margin = like - reference.known_likeness[side][:, others].max(1).values
            features.append(torch.stack((like, margin), 1))
            wanted.append(torch.full((len(side),), sign))
            weights.append(torch.full((len(side),), 1 / len(side)))
    nearness, margin_weight, offset = _logistic(torch.cat(features), torch.cat(wanted), torch.cat(weights))
    return nearness, margin_weight, offset


def _logistic(x: Tensor, y: Tensor, weight: Tensor, *, ridge: float = 1e-4) -> list[float]:
    """Weights of the columns of x (N, K), and the offset last, that fit y in {0, 1}; Newton's method, ridge-damped."""
    import torch

    design = torch.cat((x, torch.ones_like(x[:, :1])), 1).double()
    y, weight = y.double(), (weight / weight.sum()).double()
    found = torch.zeros(design.shape[1], dtype=torch.float64)
    damping = ridge * torch.eye(len(found), dtype=torch.float64)
    for _ in range(25):
        p = (design @ found).sigmoid()
        gradient = design.T @ (weight * (p - y)) + ridge * found
        curvature = (design * (weight * p * (1 - p))[:, None]).T @ design + damping
        found -= torch.linalg.solve(curvature, gradient)
    return [float(value) for value in found]


def _unit(x: Tensor) -> Tensor:
    import torch

    return torch.nn.functional.normalize(x, dim=-1, eps=1e-6)


def _key(sentences: Sequence[Sentence], weights: str) -> str:
    text = "\0".join([weights, *(f"{sentence.label}\t{sentence.text}" for sentence in sentences)])
    return hashlib.sha256(text.encode()).hexdigest()[:20]

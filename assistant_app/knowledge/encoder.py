"""Sentences to vectors: texts of like meaning lie close together.

It knows a folder with a BERT-type encoder (`config.json`, `model.safetensors`, `tokenizer.json`)
and nothing of documents. The network is written out here (Devlin et al. 2018, arXiv:1810.04805):
some thirty lines, where importing a model library takes seconds that a question would wait for.
Mean pooling over the tokens and unit length, as all-MiniLM-L6-v2 was trained (Reimers and
Gurevych 2019, arXiv:1908.10084).

Shapes: B texts, T tokens, D hidden size, H attention heads, E head size.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from assistant_app.errors import ModelError

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor

_BATCH = 32
_LONGEST = 256
"""Tokens read of a text; all-MiniLM-L6-v2 was trained on no more."""


class SentenceEncoder(Protocol):
    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row of unit length a text, shape (n, d)."""


class MiniLmEncoder:
    """A BERT-type sentence encoder, loaded at first use. Safe to call from several threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._network: _Bert | None = None
        self._tokenizer: Tokenizer | None = None

    def load(self) -> None:
        """Read the weights now; raises `ModelError`."""
        with self._lock:
            self._loaded()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        import torch

        with self._lock:
            network, tokenizer = self._loaded()
            rows = []
            for first in range(0, len(texts), _BATCH):
                encoded = tokenizer.encode_batch(list(texts[first : first + _BATCH]))
                ids = torch.tensor([line.ids for line in encoded])
                mask = torch.tensor([line.attention_mask for line in encoded], dtype=torch.bool)
                with torch.inference_mode():
                    weights = mask.unsqueeze(-1).float()
                    pooled = (network.states(ids, mask) * weights).sum(1) / weights.sum(1).clamp(min=1)
                    rows.append(torch.nn.functional.normalize(pooled, dim=1).numpy().astype(np.float32))
        return np.concatenate(rows) if rows else np.zeros((0, 0), dtype=np.float32)

    def _loaded(self) -> tuple[_Bert, Tokenizer]:
        if self._network is None or self._tokenizer is None:
            from safetensors.torch import load_file
            from tokenizers import Tokenizer

            try:
                config = json.loads((self._folder / "config.json").read_text(encoding="utf-8"))
                tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
                tokenizer.enable_truncation(_LONGEST)
                tokenizer.enable_padding()
                self._network = _Bert(load_file(self._folder / "model.safetensors"), config)
                self._tokenizer = tokenizer
            except Exception as error:  # the readers of weights and tokenizer raise types of their own
                raise ModelError(
                    "encoder_unreadable",
                    f"The model that searches your documents cannot be read from {self._folder}. "
                    "Run: assistant models fetch all-minilm-l6-v2",
                ) from error
        return self._network, self._tokenizer


class _Bert:
    """The encoder's forward pass on weights named as in the published files."""

    def __init__(self, weights: Mapping[str, Tensor], config: Mapping[str, int | float | str]) -> None:
        if config["model_type"] != "bert" or config["hidden_act"] != "gelu":
            raise ValueError("not a BERT-type encoder with GELU")
        self._weights = {name: tensor.float() for name, tensor in weights.items()}
        self._layers = int(config["num_hidden_layers"])
        self._heads = int(config["num_attention_heads"])
        self._epsilon = float(config["layer_norm_eps"])
        if f"encoder.layer.{self._layers - 1}.output.dense.weight" not in self._weights:
            raise ValueError("weights are missing")

    def states(self, ids: Tensor, mask: Tensor) -> Tensor:
        """(B, T) token ids and True where there is a token -> (B, T, D)."""
        import torch

        places = self._weights["embeddings.position_embeddings.weight"][: ids.shape[1]]
        kind = self._weights["embeddings.token_type_embeddings.weight"][0]
        x = self._norm("embeddings.LayerNorm", self._weights["embeddings.word_embeddings.weight"][ids] + places + kind)
        seen = mask[:, None, None, :]
        for number in range(self._layers):
            layer = f"encoder.layer.{number}"
            query, key, value = (
                self._linear(f"{layer}.attention.self.{part}", x).view(*x.shape[:2], self._heads, -1).transpose(1, 2)
                for part in ("query", "key", "value")
            )
            mixed = torch.nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=seen)
            mixed = self._linear(f"{layer}.attention.output.dense", mixed.transpose(1, 2).flatten(2))
            x = self._norm(f"{layer}.attention.output.LayerNorm", x + mixed)
            wide = torch.nn.functional.gelu(self._linear(f"{layer}.intermediate.dense", x))
            x = self._norm(f"{layer}.output.LayerNorm", x + self._linear(f"{layer}.output.dense", wide))
        return x

    def _linear(self, name: str, x: Tensor) -> Tensor:
        return x @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]

    def _norm(self, name: str, x: Tensor) -> Tensor:
        import torch

        weight, bias = self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]
        return torch.nn.functional.layer_norm(x, weight.shape, weight, bias, self._epsilon)

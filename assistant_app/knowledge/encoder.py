"""Sentences to vectors: texts of like meaning lie close together.

It knows a folder with a BERT-type encoder (`config.json`, `model.safetensors`, `tokenizer.json`)
and nothing of documents. Mean pooling over the tokens and unit length, as all-MiniLM-L6-v2 was
trained (Reimers and Gurevych 2019, arXiv:1908.10084).
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from assistant_app.errors import ModelError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

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
        self._model: Any = None
        self._tokenizer: Tokenizer | None = None

    def load(self) -> None:
        """Read the weights now; raises `ModelError`."""
        with self._lock:
            self._loaded()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        import torch

        with self._lock:
            model, tokenizer = self._loaded()
            rows = []
            for first in range(0, len(texts), _BATCH):
                encoded = tokenizer.encode_batch(list(texts[first : first + _BATCH]))
                ids = torch.tensor([line.ids for line in encoded])
                mask = torch.tensor([line.attention_mask for line in encoded])
                with torch.inference_mode():
                    states = model(input_ids=ids, attention_mask=mask).last_hidden_state
                    weights = mask.unsqueeze(-1).to(states.dtype)
                    pooled = (states * weights).sum(1) / weights.sum(1).clamp(min=1)
                    rows.append(torch.nn.functional.normalize(pooled, dim=1).numpy().astype(np.float32))
        return np.concatenate(rows) if rows else np.zeros((0, 0), dtype=np.float32)

    def _loaded(self) -> tuple[Any, Tokenizer]:
        if self._model is None or self._tokenizer is None:
            import torch
            from safetensors import SafetensorError
            from tokenizers import Tokenizer
            from transformers import BertConfig, BertModel

            try:
                tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
                tokenizer.enable_truncation(_LONGEST)
                tokenizer.enable_padding()
                config = BertConfig.from_pretrained(self._folder)
                model = BertModel.from_pretrained(
                    self._folder, config=config, add_pooling_layer=False, local_files_only=True, dtype=torch.float32
                )
            except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
                raise _unreadable(self._folder) from error
            except Exception as error:
                if type(error) is Exception:  # what the tokenizer's Rust code raises on a bad file
                    raise _unreadable(self._folder) from error
                raise
            model.eval()  # type: ignore[no-untyped-call]
            self._model, self._tokenizer = model, tokenizer
        return self._model, self._tokenizer


def _unreadable(folder: Path) -> ModelError:
    return ModelError(
        "encoder_unreadable",
        f"The model that searches your documents cannot be read from {folder}. "
        "Run: assistant models fetch all-minilm-l6-v2",
    )

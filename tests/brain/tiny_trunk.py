"""Random trunks of a few thousand weights, of both supported types, with a tokenizer of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

TEXTS = [
    "schedule a dentist appointment with doctor patel next thursday at half past three for forty five minutes",
    "what is on my calendar tomorrow",
    "cancel the meeting on friday",
    "who wrote the book about the river",
    "the river was described by a writer named anna berg in her book about the northern valley",
    "hello how are you today",
    "tell me a joke please",
    "Question: Answer: user assistant system You are a friendly voice on the own computer",
]


def make_trunk(folder: Path, *, model_type: str = "qwen2", hidden_size: int = 48, layers: int = 4) -> Path:
    """A model folder as the model store makes them."""
    import torch
    from safetensors.torch import save_file
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import AutoConfig, AutoModelForCausalLM

    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=["<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXTS * 3, trainer)
    tokenizer.save(str(folder / "tokenizer.json"))
    options: dict[str, Any] = {
        "vocab_size": tokenizer.get_vocab_size(),
        "hidden_size": hidden_size,
        "num_hidden_layers": layers,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "intermediate_size": 96,
        "max_position_embeddings": 512,
        "tie_word_embeddings": model_type == "qwen2",
        "eos_token_id": tokenizer.token_to_id("<|im_end|>"),
        "bos_token_id": None,
        "pad_token_id": None,
    }
    config = AutoConfig.for_model(model_type, **options)
    torch.manual_seed(7)
    model = AutoModelForCausalLM.from_config(config)
    weights = {
        name: value.contiguous()
        for name, value in model.state_dict().items()
        if not (name == "lm_head.weight" and config.tie_word_embeddings)
    }
    save_file(weights, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({**config.to_dict(), "model_type": model_type}, default=str))
    return folder

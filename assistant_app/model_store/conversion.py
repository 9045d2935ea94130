"""Source files into what the program loads: exact where the formats allow it, and the same everywhere.

- CTranslate2's Whisper into openai-whisper's own checkpoint: the same fp16 numbers under other names.
- GGUF into a folder that `transformers` reads: the quantised blocks are expanded and rounded to bf16
  once, tensor by tensor, so that it takes seconds and little memory.

It knows layouts and names of tensors; it never builds a network.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant_app.model_store.ctranslate2_format import read_ctranslate2
from assistant_app.model_store.manifest import ModelEntry
from assistant_app.turn import Cancel

if TYPE_CHECKING:
    import torch
    from gguf import GGUFReader

OnBytes = Callable[[int], None]


def convert(entry: ModelEntry, source: Path, target: Path, on_bytes: OnBytes, cancel: Cancel) -> dict[str, str]:
    """Write the converted files into the folder `target`; the digest of each one's tensors by name.

    Raises:
        ValueError: the source is not what the conversion expects.
    """
    file = source / entry.files[0].name
    if entry.convert == "ctranslate2-whisper":
        name, tensors = _whisper(file, target, cancel)
    elif entry.convert == "gguf-causal-lm":
        name, tensors = _causal_lm(file, target, on_bytes, cancel)
    else:
        raise ValueError(f"{entry.convert} is not a conversion")
    return {name: digest_tensors(tensors)}


def convert_gguf(file: Path, target: Path) -> None:
    """A language model in GGUF into the folder `target`, as `transformers` writes one.

    Raises:
        ValueError: it is of another type than llama or qwen2.
    """
    _causal_lm(file, target, lambda _bytes: None, Cancel())


def digest_tensors(tensors: Mapping[str, torch.Tensor]) -> str:
    """sha256 over name, type, shape and bytes of every tensor, in the order of names."""
    import torch

    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().contiguous()
        head = f"{name}\0{str(tensor.dtype).removeprefix('torch.')}\0{json.dumps(list(tensor.shape))}\0"
        digest.update(head.encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


# --- Whisper -------------------------------------------------------------------------------------

_WHISPER_HEAD_SIZE = 64
"""Every Whisper has heads of 64; CTranslate2's file does not say."""


def _whisper(file: Path, target: Path, cancel: Cancel) -> tuple[str, dict[str, torch.Tensor]]:
    import torch

    model = read_ctranslate2(file)
    if model.specification != "WhisperSpec":
        raise ValueError(f"{file.name} holds a {model.specification}, not a Whisper")
    cancel.check()
    tensors = {
        name: torch.from_numpy(array.astype(array.dtype)) for name, array in _whisper_arrays(model.variables).items()
    }
    name = "base.pt"
    torch.save({"dims": _whisper_dims(tensors), "model_state_dict": tensors}, target / name)
    return name, tensors


def _whisper_dims(tensors: Mapping[str, torch.Tensor]) -> dict[str, int]:
    def layers(side: str) -> int:
        return 1 + max(int(found[1]) for key in tensors if (found := re.match(rf"{side}\.blocks\.(\d+)\.", key)))

    audio_ctx, audio_state = tensors["encoder.positional_embedding"].shape
    text_ctx, text_state = tensors["decoder.positional_embedding"].shape
    return {
        "n_mels": tensors["encoder.conv1.weight"].shape[1],
        "n_vocab": tensors["decoder.token_embedding.weight"].shape[0],
        "n_audio_ctx": audio_ctx,
        "n_audio_state": audio_state,
        "n_audio_head": audio_state // _WHISPER_HEAD_SIZE,
        "n_audio_layer": layers("encoder"),
        "n_text_ctx": text_ctx,
        "n_text_state": text_state,
        "n_text_head": text_state // _WHISPER_HEAD_SIZE,
        "n_text_layer": layers("decoder"),
    }


def _whisper_arrays(variables: Mapping[str, Any]) -> dict[str, Any]:
    """openai-whisper's names for CTranslate2's arrays; stacked projections are taken apart."""
    arrays: dict[str, Any] = {}

    def pair(target: str, source: str) -> None:
        arrays[f"{target}.weight"] = variables[f"{source}/weight"]
        arrays[f"{target}.bias"] = variables[f"{source}/bias"]

    def norm(target: str, source: str) -> None:
        arrays[f"{target}.weight"] = variables[f"{source}/gamma"]
        arrays[f"{target}.bias"] = variables[f"{source}/beta"]

    def stacked(target: str, source: str, parts: tuple[str, ...]) -> None:
        weight, bias = variables[f"{source}/weight"], variables[f"{source}/bias"]
        size = len(weight) // len(parts)
        for index, part in enumerate(parts):
            rows = slice(index * size, (index + 1) * size)
            arrays[f"{target}.{part}.weight"] = weight[rows]
            if part != "key":
                arrays[f"{target}.{part}.bias"] = bias[rows]
            elif bias[rows].any():
                raise ValueError("a key projection has a bias, which Whisper's has not")

    for name in ("conv1", "conv2"):
        pair(f"encoder.{name}", f"encoder/{name}")
    norm("encoder.ln_post", "encoder/layer_norm")
    norm("decoder.ln", "decoder/layer_norm")
    arrays["decoder.token_embedding.weight"] = variables["decoder/embeddings/weight"]
    for side in ("encoder", "decoder"):
        position = variables[f"{side}/position_encodings/encodings"]
        arrays[f"{side}.positional_embedding"] = position.reshape(position.shape[-2:])
        layers = {int(found[1]) for key in variables if (found := re.match(rf"{side}/layer_(\d+)/", key))}
        for layer in sorted(layers):
            source, target = f"{side}/layer_{layer}", f"{side}.blocks.{layer}"
            stacked(f"{target}.attn", f"{source}/self_attention/linear_0", ("query", "key", "value"))
            pair(f"{target}.attn.out", f"{source}/self_attention/linear_1")
            norm(f"{target}.attn_ln", f"{source}/self_attention/layer_norm")
            if side == "decoder":
                pair(f"{target}.cross_attn.query", f"{source}/attention/linear_0")
                stacked(f"{target}.cross_attn", f"{source}/attention/linear_1", ("key", "value"))
                pair(f"{target}.cross_attn.out", f"{source}/attention/linear_2")
                norm(f"{target}.cross_attn_ln", f"{source}/attention/layer_norm")
            pair(f"{target}.mlp.0", f"{source}/ffn/linear_0")
            pair(f"{target}.mlp.2", f"{source}/ffn/linear_1")
            norm(f"{target}.mlp_ln", f"{source}/ffn/layer_norm")
    return arrays


# --- GGUF ----------------------------------------------------------------------------------------

_GGUF_TOP = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}
_GGUF_LAYER = {
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "attn_norm": "input_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
    "ffn_norm": "post_attention_layernorm",
}
_HEADS = {"q_proj": "head_count", "k_proj": "head_count_kv"}
_COMPARED = ("model.embed_tokens.weight", "lm_head.weight")
_TIED_WITHIN = 0.1
"""Embedding and output layer are one matrix, quantised twice, where their mean difference is below
this part of their mean size. (Qwen2.5-Coder-0.5B: 0.04; two unrelated matrices: above 1.)"""


def _causal_lm(file: Path, target: Path, on_bytes: OnBytes, cancel: Cancel) -> tuple[str, dict[str, torch.Tensor]]:
    import torch
    from safetensors.torch import save_file
    from transformers import AutoConfig, AutoTokenizer

    tensors = _expand(file, on_bytes, cancel)
    tied = "lm_head.weight" not in tensors
    if not tied and _agree(tensors["lm_head.weight"], tensors["model.embed_tokens.weight"]):
        # Both stand for one matrix of the original; the file keeps the output layer in the finer quantisation.
        tensors["model.embed_tokens.weight"] = tensors.pop("lm_head.weight")
        tied = True
    tensors = {name: tensor.to(torch.bfloat16) for name, tensor in tensors.items()}
    name = "model.safetensors"
    save_file(tensors, target / name, metadata={"format": "pt"})
    cancel.check()
    config = AutoConfig.from_pretrained(file.parent, gguf_file=file.name)
    config.tie_word_embeddings = tied
    config.dtype = "bfloat16"
    config.architectures = [{"qwen2": "Qwen2ForCausalLM", "llama": "LlamaForCausalLM"}[config.model_type]]
    config.save_pretrained(target)
    cancel.check()
    AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name).save_pretrained(target)
    return name, tensors


def _agree(one: torch.Tensor, other: torch.Tensor) -> bool:
    difference = (one - other).abs().mean() / one.abs().mean()
    return bool(difference < _TIED_WITHIN)


def _expand(file: Path, on_bytes: OnBytes, cancel: Cancel) -> dict[str, torch.Tensor]:
    """Every tensor of a GGUF under `transformers`' names, rounded to bf16 but for the two that are compared."""
    import numpy as np
    import torch
    from gguf import GGUFReader, dequantize

    reader = GGUFReader(file)
    kind = str(_field(reader, "general.architecture"))
    if kind not in ("qwen2", "llama"):
        raise ValueError(f"a {kind} model cannot be converted; qwen2 and llama can")
    heads = {part: int(_field(reader, f"{kind}.attention.{key}")) for part, key in _HEADS.items()}
    tensors: dict[str, torch.Tensor] = {}
    done = 0
    for item in reader.tensors:
        cancel.check()
        name = _gguf_name(item.name)
        if name is None:
            continue
        array = np.array(dequantize(item.data, item.tensor_type), dtype=np.float32)  # F32 comes as a read-only view
        tensor = torch.from_numpy(array)
        rotated = re.search(r"\.([qk]_proj)\.", name)
        if kind == "llama" and rotated:
            tensor = _unpermute(tensor, heads[rotated[1]])
        tensors[name] = tensor if name in _COMPARED else tensor.to(torch.bfloat16)
        done += int(item.n_bytes)
        on_bytes(done)
    return tensors


def _field(reader: GGUFReader, name: str) -> Any:
    field = reader.get_field(name)
    if field is None:
        raise ValueError(f"the file does not say {name}")
    return field.contents()


def _gguf_name(name: str) -> str | None:
    if name == "rope_freqs.weight":
        return None  # computed from the configuration
    stem, _, kind = name.rpartition(".")
    if stem in _GGUF_TOP:
        return f"{_GGUF_TOP[stem]}.{kind}"
    found = re.fullmatch(r"blk\.(\d+)\.(\w+)", stem)
    if not found or found[2] not in _GGUF_LAYER:
        raise ValueError(f"the tensor {name} has no place in the model")
    return f"model.layers.{found[1]}.{_GGUF_LAYER[found[2]]}.{kind}"


def _unpermute(tensor: torch.Tensor, heads: int) -> torch.Tensor:
    """llama.cpp interleaves the halves that rotary embedding turns together; put them back."""
    rows = tensor.shape[0] // heads // 2
    return tensor.reshape(heads, rows, 2, *tensor.shape[1:]).swapaxes(1, 2).reshape(tensor.shape)

"""Conversions on small files that are written here, and the fetched weights themselves where they are."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from assistant_app.model_store import Manifest, ModelStore
from assistant_app.model_store.conversion import convert, digest_tensors
from assistant_app.model_store.ctranslate2_format import read_ctranslate2
from assistant_app.model_store.manifest import ModelEntry
from assistant_app.paths import find_paths, shipped_models_dir
from assistant_app.turn import Cancel
from tests.model_store.conftest import describe, write_manifest

TYPES = {"float32": 0, "int8": 1, "int16": 2, "int32": 3, "float16": 4}
STATE, HEADS_OF = 128, 64
LAYERS, VOCABULARY, MELS, AUDIO_CONTEXT, TEXT_CONTEXT = 2, 50, 80, 30, 20


def write_ctranslate2(
    path: Path,
    variables: dict[str, NDArray[Any]],
    aliases: dict[str, str] | None = None,
    specification: str = "WhisperSpec",
    version: int = 6,
) -> None:
    def string(text: str) -> bytes:
        data = text.encode() + b"\0"
        return struct.pack("<H", len(data)) + data

    out = struct.pack("<I", version) + string(specification) + struct.pack("<II", 3, len(variables))
    for name, array in variables.items():
        out += string(name) + struct.pack(f"<B{array.ndim}I", array.ndim, *array.shape)
        out += struct.pack("<BI", TYPES[array.dtype.name], array.nbytes) + array.tobytes()
    out += struct.pack("<I", len(aliases or {}))
    for alias, name in (aliases or {}).items():
        out += string(alias) + string(name)
    path.write_bytes(out)


def small_whisper() -> dict[str, NDArray[Any]]:
    """A Whisper of two layers as CTranslate2 writes it, with random numbers."""
    random = np.random.default_rng(7)
    arrays: dict[str, NDArray[Any]] = {}

    def put(name: str, *shape: int) -> None:
        arrays[name] = random.standard_normal(shape).astype(np.float16)

    def linear(name: str, rows: int, columns: int) -> None:
        put(f"{name}/weight", rows, columns)
        put(f"{name}/bias", rows)

    def norm(name: str) -> None:
        put(f"{name}/gamma", STATE)
        put(f"{name}/beta", STATE)

    put("encoder/conv1/weight", STATE, MELS, 3)
    put("encoder/conv1/bias", STATE)
    put("encoder/conv2/weight", STATE, STATE, 3)
    put("encoder/conv2/bias", STATE)
    put("encoder/position_encodings/encodings", AUDIO_CONTEXT, STATE)
    put("decoder/position_encodings/encodings", TEXT_CONTEXT, STATE)
    put("decoder/embeddings/weight", VOCABULARY, STATE)
    for side in ("encoder", "decoder"):
        norm(f"{side}/layer_norm")
        for layer in range(LAYERS):
            place = f"{side}/layer_{layer}"
            linear(f"{place}/self_attention/linear_0", 3 * STATE, STATE)
            arrays[f"{place}/self_attention/linear_0/bias"][STATE : 2 * STATE] = 0
            linear(f"{place}/self_attention/linear_1", STATE, STATE)
            norm(f"{place}/self_attention/layer_norm")
            if side == "decoder":
                linear(f"{place}/attention/linear_0", STATE, STATE)
                linear(f"{place}/attention/linear_1", 2 * STATE, STATE)
                arrays[f"{place}/attention/linear_1/bias"][:STATE] = 0
                linear(f"{place}/attention/linear_2", STATE, STATE)
                norm(f"{place}/attention/layer_norm")
            linear(f"{place}/ffn/linear_0", 4 * STATE, STATE)
            linear(f"{place}/ffn/linear_1", STATE, 4 * STATE)
            norm(f"{place}/ffn/layer_norm")
    return arrays


def entry_for(tmp_path: Path, conversion: str, file: str, converted: str) -> ModelEntry:
    table = describe(
        "small",
        {file: b"any"},
        {file: [{"url": "https://example.org/any"}]},
        convert=conversion,
        converted=[{"name": converted, "bytes": 1, "tensors_sha256": "0" * 64}],
    )
    return write_manifest(tmp_path / "manifest.toml", table).get("small")


def test_every_variable_and_alias_is_read_back(tmp_path: Path) -> None:
    arrays: dict[str, NDArray[Any]] = {
        "a/weight": np.arange(6, dtype=np.float32).reshape(2, 3),
        "b": np.array([-5, 7], np.int8),
        "c": np.float16([[[1.5]]]),
        "d": np.array([300, -300], np.int16),
        "e": np.array(9, np.int32),
    }
    write_ctranslate2(tmp_path / "model.bin", arrays, {"z": "a/weight"}, "SomeSpec")
    model = read_ctranslate2(tmp_path / "model.bin")
    assert (model.specification, model.revision) == ("SomeSpec", 3)
    assert set(model.variables) == {*arrays, "z"}
    for name, array in arrays.items():
        assert model.variables[name].dtype == array.dtype
        np.testing.assert_array_equal(model.variables[name], array)
    np.testing.assert_array_equal(model.variables["z"], arrays["a/weight"])


@pytest.mark.parametrize("keep", [0.3, 0.9, 0.999])
def test_a_file_cut_short_is_refused(tmp_path: Path, keep: float) -> None:
    path = tmp_path / "model.bin"
    write_ctranslate2(path, {"weights": np.ones(1000, np.float32)}, {"alias": "weights"})
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    with pytest.raises(ValueError, match="cut short"):
        read_ctranslate2(path)


def test_another_file_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"PK\x03\x04 and so on, long enough to be read")
    with pytest.raises(ValueError, match="not known"):
        read_ctranslate2(tmp_path / "model.bin")


def test_a_converted_whisper_loads_strictly_into_openai_whisper(tmp_path: Path) -> None:
    import torch
    from whisper.model import ModelDimensions, Whisper

    arrays = small_whisper()
    write_ctranslate2(tmp_path / "model.bin", arrays, {"decoder/projection/weight": "decoder/embeddings/weight"})
    out = tmp_path / "out"
    out.mkdir()
    entry = entry_for(tmp_path, "ctranslate2-whisper", "model.bin", "base.pt")
    digests = convert(entry, tmp_path, out, lambda done: None, Cancel())
    checkpoint = torch.load(out / "base.pt", weights_only=True)
    dims = ModelDimensions(**checkpoint["dims"])
    assert (dims.n_vocab, dims.n_audio_ctx, dims.n_text_ctx) == (VOCABULARY, AUDIO_CONTEXT, TEXT_CONTEXT)
    assert (dims.n_audio_layer, dims.n_text_layer, dims.n_audio_head) == (LAYERS, LAYERS, STATE // HEADS_OF)
    tensors = checkpoint["model_state_dict"]
    Whisper(dims).load_state_dict(tensors, strict=True)
    assert digests == {"base.pt": digest_tensors(tensors)}
    stacked = arrays["decoder/layer_1/attention/linear_1/weight"]
    np.testing.assert_array_equal(tensors["decoder.blocks.1.cross_attn.key.weight"].numpy(), stacked[:STATE])
    np.testing.assert_array_equal(tensors["decoder.blocks.1.cross_attn.value.weight"].numpy(), stacked[STATE:])
    query_key_value = arrays["encoder/layer_0/self_attention/linear_0/weight"]
    np.testing.assert_array_equal(tensors["encoder.blocks.0.attn.value.weight"].numpy(), query_key_value[2 * STATE :])


def test_a_model_that_is_no_whisper_is_refused(tmp_path: Path) -> None:
    write_ctranslate2(tmp_path / "model.bin", small_whisper(), specification="TransformerSpec")
    entry = entry_for(tmp_path, "ctranslate2-whisper", "model.bin", "base.pt")
    with pytest.raises(ValueError, match="TransformerSpec"):
        convert(entry, tmp_path, tmp_path, lambda done: None, Cancel())


def test_the_digest_sees_names_shapes_types_and_numbers_but_not_the_order() -> None:
    import torch

    one = {"a": torch.arange(6.0), "b": torch.ones(2, 3, dtype=torch.bfloat16)}
    assert digest_tensors(dict(reversed(one.items()))) == digest_tensors(one)
    for other in (
        {"a": one["a"], "c": one["b"]},
        {"a": one["a"], "b": one["b"].reshape(3, 2)},
        {"a": one["a"], "b": one["b"].to(torch.float16)},
        {"a": one["a"].flip(0), "b": one["b"]},
    ):
        assert digest_tensors(other) != digest_tensors(one)


def write_small_gguf(path: Path, *, unrelated_output: bool) -> dict[str, NDArray[Any]]:
    """A Qwen2 of one layer: weights in 8 bit, output layer given beside the embedding."""
    from gguf import GGMLQuantizationType, GGUFWriter, quantize

    random = np.random.default_rng(3)
    hidden, forward, vocabulary = 64, 96, 40
    writer = GGUFWriter(path, "qwen2")
    writer.add_block_count(1)
    writer.add_context_length(128)
    writer.add_embedding_length(hidden)
    writer.add_feed_forward_length(forward)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(10000.0)
    tokens = ["t", "0", *(f"t{number}" for number in range(vocabulary - 4)), "<|endoftext|>", "<|im_end|>"]
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(tokens)
    writer.add_token_types([1] * (vocabulary - 2) + [3, 3])
    writer.add_token_merges(["t 0"])
    writer.add_bos_token_id(vocabulary - 2)
    writer.add_eos_token_id(vocabulary - 1)
    shapes = {
        "token_embd.weight": (vocabulary, hidden),
        "output_norm.weight": (hidden,),
        "blk.0.attn_q.weight": (hidden, hidden),
        "blk.0.attn_q.bias": (hidden,),
        "blk.0.attn_k.weight": (hidden // 2, hidden),
        "blk.0.attn_k.bias": (hidden // 2,),
        "blk.0.attn_v.weight": (hidden // 2, hidden),
        "blk.0.attn_v.bias": (hidden // 2,),
        "blk.0.attn_output.weight": (hidden, hidden),
        "blk.0.attn_norm.weight": (hidden,),
        "blk.0.ffn_norm.weight": (hidden,),
        "blk.0.ffn_gate.weight": (forward, hidden),
        "blk.0.ffn_up.weight": (forward, hidden),
        "blk.0.ffn_down.weight": (hidden, forward),
    }
    arrays = {name: random.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
    embedding = arrays["token_embd.weight"]
    arrays["output.weight"] = (
        random.standard_normal(embedding.shape).astype(np.float32) if unrelated_output else embedding
    )
    coarse = GGMLQuantizationType.Q5_0
    for name, array in arrays.items():
        if array.ndim == 1:
            writer.add_tensor(name, array)
        else:
            kind = coarse if name == "token_embd.weight" else GGMLQuantizationType.Q8_0
            writer.add_tensor(name, quantize(array, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return arrays


@pytest.mark.parametrize("unrelated_output", [False, True])
def test_a_converted_gguf_loads_without_a_missing_tensor_and_close_to_the_original(
    tmp_path: Path, unrelated_output: bool
) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    arrays = write_small_gguf(tmp_path / "small.gguf", unrelated_output=unrelated_output)
    out = tmp_path / "out"
    out.mkdir()
    entry = entry_for(tmp_path, "gguf-causal-lm", "small.gguf", "model.safetensors")
    convert(entry, tmp_path, out, lambda done: None, Cancel())
    model, loading = AutoModelForCausalLM.from_pretrained(out, output_loading_info=True, local_files_only=True)
    assert not loading["missing_keys"]
    assert not loading["unexpected_keys"]
    assert model.config.tie_word_embeddings is not unrelated_output
    tensors = model.state_dict()
    assert tensors["model.embed_tokens.weight"].dtype == torch.bfloat16
    for name, original in {
        "model.embed_tokens.weight": "token_embd.weight",
        "lm_head.weight": "output.weight",
        "model.layers.0.mlp.down_proj.weight": "blk.0.ffn_down.weight",
        "model.layers.0.self_attn.k_proj.bias": "blk.0.attn_k.bias",
    }.items():
        coarse = unrelated_output and original == "token_embd.weight"
        worst = float((tensors[name].float() - torch.from_numpy(arrays[original])).abs().max())
        assert worst < (0.2 if coarse else 0.03), f"{name} is off by {worst}"


@pytest.mark.weights
def test_the_fetched_weights_are_whole_and_whisper_loads_its_own_strictly() -> None:
    paths = find_paths()
    manifest = Manifest.load(shipped_models_dir() / "manifest.toml")
    store = ModelStore(manifest, paths.weights_search_path(), paths.weights_dir)
    wanted = [entry.name for entry in manifest.models if not entry.optional]
    absent = [name for name in wanted if store.status(name).state == "missing"]
    if absent:
        pytest.skip(f"not fetched: {', '.join(absent)}; run: assistant models fetch")
    assert [status.problem for status in store.verify(wanted) if status.state != "ready"] == []
    import torch
    from whisper.model import ModelDimensions, Whisper

    checkpoint = torch.load(store.require("whisper-base"), weights_only=True)
    Whisper(ModelDimensions(**checkpoint["dims"])).load_state_dict(checkpoint["model_state_dict"], strict=True)
    (converted,) = manifest.get("whisper-base").converted
    assert digest_tensors(checkpoint["model_state_dict"]) == converted.tensors_sha256

"""A llama of random weights, as small as llama.cpp takes it: what it writes is noise, in the real protocol."""

from __future__ import annotations

import string
from pathlib import Path

import numpy as np

WIDTH, HEADS, LAYERS, HIDDEN, CONTEXT = 64, 4, 2, 128, 16_384
_NORMAL, _UNKNOWN, _CONTROL, _BYTE = 1, 2, 3, 6


def write_tiny_llama(path: Path, *, whole_characters: bool = True, seed: int = 0) -> None:
    """Write a GGUF file. Its words are bytes, printable ASCII and a few pieces that JSON is made of.

    With `whole_characters` it hardly ever writes single bytes, which mostly make no character together.
    """
    from gguf import GGUFWriter

    pieces = ["▁", *string.printable[:95].replace(" ", ""), '{"', '":', '"}', "▁the", "▁price", "intent"]
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *pieces]
    types = [_UNKNOWN, _CONTROL, _CONTROL, *[_BYTE] * 256, *[_NORMAL] * len(pieces)]
    writer = GGUFWriter(path, "llama")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([-float(place) for place in range(len(tokens))])
    writer.add_token_types(types)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    for name, shape in _shapes(len(tokens)).items():
        random = np.random.default_rng([seed, len(name), sum(name.encode())])
        weights = np.ones(shape) if name.endswith("norm.weight") else random.normal(0, 0.5, shape)
        if name == "output.weight" and whole_characters:
            weights[3 : 3 + 256] = 0
        writer.add_tensor(name, weights.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _shapes(words: int) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {
        "token_embd.weight": (words, WIDTH),
        "output_norm.weight": (WIDTH,),
        "output.weight": (words, WIDTH),
    }
    for layer in range(LAYERS):
        block = f"blk.{layer}."
        shapes |= {f"{block}{norm}_norm.weight": (WIDTH,) for norm in ("attn", "ffn")}
        shapes |= {f"{block}attn_{part}.weight": (WIDTH, WIDTH) for part in ("q", "k", "v", "output")}
        shapes |= {f"{block}ffn_{part}.weight": (HIDDEN, WIDTH) for part in ("gate", "up")}
        shapes[f"{block}ffn_down.weight"] = (WIDTH, HIDDEN)
    return shapes

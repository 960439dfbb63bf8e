"""A real llama.cpp server around a tiny model with random weights: writes the model, serves it, ends with its input.

`python llama_server.py FILE` prints its address as its first line. The model knows bytes, ASCII and the two marks of a
tool call; what it says is noise, unless a grammar holds it to a form.
"""

import sys

import numpy as np
import xllamacpp
from gguf import GGUFWriter, TokenType

WIDTH, HEADS, INNER, LAYERS, CONTEXT = 64, 4, 128, 2, 2048
SLOTS = 4
"""Calls at once; each has its share of the context."""
TEMPLATE = """
{%- if tools %}{{- '<|system|>Tools:' }}{%- for tool in tools %}{{- tool | tojson }}{%- endfor %}{{- '<|end|>' }}
{%- endif %}
{%- for message in messages %}
  {{- '<|' + message.role + '|>' }}{%- if message.content %}{{- message.content }}{%- endif %}
  {%- for call in message.tool_calls or [] %}
    {{- '<tool_call>{"name": "' + call.function.name + '", "arguments": ' + (call.function.arguments | tojson) }}
    {{- '}</tool_call>' }}
  {%- endfor %}
  {{- '<|end|>' }}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|assistant|>' }}{%- endif %}
"""


def write(file: str) -> None:
    """Write the model, half a megabyte, the same every time."""
    writer = GGUFWriter(file, "llama")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    tokens = _add_tokens(writer)
    _add_tensors(writer, len(tokens))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add_tokens(writer: GGUFWriter) -> list[str]:
    special = {"<unk>": TokenType.UNKNOWN, "<s>": TokenType.CONTROL, "</s>": TokenType.CONTROL}
    marks = dict.fromkeys(("<tool_call>", "</tool_call>"), TokenType.USER_DEFINED)
    words = dict.fromkeys(("\u2581", *map(chr, range(33, 127))), TokenType.NORMAL)
    tokens = special | {f"<0x{byte:02X}>": TokenType.BYTE for byte in range(256)} | marks | words
    writer.add_tokenizer_model("llama")
    writer.add_token_list(list(tokens))
    writer.add_token_types(list(tokens.values()))
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_vocab_size(len(tokens))
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_chat_template(TEMPLATE.strip())
    return list(tokens)


def _add_tensors(writer: GGUFWriter, tokens: int) -> None:
    random = np.random.default_rng(7)
    shapes = {"token_embd": (tokens, WIDTH), "output": (tokens, WIDTH)}
    ones = ["output_norm"]
    for layer in range(LAYERS):
        block = f"blk.{layer}"
        shapes |= {f"{block}.attn_{part}": (WIDTH, WIDTH) for part in ("q", "k", "v", "output")}
        shapes |= {f"{block}.ffn_{part}": (INNER, WIDTH) for part in ("gate", "up")}
        shapes[f"{block}.ffn_down"] = (WIDTH, INNER)
        ones += [f"{block}.attn_norm", f"{block}.ffn_norm"]
    for name, shape in shapes.items():
        writer.add_tensor(f"{name}.weight", (0.4 * random.standard_normal(shape)).astype(np.float32))
    for name in ones:
        writer.add_tensor(f"{name}.weight", np.ones(WIDTH, np.float32))


def serve(file: str) -> None:
    """Serve until the input ends, on a free port of loopback."""
    params = xllamacpp.CommonParams()
    params.model.path = file
    params.n_ctx = CONTEXT
    params.n_parallel = SLOTS
    params.n_gpu_layers = 0
    params.warmup = False
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    write(sys.argv[1])
    serve(sys.argv[1])

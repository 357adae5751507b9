"""Builds Horizon's tokenizer: CLIP's byte-pair scheme with a vocabulary of our own.

The merges are learned here, by the algorithm of Sennrich et al. 2016 (algorithm 1) on word counts,
rather than by a library's trainer, so that the files are the same bytes wherever they are built.
"""

import json
from collections import Counter
from itertools import pairwise
from pathlib import Path

from studio.training.captions.grammar import caption
from studio.training.captions.words import split_words, vocabulary
from studio.training.scenes import sample_scene

MAX_LENGTH = 77  # tokens, begin and end included, as CLIP has it
START, END = "<|startoftext|>", "<|endoftext|>"
_END_OF_WORD = "</w>"
_MAX_MERGES = 986  # 256 bytes, 256 word-final bytes, 2 marks: at most 1,500 tokens
_CORPUS_CAPTIONS = 4000
_KNOWN_WORD_COUNT = 8  # each vocabulary word counts at least this often, so that it becomes one token

Symbols = tuple[str, ...]


def build_tokenizer(out_dir: Path) -> None:
    """Write vocab.json, merges.txt, tokenizer_config.json and special_tokens_map.json into ``out_dir``."""
    out_dir.mkdir(parents=True, exist_ok=True)
    merges = learn_merges(_corpus_counts(), _MAX_MERGES)
    tokens = _byte_symbols() + [a + b for a, b in merges] + [START, END]
    ids = {token: index for index, token in enumerate(tokens)}
    _write_json(out_dir / "vocab.json", ids, indent=None)
    lines = ["#version: 0.2", *(f"{a} {b}" for a, b in merges)]
    (out_dir / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    marks = {"bos_token": START, "eos_token": END, "unk_token": END, "pad_token": END}
    _write_json(out_dir / "special_tokens_map.json", marks, indent=2)
    config = {
        "tokenizer_class": "CLIPTokenizer",
        "model_max_length": MAX_LENGTH,
        "do_lower_case": True,
        "errors": "replace",
    }
    _write_json(out_dir / "tokenizer_config.json", {**config, **marks, "add_prefix_space": False}, indent=2)


def learn_merges(counts: dict[str, int], limit: int) -> list[tuple[str, str]]:
    """Byte-pair merges of the words in ``counts``, most frequent pair first, ties in alphabetical order."""
    words: dict[Symbols, int] = {_symbols(word): count for word, count in counts.items()}
    merges: list[tuple[str, str]] = []
    while len(merges) < limit:
        pairs: Counter[tuple[str, str]] = Counter()
        for symbols, count in words.items():
            for pair in pairwise(symbols):
                pairs[pair] += count
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        words = {_merged(symbols, best): count for symbols, count in words.items()}
    return merges


def _symbols(word: str) -> Symbols:
    """A word's characters, the last one marked; ASCII letters are their own byte symbols."""
    return (*word[:-1], word[-1] + _END_OF_WORD)


def _merged(symbols: Symbols, pair: tuple[str, str]) -> Symbols:
    result: list[str] = []
    index = 0
    while index < len(symbols):
        if symbols[index : index + 2] == pair:
            result.append(pair[0] + pair[1])
            index += 2
        else:
            result.append(symbols[index])
            index += 1
    return tuple(result)


def _corpus_counts() -> dict[str, int]:
    """How often each word is said in a fixed set of captions; words not heard there count too."""
    counts: Counter[str] = Counter()
    for seed in range(_CORPUS_CAPTIONS):
        counts.update(split_words(caption(sample_scene(seed), seed)))
    return {word: max(counts[word], _KNOWN_WORD_COUNT) for word in vocabulary()}


def _byte_symbols() -> list[str]:
    """CLIP's 256 printable stand-ins for bytes, alone and at a word's end (GPT-2's ``bytes_to_unicode``)."""
    printable = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAC + 1), *range(0xAE, 0xFF + 1)]
    stand_ins = [chr(byte) for byte in printable]
    stand_ins += [chr(256 + k) for k in range(256 - len(printable))]
    return stand_ins + [symbol + _END_OF_WORD for symbol in stand_ins]


def _write_json(path: Path, content: object, *, indent: int | None) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=indent) + "\n", encoding="utf-8")

"""Valid files made invalid, in the ways that files are: bit rot, cuts, repeats, and what an attacker would write."""

import random
import struct
import zlib
from collections.abc import Callable, Sequence

LARGEST = 2 << 20
"""Bytes: a mutant grows no larger than this by repeats; the limits on size have tests of their own."""
_EDGES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)
_TOKENS = (
    *("NaN", "Infinity", "-1", "1e999", "1e-400", "9" * 400, "0x10", "null", "true", "[]", "{}", "{", "}", "[", "]"),
    *('"', '\\"', "\\u0000", "\\ud800", "\0", "\n", "\r", ",", ":", ": ", ", ", "(", ")", "<lora:", ">", "é", "🙂"),
    *("Steps: 20", "Seed: ", "Negative prompt:", '"version": 2', "class_type", "inputs", "__class__", "../", "%s"),
    *("&quot;", "&#", "\ufeff", "\u202e", "'", "=", "#", "[[", "]]", "true = false", "1979-05-27T07:32:00Z"),
)
_PNG = b"\x89PNG\r\n\x1a\n"


def mutant(random_: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """`data` after one to six changes; `others` lend their parts."""
    for _ in range(random_.choice((1, 1, 1, 2, 3, 6))):
        change = random_.choice(_CHANGES)
        data = change(random_, data, others)[:LARGEST]
    return with_checksums(data) if random_.random() < 0.7 else data


def text_mutant(random_: random.Random, text: str) -> str:
    """`text` after one to six changes, still Unicode."""
    for _ in range(random_.choice((1, 1, 2, 3, 6))):
        start, end = _span(random_, len(text))
        token = random_.choice(_TOKENS)
        middle = random_.choice(
            (
                token,
                text[start:end] + token,
                text[start:end] * random_.choice((2, 3, 100, 5000)),
                token * random_.choice((2, 100, 20_000)),
                "",
                text[start:end][::-1],
            )
        )
        text = (text[:start] + middle + text[end:])[: LARGEST // 4]
    return text


def with_checksums(data: bytes) -> bytes:
    """A PNG whose chunks, as far as they can be walked, have their right checksums: so that readers look inside."""
    if not data.startswith(_PNG):
        return data
    parts, at = [_PNG], len(_PNG)
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        if at + 12 + length > len(data):
            break
        named = data[at + 4 : at + 8 + length]
        parts.append(data[at : at + 4] + named + struct.pack(">I", zlib.crc32(named)))
        at += 12 + length
    return b"".join([*parts, data[at:]])


def _span(random_: random.Random, length: int) -> tuple[int, int]:
    start = random_.randint(0, length)
    return start, min(length, start + random_.choice((0, 1, 2, 4, 8, 30, 200)))


def _flip(random_: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    if not data:
        return data
    at = random_.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << random_.randrange(8))]) + data[at + 1 :]


def _number(random_: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """An edge of some integer's range, in either byte order."""
    size, order = random_.choice((1, 2, 4)), random_.choice(("big", "little"))
    edge = random_.choice(_EDGES) & (256**size - 1)
    at = random_.randint(0, max(0, len(data) - size))
    return data[:at] + edge.to_bytes(size, order) + data[at + size :]


def _cut(random_: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    return data[: random_.randint(0, len(data))]


def _remove(random_: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    start, end = _span(random_, len(data))
    return data[:start] + data[end:]


def _repeat(random_: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    start, end = _span(random_, len(data))
    return data[:end] + data[start:end] * random_.choice((1, 2, 50, 3000)) + data[end:]


def _token(random_: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    at = random_.randint(0, len(data))
    word = random_.choice(_TOKENS).encode(random_.choice(("utf-8", "utf-8", "utf-16-le", "utf-16-be")), "replace")
    return data[:at] + word * random_.choice((1, 1, 1, 200)) + data[at:]


def _noise(random_: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    start, end = _span(random_, len(data))
    return data[:start] + random_.randbytes(random_.choice((1, 4, 40))) + data[end:]


def _splice(random_: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    other = random_.choice(others)
    return data[: random_.randint(0, len(data))] + other[random_.randint(0, len(other)) :]


_CHANGES: tuple[Callable[[random.Random, bytes, Sequence[bytes]], bytes], ...] = (
    *(_flip, _number, _cut, _remove),
    *(_repeat, _token, _noise, _splice),
)

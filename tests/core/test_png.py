import io
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core.png import SIGNATURE, TEXT_LIMIT, PngError, PngSummary, read_summary

# Hostile files are tried through `read_recipe`, in test_metadata.py; here are the rules of the walk itself.


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(*chunks, width=6, height=4):
    size = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return io.BytesIO(SIGNATURE + size + b"".join(chunks) + chunk(b"IEND", b""))


def test_size_and_text_are_found_and_no_text_is_none():
    assert read_summary(png(chunk(b"tEXt", b"key\0caf\xe9")), "key") == PngSummary(6, 4, "café")
    assert read_summary(png(chunk(b"tEXt", b"other\0x")), "key") == PngSummary(6, 4, None)


def test_the_first_of_two_texts_counts():
    assert read_summary(png(chunk(b"tEXt", b"key\0one"), chunk(b"tEXt", b"key\0two")), "key").text == "one"


def test_a_keyword_is_matched_whole():
    assert read_summary(png(chunk(b"tEXt", b"keys\0x"), chunk(b"tEXt", b"ke\0x")), "key").text is None


def test_text_at_the_limit_is_read_and_one_byte_more_is_not():
    body = b"key\0\0" + zlib.compress(b"x" * TEXT_LIMIT)
    assert len(read_summary(png(chunk(b"zTXt", body)), "key").text) == TEXT_LIMIT
    with pytest.raises(PngError, match="unpacks to more"):
        read_summary(png(chunk(b"zTXt", b"key\0\0" + zlib.compress(b"x" * (TEXT_LIMIT + 1)))), "key")


def test_other_texts_may_be_as_long_and_as_broken_as_they_like():
    long = chunk(b"tEXt", b"other\0" + b"x" * (2 * TEXT_LIMIT))
    assert read_summary(png(long, chunk(b"zTXt", b"other\0\0junk")), "key").text is None


@given(st.text(st.characters(codec="utf-8"), max_size=300), st.booleans())
def test_any_international_text_comes_back(text, packed):
    body = zlib.compress(text.encode()) if packed else text.encode()
    found = read_summary(png(chunk(b"iTXt", b"key\0" + bytes([packed, 0]) + b"de\0Schl\xc3\xbcssel\0" + body)), "key")
    assert found.text == text

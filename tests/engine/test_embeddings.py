"""Embeddings as one value: whatever tensors a family has, they are blended, joined and counted together."""

import pytest
import torch

from studio.engine.embeddings import Embeddings, blend, join


def made(seed: int, words: int = 2) -> Embeddings:
    generator = torch.Generator().manual_seed(seed)
    mask = torch.tensor([[1] * words + [0] * (4 - words)])
    return Embeddings(torch.randn(1, 4, 3, generator=generator), torch.randn(1, 5, generator=generator), mask)


def test_every_tensor_is_blended_by_the_same_shares() -> None:
    one, other = made(0), made(1)
    mixed = blend([one, other], (0.25, 0.75))
    torch.testing.assert_close(mixed.tokens, 0.25 * one.tokens + 0.75 * other.tokens)
    assert one.pooled is not None
    assert other.pooled is not None
    torch.testing.assert_close(mixed.pooled, 0.25 * one.pooled + 0.75 * other.pooled)


def test_a_keyframe_is_its_own_to_the_bit() -> None:
    one, other = made(0), made(1)
    assert blend([one, other], (0.0, 1.0)) is other


def test_a_position_counts_where_it_does_for_any_that_has_a_share() -> None:
    mixed = blend([made(0, words=1), made(1, words=3), made(2, words=4)], (0.5, 0.5, 0.0))
    assert mixed.mask is not None
    assert mixed.mask.tolist() == [[1, 1, 1, 0]]


def test_what_a_family_has_not_stays_away() -> None:
    mixed = blend([Embeddings(torch.zeros(1, 2, 3)), Embeddings(torch.ones(1, 2, 3))], (0.5, 0.5))
    assert (mixed.pooled, mixed.mask, mixed.guidance) == (None, None, None)
    joined = join(Embeddings(torch.zeros(1, 2, 3)), Embeddings(torch.ones(1, 2, 3)))
    assert joined.tokens.shape == (2, 2, 3)
    assert joined.pooled is None


def test_joined_they_are_one_batch_in_order() -> None:
    joined = join(made(0), made(1))
    assert joined.pooled is not None
    assert joined.mask is not None
    assert (joined.tokens.shape, joined.pooled.shape, joined.mask.shape) == ((2, 4, 3), (2, 5), (2, 4))
    assert torch.equal(joined.tokens[1:], made(1).tokens)


def test_the_scale_is_told_beside_the_words() -> None:
    told = made(0).told(3.5)
    assert told.guidance is not None
    assert told.guidance.tolist() == [3.5]
    assert torch.equal(told.tokens, made(0).tokens)


def test_a_clone_shares_no_memory_and_zeros_keep_the_mask() -> None:
    one = made(0)
    assert one.clone().tokens.data_ptr() != one.tokens.data_ptr()
    assert not one.zeros().tokens.any()
    assert one.zeros().mask is one.mask


@pytest.mark.parametrize(("tensors", "size"), [((torch.zeros(1, 2, 3),), 24), ((torch.zeros(1), torch.zeros(2)), 12)])
def test_all_of_it_counts(tensors: tuple[torch.Tensor, ...], size: int) -> None:
    assert Embeddings(*tensors).size_bytes == size

"""The words of Horizon's scenes: a grammar, its reader and its vocabulary."""

from studio.training.captions.grammar import caption
from studio.training.captions.reading import attributes_said, false_claims
from studio.training.captions.words import vocabulary, write_vocabulary

__all__ = ["attributes_said", "caption", "false_claims", "vocabulary", "write_vocabulary"]

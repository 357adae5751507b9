"""Pictures of other programs: what their metadata says, as a recipe of ours, and what would be different here.

    carrier     the texts in a PNG, JPEG or WebP file; no pixels are decoded
    text_reader the same from text that someone copied
    stealth     the text hidden in the lowest bits of the pixels
    a1111, comfyui, invokeai, fooocus, novelai, ours
                one reader each: from texts to a draft
    draft       collects what was understood and what was not, and ends as an `Understanding`
    adoption    what becomes of it with the models of this machine

Everything is data from strangers: sizes, counts and depths are limited, nothing is evaluated.
"""

from studio.core.foreign.reader import read_foreign
from studio.core.foreign.understanding import Program, Understanding

__all__ = ["Program", "Understanding", "read_foreign"]

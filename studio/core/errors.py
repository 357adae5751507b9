"""The errors an artist can meet. Each builds its sentence from facts and says what to do next.

StudioError
├── OptionError                 a value outside what the recipe allows
│   ├── UnknownChoiceError      a name nobody knows, with the nearest that exist
│   └── PromptTooLongError      more tokens than the text encoder reads
├── ModelError                  a model that cannot be used
│   ├── ModelNotFoundError
│   ├── ModelBrokenError        unreadable, truncated or incomplete
│   ├── ModelPartMissingError   a single file without a tokenizer or a text encoder
│   │   └── SharedPartMissingError  one that many models share, and that can be fetched
│   ├── ModelTooLargeError      more weights than memory
│   ├── UnsafeModelError        weights stored as a pickle
│   ├── ForeignCodeError        a model that brings program code of its own
│   ├── PipelineError           what diffusers' own pipeline would not do
│   ├── AdapterError            an adapter, embedding or VAE that does not go with the model
│   │   ├── AdapterNotFoundError
│   │   └── AdapterChangedError the recipe was made with another file
│   └── ModelChangedError       the recipe was made with other weights
├── DownloadError               what could not be fetched
├── PictureError                a picture file that cannot be read
│   └── NoRecipeError           a picture that carries no recipe
├── ProjectError                a project file that cannot be opened
├── SaveError                   a file that could not be written
│   └── NoRoomError             a file that could not be written if one tried
├── InUseError                  a data directory that another studio has open
├── OutOfMemoryError
├── NumbersOverflowedError      latents or a picture that are no numbers any more
├── StylesError                 a file of styles that cannot be used
└── SettingsError               a settings file that cannot be read

`Cancelled` stands outside the tree: it is an order, not a failure.
"""

import difflib
from collections.abc import Iterable
from pathlib import Path


class Cancelled(BaseException):
    """The artist pressed Stop. A `BaseException`, so that no library's `except Exception` swallows it."""


class StudioError(Exception):
    """Root of every error whose sentence is shown to the artist."""


class OptionError(StudioError):
    """A value outside what a recipe allows."""

    def __init__(self, name: str, sentence: str) -> None:
        """`name` is the field, so that the window can show the sentence beside its control."""
        self.name = name
        super().__init__(sentence)

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by facts: exceptions otherwise pickle by their sentence alone."""
        return (OptionError, (self.name, str(self)))


class UnknownChoiceError(OptionError):
    """A name that is not among the choices."""

    def __init__(self, name: str, value: str, choices: Iterable[str]) -> None:
        """Suggests the nearest choice, or lists all where none is near."""
        known = list(choices)
        folded = {choice.casefold(): choice for choice in known}
        near = difflib.get_close_matches(value.casefold(), folded, n=1, cutoff=0.5)
        hint = f"Did you mean “{folded[near[0]]}”?" if near else f"Choose one of: {', '.join(known)}."
        super().__init__(name, f"{name.capitalize()}: “{value[:60]}” is not known. {hint}")


class PromptTooLongError(OptionError):
    """The text encoder reads fewer tokens than the prompt has. Nothing is ever cut silently."""

    def __init__(self, name: str, tokens: int, limit: int) -> None:
        """`tokens` and `limit` count the prompt's own tokens, without the start and end marks."""
        self.tokens, self.limit = tokens, limit
        what = name.replace("_", " ")
        super().__init__(
            name, f"The {what} has {tokens:,} tokens, but the model reads {limit:,}. Shorten it by {tokens - limit:,}."
        )


class ModelError(StudioError):
    """A model that cannot be used."""


class ModelNotFoundError(ModelError):
    """No model of that name or path."""

    _LISTED_MAX = 10

    def __init__(self, name: str, known: Iterable[str]) -> None:
        """Lists the first models there are, and says how many more."""
        found = list(known)
        names, more = ", ".join(found[: self._LISTED_MAX]) or "none", len(found) - self._LISTED_MAX
        rest = f" and {more} more" if more > 0 else ""
        super().__init__(
            f"There is no model “{name[:60]}”. Models found: {names}{rest}. Give a name from this list or a folder."
        )


class ModelBrokenError(ModelError):
    """A model, or what goes with one, that is unreadable, truncated or incomplete."""

    def __init__(self, folder: Path, reason: str, what: str = "model") -> None:
        """`reason` names the file and what is wrong with it, without a full stop; `what` it is, as artists call it."""
        place = f"model in {folder}" if what == "model" else f"{what} {folder}"
        super().__init__(f"The {place} cannot be loaded: {reason}. Copy or download it again.")


class ModelPartMissingError(ModelError):
    """A single file that needs something which is neither in it nor beside it."""

    def __init__(self, path: Path, part: str, folder: Path) -> None:
        """`part` as artists call it; `folder` is where it would be found."""
        super().__init__(
            f"{path.name} comes without its {part}, and it is not on this machine where the studio looks. "
            f"Copy that folder from the same model in the diffusers layout to {folder}."
        )


class SharedPartMissingError(ModelPartMissingError):
    """A single file that needs a part which many models share, and which the artist may have fetched."""

    def __init__(self, path: Path, part: str, title: str, folder: Path) -> None:
        """`part` is the name it can be fetched by, `title` as artists call it; `folder` is where it would be found."""
        self.part = part
        StudioError.__init__(
            self,
            f"{path.name} comes without its {title}, and it is not on this machine where the studio looks. "
            f"Fetch it (`latent-studio get {part}`), or copy that folder from the same model in the diffusers layout "
            f"to {folder}.",
        )


class ModelTooLargeError(ModelError):
    """A model whose weights need more memory than is free. Told before it is loaded."""

    def __init__(
        self, name: str, needed_bytes: int, free_bytes: int, weights_that_fit: int, device: str, *, half_bytes: int = 0
    ) -> None:
        """`weights_that_fit`: how many numbers of the same format would. `half_bytes`: its need in half precision.

        0: it is in that already.
        """
        smaller = f"choose a model of at most {weights_that_fit / 1e9:.1f} billion weights."
        if 0 < half_bytes <= free_bytes:
            smaller = f"choose bfloat16 as the precision in the settings: it needs {half_bytes / 2**30:.1f} GB then."
        super().__init__(
            f"“{name}” needs {needed_bytes / 2**30:.1f} GB of memory, but {free_bytes / 2**30:.1f} GB are free "
            f"on {device}. Close other programs, or {smaller}"
        )


class UnsafeModelError(ModelError):
    """Weights stored as a pickle, which can run any code when opened."""

    def __init__(self, path: Path) -> None:
        """Says why, and how to convert."""
        super().__init__(
            f"{path.name} is a pickle: opening it can run any program hidden in it, so it is refused. "
            "Use its .safetensors version. A checkpoint that you trust becomes one in AUTOMATIC1111’s Checkpoint "
            "Merger: choose “No interpolation” and the format safetensors."
        )


class ForeignCodeError(ModelError):
    """A model that wants program code of its own to be run."""

    def __init__(self, folder: Path, name: str) -> None:
        """`name` is the file that says so."""
        super().__init__(
            f"The model in {folder} brings program code of its own ({name}), which could do anything and is not run. "
            "Choose a model that diffusers itself knows."
        )


class PipelineError(ModelError):
    """A pipeline of diffusers that failed at a picture."""

    def __init__(self, name: str, said: str) -> None:
        """`said` is what the pipeline said, without a full stop."""
        super().__init__(f"{name} could not make this picture: {said}. Change that, or choose another model.")


class ModelChangedError(ModelError):
    """The recipe names weights with another hash than the model that bears its name."""

    def __init__(self, name: str, wanted: str, found: str) -> None:
        """Hashes are hexadecimal SHA-256; ten digits are shown."""
        super().__init__(
            f"The recipe was made with “{name}” {wanted[:10]}, but the weights here are {found[:10]}. "
            "The picture would differ; drop the model from the recipe to use these weights."
        )


class AdapterError(ModelError):
    """An adapter, an embedding or a VAE that cannot be used with the model."""

    def __init__(self, name: str, reason: str, what: str = "adapter") -> None:
        """`reason` is the rest of a sentence; `what` it is, as artists call it."""
        super().__init__(f"The {what} {name} cannot be used: {reason}. Choose one made for this kind of model.")


class AdapterNotFoundError(AdapterError):
    """No adapter of that name."""

    def __init__(self, name: str, near: str, what: str = "adapter", folder: str = "loras") -> None:
        """`near` is one that is called nearly so, or empty; `folder` of the data directory is where it would be."""
        hint = f" Did you mean “{near}”?" if near else ""
        StudioError.__init__(
            self,
            f"There is no {what} “{name[:60]}”.{hint} Copy its .safetensors file into the folder {folder} of the data "
            "directory, or use the recipe without it.",
        )


class AdapterChangedError(AdapterError):
    """The recipe names a file with another hash than the one that bears its name."""

    def __init__(self, name: str, wanted: str, found: str, what: str = "adapter") -> None:
        """Hashes are hexadecimal SHA-256; ten digits are shown."""
        StudioError.__init__(
            self,
            f"The recipe was made with the {what} “{name}” {wanted[:10]}, but the file here is {found[:10]}. "
            f"The picture would differ; add the {what} to the recipe anew to use this file.",
        )


class DownloadError(StudioError):
    """What could not be fetched. Nothing half-fetched is ever taken for a model."""

    def __init__(self, name: str, reason: str, advice: str) -> None:
        """`reason` is the rest of a sentence; `advice` is a sentence."""
        super().__init__(f"{name} cannot be fetched: {reason}. {advice}")


class PictureError(StudioError):
    """A picture file that cannot be read."""

    def __init__(self, path: Path | str, reason: str) -> None:
        """`reason` has no full stop."""
        super().__init__(f"{path} cannot be read: {reason}. Choose another picture.")


class NoRecipeError(PictureError):
    """A picture that carries no recipe of ours."""

    def __init__(self, path: Path | str) -> None:
        """The picture itself may be fine."""
        StudioError.__init__(self, f"{path} carries no recipe. It was not made here, or its metadata was stripped.")


class ProjectError(StudioError):
    """A project file that cannot be opened. What is in the window stays."""

    def __init__(self, path: Path, reason: str) -> None:
        """`reason` has no full stop."""
        self.path, self.reason = path, reason
        super().__init__(f"{path.name} cannot be opened: {reason}. Choose another project.")

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by facts."""
        return (ProjectError, (self.path, self.reason))


class SaveError(StudioError):
    """A file that could not be written. Nothing half-written is left behind."""

    def __init__(self, path: Path, reason: str) -> None:
        """`reason` is the system's own, without a full stop."""
        super().__init__(f"{path} could not be saved: {reason}. Free some space or choose another folder.")


class NoRoomError(SaveError):
    """No picture could be saved now: told before one is made."""

    def __init__(self, folder: Path, reason: str) -> None:
        """`reason` has no full stop."""
        StudioError.__init__(
            self, f"A picture could not be saved in {folder}: {reason}. Free some space or give the right to write."
        )


class InUseError(StudioError):
    """Another studio has this data directory open. Only one may change it."""

    def __init__(self, folder: Path) -> None:
        """`folder` is the data directory."""
        super().__init__(
            f"Another Latent Studio has {folder} open, so nothing is changed here. "
            "Work there, or close it and start this one again."
        )


class OutOfMemoryError(StudioError):
    """The device has too little memory for this picture."""

    def __init__(self, device: str, width: int, height: int, free_bytes: int | None = None) -> None:
        """Size in pixels; `free_bytes` where they are known."""
        free = "" if free_bytes is None else f" with {free_bytes / 2**30:.1f} GB left"
        sentence = f"{device} ran out of memory at {width}×{height} px{free}. Choose a smaller size and try again."
        super().__init__(sentence)


class NumbersOverflowedError(StudioError):
    """What was sampled, encoded or decoded is infinite, or no number."""

    def __init__(self) -> None:
        """Nobody can say which of the causes it was."""
        super().__init__(
            "The numbers overflowed while the picture was made, so there is none. Lower the guidance and the strengths "
            "of adapters, leave out the embeddings, or choose float32 as the precision in the settings."
        )


class SettingsError(StudioError):
    """A settings file that cannot be read; it was put aside and the defaults are used."""

    def __init__(self, path: Path, reason: str) -> None:
        """`path` is where the broken file now lies."""
        super().__init__(f"The settings could not be read ({reason}). They were kept as {path}; defaults are used.")


class StylesError(StudioError):
    """A file of prompt styles that cannot be used. It is left as it is."""

    def __init__(self, path: Path, reason: str) -> None:
        """`reason` has no full stop."""
        super().__init__(f"The styles in {path} cannot be used: {reason}. Correct the file, or move it away.")

import inspect
import pickle
from pathlib import Path

import pytest

from studio.core import errors
from studio.core.errors import (
    AdapterChangedError,
    AdapterError,
    AdapterNotFoundError,
    Cancelled,
    DownloadError,
    ForeignCodeError,
    InUseError,
    ModelBrokenError,
    ModelChangedError,
    ModelNotFoundError,
    ModelPartMissingError,
    ModelTooLargeError,
    NoRecipeError,
    NoRoomError,
    NumbersOverflowedError,
    OptionError,
    OutOfMemoryError,
    PictureError,
    PipelineError,
    ProjectError,
    PromptTooLongError,
    SaveError,
    SettingsError,
    SharedPartMissingError,
    StudioError,
    StylesError,
    UnknownChoiceError,
    UnsafeModelError,
)

EXAMPLES = [
    (OptionError("steps", "Steps: 0 is too few."), "Steps: 0 is too few."),
    (
        UnknownChoiceError("scheduler", "eulr", ["Euler", "DDIM"]),
        "Scheduler: “eulr” is not known. Did you mean “Euler”?",
    ),
    (
        UnknownChoiceError("scheduler", "xyz", ["Euler", "DDIM"]),
        "Scheduler: “xyz” is not known. Choose one of: Euler, DDIM.",
    ),
    (
        PromptTooLongError("negative_prompt", 90, 75),
        "The negative prompt has 90 tokens, but the model reads 75. Shorten it by 15.",
    ),
    (
        ModelNotFoundError("Nowhere", []),
        "There is no model “Nowhere”. Models found: none. Give a name from this list or a folder.",
    ),
    (
        ModelNotFoundError("Nowhere", map(str, range(12))),
        "There is no model “Nowhere”. Models found: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more. "
        "Give a name from this list or a folder.",
    ),
    (
        ModelBrokenError(Path("m"), "its vae is missing"),
        "The model in m cannot be loaded: its vae is missing. Copy or download it again.",
    ),
    (
        ModelBrokenError(Path("loras/ink.safetensors"), "it is truncated", "adapter"),
        "The adapter loras/ink.safetensors cannot be loaded: it is truncated. Copy or download it again.",
    ),
    (
        ModelPartMissingError(Path("m/one.safetensors"), "CLIP tokenizer", Path("m/tokenizers/clip")),
        "one.safetensors comes without its CLIP tokenizer, and it is not on this machine where the studio looks. "
        "Copy that folder from the same model in the diffusers layout to m/tokenizers/clip.",
    ),
    (
        SharedPartMissingError(
            Path("m/one.safetensors"), "clip-tokenizer", "CLIP tokenizer", Path("m/tokenizers/clip")
        ),
        "one.safetensors comes without its CLIP tokenizer, and it is not on this machine where the studio looks. "
        "Fetch it (`latent-studio get clip-tokenizer`), or copy that folder from the same model in the diffusers "
        "layout to m/tokenizers/clip.",
    ),
    (
        DownloadError("maker/name", "the network failed", "Try again."),
        "maker/name cannot be fetched: the network failed. Try again.",
    ),
    (
        ModelTooLargeError("Flux", 48 << 30, 15 << 30, 4_000_000_000, "a CPU"),
        "“Flux” needs 48.0 GB of memory, but 15.0 GB are free on a CPU. Close other programs, or choose a model of at "
        "most 4.0 billion weights.",
    ),
    (
        ModelTooLargeError("Flux", 48 << 30, 30 << 30, 8_000_000_000, "a CPU", half_bytes=24 << 30),
        "“Flux” needs 48.0 GB of memory, but 30.0 GB are free on a CPU. Close other programs, or choose bfloat16 as "
        "the precision in the settings: it needs 24.0 GB then.",
    ),
    (
        UnsafeModelError(Path("m/unet.bin")),
        "unet.bin is a pickle: opening it can run any program hidden in it, so it is refused. "
        "Use its .safetensors version. A checkpoint that you trust becomes one in AUTOMATIC1111’s Checkpoint Merger: "
        "choose “No interpolation” and the format safetensors.",
    ),
    (
        ForeignCodeError(Path("m"), "own.py"),
        "The model in m brings program code of its own (own.py), which could do anything and is not run. "
        "Choose a model that diffusers itself knows.",
    ),
    (
        PipelineError("Sana", "its numbers overflowed"),
        "Sana could not make this picture: its numbers overflowed. Change that, or choose another model.",
    ),
    (
        AdapterError("ink.safetensors", "it holds no low-rank weights"),
        "The adapter ink.safetensors cannot be used: it holds no low-rank weights. "
        "Choose one made for this kind of model.",
    ),
    (
        AdapterNotFoundError("inc", "ink"),
        "There is no adapter “inc”. Did you mean “ink”? Copy its .safetensors file into the folder loras of the data "
        "directory, or use the recipe without it.",
    ),
    (
        AdapterChangedError("ink", "a" * 64, "b" * 64),
        "The recipe was made with the adapter “ink” aaaaaaaaaa, but the file here is bbbbbbbbbb. "
        "The picture would differ; add the adapter to the recipe anew to use this file.",
    ),
    (
        ModelChangedError("Horizon", "a" * 64, "b" * 64),
        "The recipe was made with “Horizon” aaaaaaaaaa, but the weights here are bbbbbbbbbb. "
        "The picture would differ; drop the model from the recipe to use these weights.",
    ),
    (PictureError("a.png", "it is cut short"), "a.png cannot be read: it is cut short. Choose another picture."),
    (
        ProjectError(Path("a.lstudio"), "it is cut short"),
        "a.lstudio cannot be opened: it is cut short. Choose another project.",
    ),
    (NoRecipeError("a.png"), "a.png carries no recipe. It was not made here, or its metadata was stripped."),
    (
        SaveError(Path("a.png"), "No space left on device"),
        "a.png could not be saved: No space left on device. Free some space or choose another folder.",
    ),
    (
        NoRoomError(Path("pictures"), "3 MB are free, 40 MB are needed"),
        "A picture could not be saved in pictures: 3 MB are free, 40 MB are needed. "
        "Free some space or give the right to write.",
    ),
    (
        InUseError(Path("data")),
        "Another Latent Studio has data open, so nothing is changed here. "
        "Work there, or close it and start this one again.",
    ),
    (
        OutOfMemoryError("cpu", 64, 80),
        "cpu ran out of memory at 64×80 px. Choose a smaller size and try again.",
    ),
    (
        NumbersOverflowedError(),
        "The numbers overflowed while the picture was made, so there is none. Lower the guidance and the strengths of "
        "adapters, leave out the embeddings, or choose float32 as the precision in the settings.",
    ),
    (
        SettingsError(Path("s.toml"), "not TOML"),
        "The settings could not be read (not TOML). They were kept as s.toml; defaults are used.",
    ),
    (
        StylesError(Path("styles.toml"), "two styles are called “Ink”"),
        "The styles in styles.toml cannot be used: two styles are called “Ink”. Correct the file, or move it away.",
    ),
]


@pytest.mark.parametrize(("error", "sentence"), EXAMPLES, ids=lambda value: type(value).__name__)
def test_each_builds_its_sentence_from_facts(error, sentence):
    assert str(error) == sentence
    assert isinstance(error, StudioError)


def classes():
    return {each for _, each in inspect.getmembers(errors, inspect.isclass) if issubclass(each, StudioError)}


def test_every_error_with_a_sentence_of_its_own_is_tried_above():
    assert {type(error) for error, _ in EXAMPLES} >= classes() - {StudioError, errors.ModelError}


def test_the_tree_is_as_it_is_drawn():
    drawn = {line.strip("│├└─ ").split(" ")[0] for line in errors.__doc__.splitlines() if "Error" in line}
    assert drawn >= {each.__name__ for each in classes()}


def test_stop_is_no_failure_that_a_library_could_swallow():
    assert not issubclass(Cancelled, Exception)


def test_an_option_error_survives_the_way_between_processes():
    again = pickle.loads(pickle.dumps(PromptTooLongError("prompt", 90, 75)))
    assert (again.name, str(again)) == ("prompt", str(PromptTooLongError("prompt", 90, 75)))


def test_a_long_wrong_name_is_cut():
    assert len(str(UnknownChoiceError("scheduler", "x" * 10_000, ["Euler"]))) < 200

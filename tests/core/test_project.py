import io
import json
import stat
import time
import tracemalloc
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio.core.blend import Blend, Keyframe
from studio.core.canvas import Canvas, Placed
from studio.core.errors import ProjectError, SaveError
from studio.core.project import (
    VERSION,
    Project,
    project_bytes,
    project_from_bytes,
    read_project,
    write_project,
)
from studio.core.recipe import PROMPT_MAX, Recipe
from studio.core.start import START_BYTES_MAX, Start
from tests.strategies import ANY_TEXT, joined, recipes

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
KEYFRAMES = (Keyframe(seed=1, picture=PICTURE, closeness=0.5), Keyframe(seed=2, prompt="dawn"), Keyframe(seed=3))
PROJECT = Project(
    recipe=Recipe(
        prompt='a "red" sailboat, é🙂',
        blend=Blend(keyframes=KEYFRAMES, noise_shares=(0.2, 0.3, 0.5), prompt_shares=(1.0, 0.0, 0.0)),
    ),
    canvas=Canvas(placed=tuple(Placed(keyframe=each, x=0.5) for each in KEYFRAMES), puck=(0.25, -1.0)),
    count=4,
    seed_locked=True,
    selection=("2026/a.png",),
    notes="for the\nexhibition",
)


def zip_of(entries, *, packed=True, change=None):
    buffer = io.BytesIO()
    kind = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    with zipfile.ZipFile(buffer, "w", kind) as archive:
        for name, data in entries:
            info = zipfile.ZipInfo(name)
            info.compress_type = kind
            if change:
                change(info)
            archive.writestr(info, data)
    return buffer.getvalue()


def document(**project):
    return json.dumps({"version": VERSION, "project": project})


def named(text):
    return zip_of([("project.json", text)])


def test_a_project_comes_back_from_its_file(tmp_path):
    path = tmp_path / "boats.lstudio"
    write_project(path, PROJECT)
    assert read_project(path) == PROJECT
    assert path.read_bytes() == project_bytes(PROJECT)


@pytest.mark.parametrize("mask", [PICTURE[::-1], b""])
def test_the_starting_picture_and_its_mask_are_files_in_it(mask):
    project = Project(recipe=Recipe(start=Start(picture=PICTURE, strength=0.3, mask=mask)))
    with zipfile.ZipFile(io.BytesIO(project_bytes(project))) as archive:
        assert {archive.read(name) for name in archive.namelist()[1:]} == {PICTURE, mask} - {b""}
    assert project_from_bytes(project_bytes(project)) == project


def test_the_file_is_a_plain_zip_with_each_picture_once():
    with zipfile.ZipFile(io.BytesIO(project_bytes(PROJECT))) as archive:
        first, picture = archive.namelist()
        assert first == "project.json"
        assert picture.startswith("pictures/")
        assert archive.read(picture) == PICTURE
        found = json.loads(archive.read(first))
    assert found["version"] == 1
    assert found["project"]["recipe"]["blend"]["keyframes"][0]["picture"] == picture
    assert found["project"]["canvas"]["placed"][0]["keyframe"]["picture"] == picture


def test_the_same_project_gives_the_same_bytes(monkeypatch):
    first = project_bytes(PROJECT)
    monkeypatch.setattr(time, "time", lambda: 2e9)
    assert project_bytes(PROJECT) == first


def test_an_empty_document_is_the_default_project():
    assert project_from_bytes(named(document())) == Project()


def test_a_project_packed_again_by_another_program_is_read():
    with zipfile.ZipFile(io.BytesIO(project_bytes(PROJECT))) as archive:
        entries = [("pictures/", b""), *((name, archive.read(name)) for name in reversed(archive.namelist()))]
    assert project_from_bytes(zip_of(entries)) == PROJECT


def valid(text):
    """Surrogates in pairs are one character; alone, they become U+FFFD."""
    return "".join("\ufffd" if "\ud800" <= each <= "\udfff" else each for each in joined(text))


@given(recipes(), ANY_TEXT)
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])  # on a busy machine
def test_any_recipe_comes_back(recipe, notes):
    found = project_from_bytes(project_bytes(Project(recipe=recipe, notes=notes)))
    assert found.recipe.seed == recipe.seed
    assert found.recipe.guidance == recipe.guidance
    assert found.recipe.prompt == valid(recipe.prompt)
    assert found.notes == valid(notes)


def test_the_largest_project_can_be_read_again():
    long = "\x01" * PROMPT_MAX
    frames = tuple(Keyframe(seed=number, prompt=long, negative_prompt=long) for number in range(12))
    shares = (1 / 12,) * 12
    largest = Project(
        recipe=Recipe(
            prompt=long,
            negative_prompt=long,
            blend=Blend(keyframes=frames, noise_shares=shares, prompt_shares=shares),
        ),
        canvas=Canvas(placed=tuple(Placed(keyframe=each) for each in frames)),
        selection=("\x01" * 300,) * 1000,
        notes="\x01" * 100_000,
    )
    assert project_from_bytes(project_bytes(largest)) == largest


def test_an_older_version_is_brought_up_step_by_step():
    old = named(json.dumps({"version": -1, "work": {"words": "sea"}}))
    migrations = {
        -1: lambda found: {"version": 0, "project": found["work"]},
        0: lambda found: {"version": 1, "project": {"notes": found["project"]["words"]}},
    }
    with pytest.raises(ValueError, match="never one of"):
        project_from_bytes(old)
    with pytest.raises(ValueError, match="version is missing"):
        project_from_bytes(named(json.dumps({"version": 0, "project": {}})), migrations)
    assert project_from_bytes(old, {**migrations, -1: lambda found: {"project": {"notes": "sea"}}, 0: lambda x: x}) == (
        Project(notes="sea")
    )


def test_a_newer_version_says_so(tmp_path):
    path = tmp_path / "new.lstudio"
    path.write_bytes(named(json.dumps({"version": 2, "project": {}})))
    with pytest.raises(ProjectError) as caught:
        read_project(path)
    assert str(caught.value) == (
        "new.lstudio cannot be opened: it is of version 2, made by a newer Latent Studio; "
        "this one reads up to 1. Choose another project."
    )
    assert caught.value.path == path


def as_link(info):
    info.external_attr = (stat.S_IFLNK | 0o777) << 16


def bomb():
    return zip_of([("project.json", document(notes="") + " " * (7 << 20))])


def lying():
    """The directory states a small size for an entry that unpacks to 64 MiB."""
    data = bytearray(zip_of([("project.json", b" " * (64 << 20))]))
    small = (1000).to_bytes(4, "little")
    local, central = data.index(b"PK\3\4"), data.rindex(b"PK\1\2")
    data[local + 22 : local + 26] = small
    data[central + 24 : central + 28] = small
    return bytes(data)


def crowded():
    return zip_of([("project.json", document()), *((f"pictures/{number:064x}.png", b"x") for number in range(5000))])


DOCUMENT = ("project.json", document())
PNG_NAME = f"pictures/{'0' * 64}.png"


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: b"", "not a project file"),
        (lambda: b"PK", "cut short or damaged"),
        (lambda: b"hello" * 100, "not a project file"),
        (lambda: project_bytes(PROJECT)[:-40], "cut short or damaged"),
        (lambda: zip_of([]), "not a project file|no project.json"),
        (lambda: zip_of([("a.json", "{}")]), "no project.json"),
        (lambda: zip_of([DOCUMENT, ("../evil.png", b"x")]), "does not belong there"),
        (lambda: zip_of([DOCUMENT, ("/etc/passwd", b"x")]), "does not belong there"),
        (lambda: zip_of([DOCUMENT, ("C:\\evil.png", b"x")]), "does not belong there"),
        (lambda: zip_of([DOCUMENT, ("pictures/../x.png", b"x")]), "does not belong there"),
        (lambda: zip_of([DOCUMENT, ("run.py", b"x")]), "does not belong there"),
        (lambda: zip_of([DOCUMENT, (PNG_NAME, b"/etc/passwd")], change=as_link), "a link"),
        (lambda: zip_of([DOCUMENT, (PNG_NAME, b"x"), (PNG_NAME.upper().lower(), b"y")]), "same name"),
        (crowded, "more than 27 files"),
        (bomb, "times its size"),
        (lying, "cut short or damaged"),
        (lambda: zip_of([DOCUMENT, (PNG_NAME, bytes(START_BYTES_MAX + 1))], packed=False), "more than 3,178,496"),
        (lambda: named("{"), "not JSON"),
        (lambda: named("[]"), "not a JSON object"),
        (lambda: named("{}"), "version is missing"),
        (lambda: named('{"version": true, "project": {}}'), "version is missing"),
        (lambda: named('{"version": 1}'), 'with "version" and "project"'),
        (lambda: named('{"version": 1, "version": 1, "project": {}}'), "twice"),
        (lambda: named('{"version": 1, "project": ' + "[" * 90_000), "nested too deeply|not JSON"),
        (lambda: named('{"version": 1, "project": ' + "[" * 500 + "]" * 500 + "}"), "nested too deeply"),
        (lambda: named('{"version": 1, "project": {"count": NaN}}'), "NaN"),
        (lambda: named('{"version": 1, "project": {"canvas": {"puck": [1e999, 0]}}}'), "too large"),
        (lambda: zip_of([("project.json", '{"a": [' + "[]," * 300_000)], packed=False), "more than 100,000 lists"),
        (lambda: named(document(count=0)), "not allowed"),
        (lambda: named(document(colour="red")), "not allowed"),
        (lambda: named(document(recipe={"seed": -1})), "not allowed"),
        (lambda: named(document(canvas={"version": 9})), "version 9"),
        (lambda: named(document(canvas={"puck": [1e9, 0]})), "farther out"),
        (lambda: named(document(canvas={"placed": [{"keyframe": {"seed": 1, "picture": "x"}}]})), "is missing"),
        (lambda: named(document(canvas={"placed": [{"keyframe": {"seed": 1, "picture": 3}}]})), "is missing"),
        (
            lambda: zip_of(
                [
                    ("project.json", document(canvas={"placed": [{"keyframe": {"seed": 1, "picture": PNG_NAME}}]})),
                    (PNG_NAME, b"another"),
                ]
            ),
            "is damaged",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_hostile_files_get_one_sentence_in_bounded_time_and_memory(tmp_path, make, reason):
    path = tmp_path / "x.lstudio"
    path.write_bytes(make())
    tracemalloc.start()
    start = time.perf_counter()
    with pytest.raises(ProjectError, match=reason) as caught:
        read_project(path)
    seconds, peak = time.perf_counter() - start, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert str(caught.value).startswith("x.lstudio cannot be opened: ")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400
    assert seconds < 60  # a hang guard, not a measure
    assert peak < 200 << 20
    assert list(tmp_path.iterdir()) == [path]


def test_an_encrypted_project_says_so(tmp_path):
    data = bytearray(named(document()))
    for mark, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(mark) + at] |= 1
    with pytest.raises(ValueError, match="encrypted"):
        project_from_bytes(bytes(data))


@pytest.mark.parametrize("name", ["missing.lstudio", "folder.lstudio", "nul\0.lstudio"])
def test_a_path_that_cannot_be_opened_is_told(tmp_path, name):
    (tmp_path / "folder.lstudio").mkdir()
    with pytest.raises(ProjectError, match="cannot be opened"):
        read_project(tmp_path / name)


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(SaveError):
        write_project(tmp_path / "no" / "x.lstudio", PROJECT)


WHOLE = project_bytes(PROJECT)


@given(st.integers(0, len(WHOLE)), st.binary(max_size=30))
@settings(max_examples=300)
def test_damage_anywhere_is_an_error_or_a_project(position, patch):
    for data in (WHOLE[:position] + patch + WHOLE[position + len(patch) :], WHOLE[:position], patch + WHOLE):
        try:
            found = project_from_bytes(data)
        except ValueError as error:
            assert "\n" not in str(error)
        else:
            assert isinstance(found, Project)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(
            st.sampled_from(
                ["recipe", "canvas", "placed", "keyframe", "picture", "blend", "keyframes", "seed", "count"]
            ),
            inner,
        )
    ),
)


@given(JSON)
@settings(max_examples=300)
def test_nothing_but_a_reason_comes_out_of_any_document(value):
    for text in (json.dumps(value), json.dumps({"version": 1, "project": value})):
        try:
            found = project_from_bytes(named(text))
        except ValueError:
            continue
        assert isinstance(found, Project)

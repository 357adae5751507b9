import pytest

from studio.core.errors import StylesError
from studio.core.places import resources_dir
from studio.core.recipe import Recipe
from studio.core.styles import STYLES_MAX, Style, load_styles, save_styles, shipped_styles, with_style
from studio.core.wildcards import check_wildcards
from studio.core.words import load_vocabulary


def test_the_shipped_styles_are_in_words_that_horizon_knows():
    vocabulary = load_vocabulary(resources_dir() / "models" / "horizon" / "vocabulary.json")
    styles = shipped_styles()
    assert len(styles) >= 10
    for style in styles:
        made = with_style(Recipe(prompt="a red sailboat"), style)
        assert "a red sailboat" in made.prompt
        assert vocabulary.unknown(made.prompt) == ()
        check_wildcards(made.prompt)


@pytest.mark.parametrize(
    ("template", "text", "expected"),
    [
        ("{prompt}, ink", "a boat", "a boat, ink"),
        ("ink of {prompt}, {prompt}", "a boat", "ink of a boat, a boat"),
        ("ink", "a boat", "a boat, ink"),
        ("", "a boat", "a boat"),
        ("{prompt}, ink", "", "ink"),
        ("ink", " ", "ink"),
        ("{prompt}", "{a|{prompt}}", "{a|{prompt}}"),
    ],
)
def test_a_template_takes_the_prompt_in(template, text, expected):
    recipe = Recipe(prompt=text, negative_prompt=text, seed=4)
    assert with_style(recipe, Style(name="S", prompt=template)).prompt == expected
    assert with_style(recipe, Style(name="S", negative_prompt=template)).negative_prompt == expected
    assert with_style(recipe, Style(name="S", prompt=template)).negative_prompt == text


def test_styles_come_back_from_their_file(tmp_path):
    path = tmp_path / "new" / "styles.toml"
    styles = (Style(name='Of "mine" & 海', prompt="{prompt},\n[[style]]"), Style(name="Other", negative_prompt="fog"))
    save_styles(path, styles)
    assert load_styles(path) == styles
    assert load_styles(tmp_path / "none.toml") == ()


@pytest.mark.parametrize(
    "content",
    [
        b"[[style]",
        b"\xff",
        b"style = 3",
        b'[[style]]\nprompt = "nameless"',
        b'[[style]]\nname = " "',
        b'[[style]]\nname = "A"\ncolour = "red"',
        b'[[style]]\nname = "A"\n[[style]]\nname = "a"',
        b'[[style]]\nname = "x"\n' * (STYLES_MAX + 1),
        b"#" * (2 << 20),
        b"x = " + b"[" * 100_000,
    ],
    ids=lambda content: str(content[:30]),
)
def test_a_file_that_holds_no_styles_is_told_and_left(tmp_path, content):
    path = tmp_path / "styles.toml"
    path.write_bytes(content)
    with pytest.raises(StylesError, match="Correct the file, or move it away"):
        load_styles(path)
    assert path.read_bytes() == content


def test_a_folder_in_the_files_place_is_told(tmp_path):
    with pytest.raises(StylesError, match="directory"):
        load_styles(tmp_path)


def test_too_many_styles_and_two_of_one_name_are_not_saved(tmp_path):
    path = tmp_path / "styles.toml"
    for styles in (tuple(Style(name=f"S{n}") for n in range(STYLES_MAX + 1)), (Style(name="a"), Style(name="A"))):
        with pytest.raises(StylesError):
            save_styles(path, styles)
    assert not path.exists()

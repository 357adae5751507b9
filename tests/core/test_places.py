from pathlib import Path

from studio.core.places import Places, default_data_dir, resources_dir


def test_everything_of_a_data_directory_lies_in_it_under_names_of_its_own(tmp_path):
    places = Places(tmp_path)
    found = [places.pictures, places.models, places.index, places.settings, places.session, places.log, places.lock]
    found += [places.undo_trash, places.adapters]
    assert {path.parent for path in found} == {tmp_path}
    assert tmp_path in places.thumbnails.parents
    assert len(set(found)) == len(found)
    assert list(tmp_path.iterdir()) == []


def test_the_default_directory_is_the_users_own():
    assert default_data_dir().is_absolute()
    assert default_data_dir().name == "latent-studio"


def test_the_resources_of_a_checkout_are_found():
    assert resources_dir() == Path(__file__).resolve().parents[2] / "resources"
    assert (resources_dir() / "models").is_dir()

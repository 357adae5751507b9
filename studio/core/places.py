"""Where things lie: the data directory's layout and the resources shipped with the program."""

from pathlib import Path

import msgspec
import platformdirs


class Places(msgspec.Struct, frozen=True):
    """The folders and files of one data directory. Nothing is made until something is written."""

    data_dir: Path

    @property
    def pictures(self) -> Path:
        """Finished pictures: the truth that the index is made from."""
        return self.data_dir / "pictures"

    @property
    def models(self) -> Path:
        """Model folders that the artist puts in."""
        return self.data_dir / "models"

    @property
    def adapters(self) -> Path:
        """LoRA files that the artist puts in."""
        return self.data_dir / "loras"

    @property
    def embeddings(self) -> Path:
        """Textual inversion embeddings that the artist puts in."""
        return self.data_dir / "embeddings"

    @property
    def vaes(self) -> Path:
        """VAEs that the artist puts in, to take the place of models' own."""
        return self.data_dir / "vae"

    @property
    def index(self) -> Path:
        """The SQLite index and queue."""
        return self.data_dir / "library.sqlite"

    @property
    def lock(self) -> Path:
        """Held by the one studio that uses this data directory."""
        return self.data_dir / "studio.lock"

    @property
    def thumbnails(self) -> Path:
        """Small copies of pictures; they may be deleted at any time."""
        return self.data_dir / "cache" / "thumbnails"

    @property
    def measured(self) -> Path:
        """How fast this machine was found to be; on it depends in which number format large models work."""
        return self.data_dir / "measured.json"

    @property
    def hashes(self) -> Path:
        """The hashes of weight files that were read once; it may be deleted at any time."""
        return self.data_dir / "cache" / "hashes.json"

    @property
    def undo_trash(self) -> Path:
        """Deleted pictures, as long as the program that deleted them can bring them back."""
        return self.data_dir / "undo-trash"

    @property
    def settings(self) -> Path:
        """The artist's preferences, TOML."""
        return self.data_dir / "settings.toml"

    @property
    def styles(self) -> Path:
        """The artist's prompt styles, TOML."""
        return self.data_dir / "styles.toml"

    @property
    def session(self) -> Path:
        """The last recipe and the window's layout, JSON."""
        return self.data_dir / "session.json"

    @property
    def projects(self) -> Path:
        """Projects that were kept aside, and backups of saved ones."""
        return self.data_dir / "projects"

    @property
    def log(self) -> Path:
        """What happened, for a bug report."""
        return self.data_dir / "studio.log"


def default_data_dir() -> Path:
    """The platform's folder for this program's data."""
    return Path(platformdirs.user_data_dir("latent-studio", appauthor=False))


def resources_dir() -> Path:
    """The files shipped with the program: inside the package when installed, beside it in a checkout."""
    inside = Path(__file__).resolve().parents[1] / "resources"
    return inside if inside.is_dir() else Path(__file__).resolve().parents[2] / "resources"

"""Where the tests of files keep them."""

from pathlib import Path

import pytest

from hosted_numbers.blobs import BlobStore
from hosted_numbers.documents.intake import Intake


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Where the store has its files."""
    return tmp_path / "blobs"


@pytest.fixture
def store(directory: Path) -> BlobStore:
    return BlobStore.at(directory.as_uri())


@pytest.fixture
def intake(store: BlobStore) -> Intake:
    return Intake(store)

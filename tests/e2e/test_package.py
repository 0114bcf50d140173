"""The content of the wheel and of the source archive."""

from __future__ import annotations

import tarfile
import zipfile

import pytest

from etl import __version__

pytestmark = pytest.mark.xdist_group("e2e")  # one worker builds and installs for all


def names_in_wheel(built):
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_the_archives_carry_the_version_of_the_code(built):
    names = sorted(path.name for path in built.iterdir())
    assert names == [
        f"modelarts_image_sync-{__version__}-py3-none-any.whl",
        f"modelarts_image_sync-{__version__}.tar.gz",
    ]


def test_the_wheel_contains_migrations_and_type_information(built):
    names = names_in_wheel(built)
    assert "etl/migrations/env.py" in names
    assert any(name.startswith("etl/migrations/versions/0001_") for name in names)
    assert "etl/py.typed" in names


def test_the_wheel_contains_only_the_package(built):
    assert {name.split("/")[0].split("-")[0] for name in names_in_wheel(built)} == {
        "etl",
        "modelarts_image_sync",
    }


def test_the_manual_page_is_installed(installed):
    page = installed.environment / "share" / "man" / "man1" / "image-sync.1"
    assert page.read_text().startswith(".TH IMAGE-SYNC 1 ")


def test_the_source_archive_contains_what_a_packager_needs(built):
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames()}
    assert {"LICENSE", "README.md", "CHANGELOG.md", "config.example.toml", "Makefile"} <= names
    assert {"tests/conftest.py", "migrations/env.py", "pyproject.toml"} <= names


def test_the_metadata_has_the_version_of_the_code(installed, tmp_path):
    ask = "import importlib.metadata as m; print(m.version('modelarts-image-sync'))"
    assert installed.execute(["python", "-c", ask], cwd=tmp_path).stdout == f"{__version__}\n"


def test_a_plain_installation_brings_neither_extras_nor_test_tools(installed, tmp_path):
    listed = (
        "import importlib.util as u; print([n for n in ('pytest', 'psycopg') if u.find_spec(n)])"
    )
    assert installed.execute(["python", "-c", listed], cwd=tmp_path).stdout == "[]\n"

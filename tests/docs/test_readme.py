"""README and the pages: short, complete in exit codes, links and named tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

from etl import errors
from tests.support.manual import exit_codes

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/**/*.md")])
MAX_README_LINES = 160


def test_the_readme_is_short():
    assert len(README.splitlines()) <= MAX_README_LINES


def test_the_table_of_exit_codes_is_complete():
    tree = [errors.ImageSyncError]
    for error in tree:
        tree.extend(error.__subclasses__())
    in_code = {error.exit_code for error in tree} | {0, 3, 30, 40, 50, 130, 143}
    in_table = [int(code) for codes, _ in exit_codes() for code in codes.split(",")]
    assert sorted(in_table) == sorted(in_code)


def test_links_lead_to_files_and_headings_that_exist():
    broken = [
        (page.name, target)
        for page in PAGES
        for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8"))
        if not target.startswith(("http:", "https:")) and not leads_somewhere(page, target)
    ]
    assert broken == []


def leads_somewhere(page: Path, target: str) -> bool:
    path, _, fragment = target.partition("#")
    file = (page.parent / path) if path else page
    return file.exists() and (not fragment or fragment in anchors(file))


def anchors(page: Path) -> set[str]:
    """The fragments of a page's headings, as forges form them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), flags=re.M)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_every_page_is_reachable_from_the_readme():
    reached, open_pages = set(), {ROOT / "README.md"}
    while open_pages:
        page = open_pages.pop()
        reached.add(page)
        links = re.findall(r"\]\(([^)\s#:]+)", page.read_text("utf-8"))
        found = {(page.parent / link).resolve() for link in links}
        found = {path for path in found if path.exists()}
        folders = {path for folder in found if folder.is_dir() for path in folder.glob("*.md")}
        open_pages |= {path for path in found | folders if path.suffix == ".md"} - reached
    assert set(PAGES) - reached == set()


def test_every_test_that_a_page_names_exists():
    named = {
        name for page in PAGES for name in re.findall(r"`(test_\w+)`", page.read_text("utf-8"))
    }
    sources = (path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    defined = set(re.findall(r"def (test_\w+)\(", "\n".join(sources)))
    assert named
    assert named - defined == set()


def test_the_architecture_page_names_modules_that_exist():
    page = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    modules = set(re.findall(r"(?:`|^ +)([a-z_]+/[a-z_]*)(?:`| )", page, flags=re.M))
    paths = {name: ROOT / "etl" / name.rstrip("/") for name in modules - {"migrations/", "docs/"}}
    missing = [
        name
        for name, path in paths.items()
        if not path.exists() and not path.with_suffix(".py").exists()
    ]
    assert len(modules) > 20
    assert missing == []


def test_the_architecture_page_lists_every_folder_and_leaf():
    page = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    folders = [path for path in (ROOT / "etl").iterdir() if (path / "__init__.py").exists()]
    leaves = [path for path in (ROOT / "etl").glob("*.py") if not path.name.startswith("_")]
    names = [f"`etl/{path.name}/`" for path in folders]
    assert [name for name in names if name not in page] == []
    assert [path.name for path in leaves if not re.search(rf"\b{path.name}`", page)] == []


def test_pages_that_the_code_refers_to_exist():
    sources = [path for folder in ("etl", "migrations") for path in (ROOT / folder).rglob("*.py")]
    named = {
        name
        for path in sources
        for name in re.findall(r"docs/[\w/-]+\.md", path.read_text("utf-8"))
    }
    assert [name for name in named if not (ROOT / name).exists()] == []

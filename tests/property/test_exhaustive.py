"""Every schedule of a small scope: no false removal, and every certificate is justified."""

from __future__ import annotations

import os

import pytest

from etl.extract.listing import ListingReader
from tests.support.counts import add_count
from tests.support.exhaustive import Figures, Offset, Scope, explore, replaced_fetcher, scopes

IS_SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
# Numbers of images, changes at most, rows of a page.
SIZES = (
    [(images, 3, page_size) for images in range(5) for page_size in (1, 2, 3)]
    if IS_SOAK
    else [(2, 2, 1), (3, 1, 2), (4, 1, 1), (4, 1, 3)]
)


@pytest.mark.parametrize("offset", ["pages", "records", "page_number"])
@pytest.mark.parametrize(("images", "changes", "page_size"), SIZES)
def test_no_schedule_leads_to_a_false_removal_or_an_unjustified_certificate(
    monkeypatch: pytest.MonkeyPatch, images: int, changes: int, page_size: int, offset: Offset
) -> None:
    replaced_fetcher(monkeypatch)
    figures = Figures()
    for scope in scopes(images=[images], changes=changes, page_sizes=[page_size], offsets=[offset]):
        figures.add(explore(scope))
    add_count("exhaustive", run=figures.run, covered=figures.covered)
    assert figures.certificates["exact"] > 0


def test_a_wrong_certificate_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that takes every agreement for granted is caught."""
    replaced_fetcher(monkeypatch)
    monkeypatch.setattr(ListingReader, "_may_agree", lambda self, _: bool(self.readings))
    with pytest.raises(AssertionError, match="Scope"):
        explore(Scope(images=2, changes=2, page_size=1, offset="pages", total="delayed"))

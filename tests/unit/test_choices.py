"""Names that users type: valid, similar to a valid one, or neither."""

import pytest

from etl.choices import require_known
from etl.errors import UsageError


def refused(value, known):
    with pytest.raises(UsageError) as raised:
        require_known("source", value, known)
    return str(raised.value)


def test_a_known_name_passes():
    require_known("source", "a", ["a"])


def test_a_misspelt_name_is_refused_with_the_similar_and_the_valid_ones():
    assert refused("bejing", ["shanghai", "beijing"]) == (
        "unknown source 'bejing'; did you mean 'beijing'? valid: beijing, shanghai"
    )
    assert "did you mean 'Beijing'?" in refused("beijing", ["Beijing"])


def test_a_name_like_no_other_is_refused_with_the_valid_ones():
    assert refused("x", ["beijing"]) == "unknown source 'x'; valid: beijing"
    assert refused("x", []) == "unknown source 'x'; none is known yet"


def test_many_valid_names_are_counted():
    assert refused("x", [f"source-{number:04}" for number in range(1020)]).endswith(
        "source-0039 and 980 more"
    )


def test_a_name_that_steers_a_terminal_is_shown_as_an_escape():
    assert "unknown source '\\x1b[2J'" in refused("\x1b[2J", ["a"])

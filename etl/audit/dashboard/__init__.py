"""What would a person like to see on Monday? One self-contained page, made from the tables.

    facts.py    reads everything the page tells, in one snapshot; caps each table
    charts.py   numbers → points and bars, in percent and pixels
    words.py    how values are spelled for people; makes hidden characters visible
    page.py     facts → HTML: template, style and script in one file, with its security policy

Nothing here reads a clock: the page is as of the instant that it is given.
"""

from etl.audit.dashboard.page import write_dashboard

__all__ = ["write_dashboard"]

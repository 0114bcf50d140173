"""One self-contained page: the record at a glance.

    data.py     reads everything the page shows, in one snapshot; caps each table
    charts.py   scales and positions, in percent and pixels
    page.py     data → HTML: templates (which contain the words), filters (how values are written,
                with hidden characters visible), style and script in one file

Nothing here reads a clock: the page is as of the time that it is given.
"""

from etl.audit.dashboard.page import write_dashboard

__all__ = ["write_dashboard"]

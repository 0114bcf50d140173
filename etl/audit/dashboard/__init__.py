"""One self-contained page: the record at a glance.

    data.py      reads everything the page shows, in one snapshot; caps each table
    notices.py   what needs attention
    charts.py    numbers → points and bars, in percent and pixels
    filters.py   how values are written for people; makes hidden characters visible
    page.py      data → HTML: templates, style and script in one file, with its security policy

Nothing here reads a clock: the page is as of the time that it is given.
"""

from etl.audit.dashboard.page import write_dashboard

__all__ = ["write_dashboard"]

"""A Singer tap of the listing, with the Meltano SDK: `python singer_tap.py --config FILE`.

As the SDK's documentation describes: a `RESTStream` with an offset paginator and a typed schema. As
in Meltano, a target in its own environment reads the output.
"""

from __future__ import annotations

from typing import Any, ClassVar

from singer_sdk import RESTStream, Stream, Tap
from singer_sdk import typing as th
from singer_sdk.pagination import BaseOffsetPaginator

PAGE_ROWS = 1000
_TEXTS = (
    *("name", "swr_path", "tag", "type", "status", "arch", "description", "namespace"),
    *("workspace_id", "service_type", "visibility", "origin", "status_message"),
)


class Pages(BaseOffsetPaginator):
    """By `offset`, until the last page."""

    def has_more(self, response: Any) -> bool:
        page = response.json()
        return bool(page["current"] + 1 < page["pages"])


class Images(RESTStream[int]):
    """The listing of images."""

    name = "images"
    path = "/images"
    primary_keys: ClassVar[list[str]] = ["id"]
    records_jsonpath = "$.data[*]"
    schema = th.PropertiesList(
        th.Property("id", th.StringType, required=True),
        *(th.Property(name, th.StringType) for name in _TEXTS),
        *(th.Property(name, th.IntegerType) for name in ("size", "create_at", "update_at")),
        *(
            th.Property(name, th.ArrayType(th.StringType))
            for name in ("dev_services", "resource_categories", "tags")
        ),
    ).to_dict()

    @property
    def url_base(self) -> str:
        return str(self.config["api_url"])

    def get_new_paginator(self) -> Pages:
        return Pages(start_value=0, page_size=PAGE_ROWS)

    def get_url_params(self, _context: Any, next_page_token: int | None) -> dict[str, Any]:
        place = {"limit": PAGE_ROWS, "offset": next_page_token or 0}
        return {"type": "BUILD_IN", "workspace_id": "0", **place}


class TapImages(Tap):
    """One stream."""

    name = "tap-images"
    config_jsonschema = th.PropertiesList(
        th.Property("api_url", th.StringType, required=True)
    ).to_dict()

    def discover_streams(self) -> list[Stream]:
        return [Images(tap=self)]


if __name__ == "__main__":
    TapImages.cli()

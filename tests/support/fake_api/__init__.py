"""A fake ModelArts API, with quirks, faults, IAM, metadata service, Cloud Trace Service and TLS.

    quirks      every way in which the real API and its relatives are known to differ
    listing     query → page
    identity    who may call
    traces      Cloud Trace Service
    api         the calls · server: the socket

It imports nothing of the extractor that it tests. Its catalogue and the check of signatures are the
sample's.
"""

from etl.sample import AccessKey, generation, read_story, workspaces
from etl.sample.catalogue import ApiError
from tests.support.fake_api.api import FakeApi
from tests.support.fake_api.messages import (
    Request,
    Response,
    error_response,
    json_response,
)
from tests.support.fake_api.quirks import OMITTED, Quirks, User

__all__ = [
    "OMITTED",
    "AccessKey",
    "ApiError",
    "FakeApi",
    "Quirks",
    "Request",
    "Response",
    "User",
    "error_response",
    "generation",
    "json_response",
    "read_story",
    "workspaces",
]

"""A fake ModelArts API, with quirks, faults, IAM, metadata service, Cloud Trace Service and TLS.

    quirks      every way in which the real API and its relatives are known to differ
    listing     query → page
    identity    who may call · signature: of requests
    traces      Cloud Trace Service
    api         the calls · server: the socket

It imports nothing of the extractor that it tests. The catalogue of the tests is the sample's.
"""

from etl.sample import generation, read_story, workspaces
from tests.support.fake_api.api import FakeApi
from tests.support.fake_api.messages import (
    ApiError,
    Request,
    Response,
    error_response,
    json_response,
)
from tests.support.fake_api.quirks import OMITTED, AccessKey, Quirks, User

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

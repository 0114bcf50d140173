"""A made-up ModelArts, served on loopback: the playground, and the tests' other side.

    catalogue   the images, as files to read, and how they change from generation to generation
    quirks      every way in which the real API and its relatives are known to differ
    listing     query → page · signature, identity: who may call
    api         the calls · server: the socket

It imports nothing of the program that it is there to try out.
"""

from etl.sample.api import SampleApi
from etl.sample.catalogue import generation, read_story, workspaces
from etl.sample.messages import ApiError, Request, Response, error_response, json_response
from etl.sample.quirks import OMITTED, AccessKey, Quirks, User

__all__ = [
    "OMITTED",
    "AccessKey",
    "ApiError",
    "Quirks",
    "Request",
    "Response",
    "SampleApi",
    "User",
    "error_response",
    "generation",
    "json_response",
    "read_story",
    "workspaces",
]

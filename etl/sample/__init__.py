"""The playground: a small invented catalogue behind the calls of the ModelArts image API.

`catalogue` has the images and how they change from generation to generation, `listing` selects a
page of them, `api` serves them on loopback, `signature` checks who signed a request, and `plays`
has situations to practise with. It imports nothing of the program that it is there to try out.
"""

from etl.sample.api import SampleApi
from etl.sample.catalogue import generation, read_story, workspaces
from etl.sample.plays import PLAYS
from etl.sample.signature import AccessKey

__all__ = ["PLAYS", "AccessKey", "SampleApi", "generation", "read_story", "workspaces"]

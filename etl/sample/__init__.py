"""The playground: a small invented catalogue behind the calls of the ModelArts image API.

`catalogue` has the images, how they change from generation to generation, and their pages; `api`
serves them on loopback and has situations to practise with; `signature` checks who signed a
request. It imports nothing of the program that it is there to try out.
"""

from etl.sample.api import PLAYS, SampleApi
from etl.sample.catalogue import generation, read_story, workspaces
from etl.sample.signature import AccessKey

__all__ = ["PLAYS", "AccessKey", "SampleApi", "generation", "read_story", "workspaces"]

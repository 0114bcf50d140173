"""The playground: a small invented catalogue behind the calls of the ModelArts image API.

`catalogue` has the images, how they change from generation to generation, and their pages; `api`
serves them on loopback, checks who signed a request, and has situations to practise with. It
imports nothing of the program that it is there to try out.
"""

from etl.sample.api import PLAYS, AccessKey, SampleApi
from etl.sample.catalogue import generation, read_story, workspaces

__all__ = ["PLAYS", "AccessKey", "SampleApi", "generation", "read_story", "workspaces"]

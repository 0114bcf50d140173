"""`python -m etl` is `image-sync`."""

from etl.cli import main

main()

"""The configuration: TOML and environment become frozen settings, or every mistake at once."""

from etl.config.read import find_config, read_settings
from etl.config.reading import read_reading_settings
from etl.config.settings import (
    SAMPLE_ENDPOINT,
    AuthSettings,
    DatabaseSettings,
    DiscoverSettings,
    HttpSettings,
    NotifySettings,
    ReadingSettings,
    RemovalSettings,
    Settings,
    SourceSettings,
    WalkSettings,
)
from etl.config.show import example_toml, masked

__all__ = [
    "SAMPLE_ENDPOINT",
    "AuthSettings",
    "DatabaseSettings",
    "DiscoverSettings",
    "HttpSettings",
    "NotifySettings",
    "ReadingSettings",
    "RemovalSettings",
    "Settings",
    "SourceSettings",
    "WalkSettings",
    "example_toml",
    "find_config",
    "masked",
    "read_reading_settings",
    "read_settings",
]

"""The configuration: a TOML file and the environment become checked, frozen settings.

settings   every key with its default, rule and explanation
rules      what a value may be
read       from the file to settings, or all mistakes at once
render     commented example, effective settings without secrets, JSON Schema
"""

from etl.config.read import find_config, read_settings
from etl.config.settings import (
    SAMPLE_ENDPOINT,
    AuthSettings,
    DatabaseSettings,
    DiscoverSettings,
    HttpSettings,
    NotifySettings,
    ProofSettings,
    RemovalSettings,
    Settings,
    SourceSettings,
    WalkSettings,
)

__all__ = [
    "SAMPLE_ENDPOINT",
    "AuthSettings",
    "DatabaseSettings",
    "DiscoverSettings",
    "HttpSettings",
    "NotifySettings",
    "ProofSettings",
    "RemovalSettings",
    "Settings",
    "SourceSettings",
    "WalkSettings",
    "find_config",
    "read_settings",
]

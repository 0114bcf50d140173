"""The network: authentication, retries, paging, certified walks and lookups."""

"""HTTP: requests and responses, authentication, retries, errors."""

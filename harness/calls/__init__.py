"""One call to one endpoint, told truly: deadline, retries, limits."""

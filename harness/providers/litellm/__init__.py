"""Every other vendor, through litellm: one request a call, its times and its usage read at the wire."""

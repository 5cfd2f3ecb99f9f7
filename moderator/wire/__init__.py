"""The doors for blogs: one module a protocol, none of which knows another."""

"""Comment moderation and spam filtering that a blog owns."""

__version__ = "0.1.0"

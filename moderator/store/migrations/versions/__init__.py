"""One file a level."""

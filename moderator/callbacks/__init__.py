"""Tells each blog what its moderators decided, until it has heard.

``store/outbox.py`` holds what is to be told; here is who tells it (``courier``), in which words (``kinds``), and over
which connections (``address``, ``network``, ``exchange``): only to what the operator registered, never to where it
leads from there.
"""

"""Passwords that are guessed first (NIST SP 800-63B, 5.1.1.2: commonly used, expected and compromised values)."""

import re
from collections.abc import Sequence

LEAST_GUESSES = 10**10  # zxcvbn's highest class: years against argon2id, where a list of 10^8 takes days
LOOKED_AT = 72  # characters; a longer password is no weaker than its beginning, and this bounds the time to 50 ms
MOST_WORDS = 1000


def is_easy(password: str, about: Sequence[str]) -> bool:
    """Whether who knows the usual words, and those ``about`` this place, needs fewer than 10^10 tries.

    zxcvbn (Wheeler, USENIX Security 2016) looks for common passwords, words and names, also backwards and with figures
    for letters, rows of the keyboard, what repeats or counts, and dates. ``about`` are login, the service's name and
    the sites', whole and in their parts.
    """
    # Only when somebody sets a password: its lists take 15 MB in a process.
    from zxcvbn import zxcvbn

    parts = (part for text in about for part in (text, *re.split(r"[\W_]+", text)) if part)
    words = list(dict.fromkeys(part.casefold() for part in parts))[:MOST_WORDS]
    return int(zxcvbn(password[:LOOKED_AT], user_inputs=words)["guesses"]) < LEAST_GUESSES

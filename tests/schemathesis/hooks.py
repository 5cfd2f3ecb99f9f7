"""What schemathesis must know besides the document: an Idempotency-Key names one request, so each has its own."""

import re
import uuid
from typing import Any

import schemathesis

from moderator.wire.native.once import BARE, QUOTED

VALID = re.compile(f"{QUOTED.pattern}|{BARE.pattern}")


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Exchange a good key for a fresh one; bad ones go as they are."""
    key = (case.headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and VALID.fullmatch(key):
        case.headers["Idempotency-Key"] = f'"{uuid.uuid4()}"'

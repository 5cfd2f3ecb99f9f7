"""How a fault is logged that nothing dies of: where it happened, never in its own words."""

import logging
import traceback

log = logging.getLogger(__name__)


def log_fault(doing: str, error: BaseException) -> None:
    """Log where it failed, without the error's own words: they may quote the comment."""
    places = "".join(traceback.format_tb(error.__traceback__))
    log.error("%s failed: %s\n%s", doing, type(error).__name__, places)

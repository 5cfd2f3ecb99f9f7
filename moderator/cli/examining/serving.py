"""How it is served: what stands before it, how many processes, and whether somebody listens."""

import os
import socket
from collections.abc import Iterator

from moderator.cli.examining.findings import Finding, Patient, advice, well, wrong


def proxies(patient: Patient) -> Iterator[Finding]:
    """What stands before it is told, and nothing else is believed."""
    settings = patient.settings
    everywhere = settings.host in ("0.0.0.0", "::", "")
    if settings.trusted_proxies and everywhere:
        yield advice(
            "proxies",
            f"it listens on {settings.host} and believes X-Forwarded-For: who reaches it past the proxy can forge it",
            "listen where only the proxy can reach it, or close the port to others",
        )
    if settings.public_url.startswith("https") and not settings.trusted_proxies:
        yield wrong(
            "proxies",
            "public_url is https, so a proxy stands before it, and trusted_proxies is 0: all people share one address, "
            "and logins lock each other out",
            "set trusted_proxies to how many stand before it, mostly 1",
        )
    if everywhere and not settings.public_url:
        yield advice(
            "proxies", "it can be reached from elsewhere, without TLS", "put a proxy before it; set public_url"
        )


def workers(patient: Patient) -> Iterator[Finding]:
    """As many processes as the store and the machine can use."""
    count, cores = patient.settings.workers, os.cpu_count() or 1
    if patient.sqlite and count > 2:
        yield advice(
            "workers", f"{count} workers share one SQLite file, which one writes at a time", "1, or PostgreSQL"
        )
    elif count > 2 * cores:
        yield advice("workers", f"{count} workers on {cores} cores", "about one a core")


def server(patient: Patient) -> Iterator[Finding]:
    """Somebody listens."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(patient.settings.host, patient.settings.host)
    try:
        socket.create_connection((host, patient.settings.port), timeout=2).close()
    except OSError:
        where = f"{patient.settings.host}, port {patient.settings.port}"
        yield advice("server", f"nothing listens on {where}", "start it: moderator serve")
    else:
        yield well("server", f"listens on port {patient.settings.port}")

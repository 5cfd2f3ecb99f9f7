"""Starts an installation: opens its store, sees to the first site and person, and runs gunicorn on its application."""

import atexit
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol

from flask import Flask
from gunicorn.app.base import BaseApplication

from moderator import journal
from moderator import settings as all_settings
from moderator.adaptation import Adaptation
from moderator.app import create_app, staying
from moderator.arbiter import Leaving, PatientArbiter, RootLogger
from moderator.callbacks.courier import Courier
from moderator.housekeeping import Housekeeper
from moderator.library import Library
from moderator.pseudonyms import WITH_SECRET, fingerprint
from moderator.rescoring import Rescorer
from moderator.review.post import postman_of
from moderator.settings import Settings, SettingsError
from moderator.shelf import Shelf
from moderator.store import NameTaken, Role, Store

FIRST_LOGIN = "moderator"
# A worker that has said nothing for so long is replaced; one that is told to stop may finish what it has begun.
TIMEOUT = 30
GRACEFUL_TIMEOUT = 20
KEEPALIVE = 75  # seconds; longer than the 60 for which nginx keeps its connections, so that it is the one to close
MOST_HEADERS = 64
MOST_OF_A_HEADER = 8190


class ServerError(Exception):
    """The server cannot start, with the cure."""


@dataclass(frozen=True, slots=True)
class FirstStart:
    """What the first start made; empty where it was there. Key and token are shown once and kept nowhere."""

    site: str = ""
    key: str = ""
    login: str = ""
    token: str = ""


def now() -> datetime:
    """The clock that everything is given."""
    return datetime.now(UTC)


class Part(Protocol):
    """What works beside the answering, in threads of each process."""

    def start(self) -> None:
        """Begin; after the fork, as threads do not survive one."""

    def stop(self) -> None:
        """End."""


def open_shelf(settings: Settings) -> Shelf:
    """The installation's models, with the shipped one. What is put in force is so on all nodes of a shared store."""
    shelf = Shelf(settings.data / "model")
    if not settings.database_url.startswith("sqlite"):
        shelf.before_pointing = partial(_share, settings, shelf)
    return shelf


def _share(settings: Settings, shelf: Shelf, ids: Sequence[str]) -> None:
    store = open_store(settings)
    try:
        Library(store, shelf).share(ids)
    finally:
        store.close()


def open_store(settings: Settings) -> Store:
    """The installation's store. A SQLite file is made or brought up to date; on PostgreSQL a command does that."""
    if settings.database_url.startswith("sqlite"):
        try:
            settings.data.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(
                f"the data folder {settings.data} cannot be made ({error.strerror}); give another with --data"
            ) from None
        Store.upgrade(settings.database_url)
    return Store.open(settings.database_url, clock=now)


def shared_secret(store: Store, settings: Settings) -> bytes:
    """This node's secret. ServerError unless the store is used with it; the first one that comes notes its own.

    With another one, people's pseudonyms would split, and Akismet keys would be wrong.
    """
    secret = all_settings.secret(settings.data)
    mine = fingerprint(secret)
    if not store.claims.claim(WITH_SECRET, mine) and store.claims.value(WITH_SECRET) != mine:
        raise ServerError(
            f"the store is used with another secret than the one in {settings.data}; copy the file `secret` from "
            "another node or from your backup into it, or, if it is lost, say `moderator db accept-secret`"
        )
    return secret


def first_start(store: Store, settings: Settings) -> FirstStart:
    """Make the first site and the first person where there are none. Several processes may try at once."""
    site = key = login = token = ""
    try:
        if not store.sites():
            made, key = store.add_site(settings.site_name)
            site = made.name
        if not store.people():
            person = store.add_person(FIRST_LOGIN, Role.ADMIN)
            login, token = person.login, store.add_link(person.id)
    except NameTaken:
        pass  # another process was faster, and says so
    return FirstStart(site, key, login, token)


def make_app(
    settings: Settings, *, announce: Callable[[FirstStart], None], leaving: Callable[[], bool] = staying
) -> tuple[Flask, tuple[Part, ...]]:
    """The installation's application, with its store made ready, and what works beside it, not yet started.

    ``announce`` is told what a first start made; ``leaving`` says whether the server is about to stop.
    """
    store = open_store(settings)
    try:
        shared_secret(store, settings)
        announce(first_start(store, settings))
    finally:
        store.close()  # its thread must not be running when gunicorn forks
    store = Store.open(settings.database_url, clock=now)
    shelf = open_shelf(settings)
    adaptation = Adaptation(store, shelf)
    app = create_app(settings, store=store, shelf=shelf, clock=now, adaptation=adaptation, leaving=leaving)
    postman = postman_of(app, settings, base_url(settings, settings.port))
    keeper = Housekeeper(store, now, secret=all_settings.secret(settings.data), address_days=settings.address_days)
    parts: tuple[Part, ...] = (Courier(store, now), Rescorer(store, adaptation, now), keeper, postman)
    return app, (*parts, Library(store, shelf)) if store.shared else parts


def link_to_set_password(base: str, token: str) -> str:
    """The address at which a person chooses a password, once."""
    return f"{base}/set-password/{token}"


def welcome(settings: Settings, base: str, made: FirstStart) -> Iterable[str]:
    """What the operator reads when the server has started."""
    yield f"moderator serves {base}"
    yield f"  held comments  {base}/"
    yield f"  webhook        POST {base}/v1/comments"
    yield f"  data           {settings.data.absolute()}"
    if made.key or made.token:
        yield "First start; this is shown only now:"
    if made.key:
        yield f"  API key of the site {made.site!r}:  {made.key}"
    if made.token:
        yield f"  set the password of {made.login!r} within 24 hours:  {link_to_set_password(base, made.token)}"


def base_url(settings: Settings, port: int) -> str:
    """The address under which people reach it."""
    if settings.public_url:
        return settings.public_url
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{port}"


def serve(settings: Settings) -> None:
    """Serve until told to stop. Raises ServerError, SettingsError or StoreError where it cannot start."""
    journal.start(settings)
    with listen(settings) as listener:  # before all else: a taken port must not use up what is shown once
        base = base_url(settings, listener.getsockname()[1])
        made: list[FirstStart] = []
        leaving = Leaving()
        app, parts = make_app(settings, announce=made.append, leaving=leaving)
        ready = "\n".join(welcome(settings, base, made[0]))
        run(app, settings, listener, ready=ready, parts=parts, leaving=leaving)


def run(
    app: Any,
    settings: Settings,
    listener: socket.socket,
    *,
    ready: str,
    parts: Sequence[Part] = (),
    leaving: Leaving | None = None,
) -> None:
    """Serve this WSGI application until told to stop, and print ``ready`` when it takes requests.

    The parts work in each process, from after the fork on.
    """
    options = _options(settings, listener, lambda arbiter: print(ready, flush=True))
    options["post_worker_init"] = lambda worker: _start(parts)
    options["worker_exit"] = lambda arbiter, worker: _stop(parts)
    PatientArbiter(_Gunicorn(app, options), leaving=leaving or Leaving(), seconds=settings.drain_seconds).run()


def _start(parts: Sequence[Part]) -> None:
    for part in parts:
        part.start()


def _stop(parts: Sequence[Part]) -> None:
    for part in reversed(parts):
        part.stop()


def listen(settings: Settings) -> socket.socket:
    """The listening socket. Raises ServerError, such as for a port that is taken."""
    try:
        family, _, _, _, address = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        raise ServerError(
            f"cannot listen on {settings.host}, port {settings.port} ({error.strerror}); give another --host or --port"
        ) from None
    return listener


def _options(settings: Settings, listener: socket.socket, when_ready: Callable[[Any], None]) -> dict[str, Any]:
    return {
        "bind": [f"fd://{listener.detach()}"],
        "worker_class": "gthread",
        "workers": settings.workers,
        "threads": settings.threads,
        "preload_app": True,  # one copy of code and weights for all workers, and a start that fails fails at once
        "timeout": TIMEOUT,
        "graceful_timeout": GRACEFUL_TIMEOUT,
        "keepalive": KEEPALIVE,
        "limit_request_line": MOST_OF_A_HEADER,
        "limit_request_fields": MOST_HEADERS,
        "limit_request_field_size": MOST_OF_A_HEADER,
        "forwarded_allow_ips": "",  # who is believed is the setting trusted_proxies
        "control_socket_disable": True,
        "proc_name": "moderator",
        "logger_class": RootLogger,
        "loglevel": "warning" if settings.log_level == "info" else settings.log_level,
        "when_ready": when_ready,
    }


class _Gunicorn(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn, told everything here: no file, no command line, no environment of its own."""

    def __init__(self, app: Any, options: dict[str, Any]) -> None:
        self.app = app
        self.options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return self.app


class Application:
    """``serve:app``: the application of the environment's settings, made when the first request comes.

    Not at import, so that a server may import it, fork, and then serve: each process makes its own.
    """

    def __init__(self) -> None:
        self._app: Flask | None = None
        self._making = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request, as WSGI has it."""
        app = self._app or self._make()
        return app(environ, start_response)

    def _make(self) -> Flask:
        with self._making:
            if self._app is None:
                settings = all_settings.load()
                self._app, parts = make_app(settings, announce=partial(_tell, settings))
                _start(parts)
                atexit.register(_stop, parts)
            return self._app


def _tell(settings: Settings, made: FirstStart) -> None:
    if made.key or made.token:
        print("\n".join(welcome(settings, base_url(settings, settings.port), made)), file=sys.stderr, flush=True)


application = Application()

"""Every knob: name, default, one sentence. The only reader of the environment.

Defaults < the TOML file < the environment (``MODERATOR_…``) < flags. Read once, at the start, into a frozen object.
"""

import os
import secrets
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

PREFIX = "MODERATOR_"
CONFIG_VARIABLE = "MODERATOR_CONFIG"  # where the TOML file is; not a setting, as it cannot stand in that file
FOREIGN_PREFIX = "MODERATOR_TEST_"  # the test suite's own variables
SECRET_BYTES = 32

Kind = Literal["text", "folder", "url", "database", "number", "minutes", "level", "format", "security"]
Value = str | int


class SettingsError(Exception):
    """A setting that cannot be used: which one, what was expected, what was got, and where it came from."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One knob. ``least`` and ``most`` bound numbers; a ``secret`` one is masked when it is shown."""

    name: str
    default: Value
    sentence: str
    kind: Kind = "text"
    least: int = 0
    most: int = 2**31
    secret: bool = False

    @property
    def variable(self) -> str:
        """Its name in the environment."""
        return PREFIX + self.name.upper()


SETTINGS: tuple[Setting, ...] = (
    # Where everything is.
    Setting("data", "./data", "The folder that holds all that this installation owns.", "folder"),
    Setting("database", "", "The store's URL; empty means a SQLite file in the data folder.", "database", secret=True),
    # Where it listens.
    Setting("host", "127.0.0.1", "The address to listen on."),
    Setting("port", 8080, "The port to listen on.", "number", least=0, most=65535),
    Setting("workers", 1, "How many processes serve; on PostgreSQL about one a core.", "number", least=1, most=256),
    Setting("threads", 16, "How many requests a process serves at once.", "number", least=1, most=256),
    # What stands before it.
    Setting("trusted_proxies", 0, "How many proxies stand before it, whose X-Forwarded-For is believed.", "number",
            most=16),
    Setting("public_url", "", "The address at which moderators reach it, for links; empty means host and port.", "url"),
    # What it takes.
    Setting("site_name", "blog", "The name of the site that the first start makes."),
    Setting("max_request_bytes", 1_048_576, "The longest request body that is read.", "number", least=1024,
            most=64 * 1_048_576),
    Setting("site_rate", 300, "How many requests a second a site may send, over ten seconds; 0 means any number.",
            "number", most=1_000_000),
    Setting("wrong_key_rate", 10, "How many a second with a wrong key a network may send, over ten seconds; 0 means "
            "any number.", "number", most=1_000_000),
    # What it keeps.
    Setting("address_days", 30, "So many days after a decision e-mail and IP addresses become pseudonyms.", "number",
            most=3650),
    # Moderators' logins.
    Setting("session_idle_minutes", 30, "A login ends after so many minutes without a page.", "minutes", least=1,
            most=7 * 24 * 60),
    Setting("session_hours", 12, "A login ends after so many hours in any case.", "number", least=1, most=31 * 24),
    # What is looked at again.
    Setting("spot_checks", 10, "Of 1,000 comments that the machine approved or rejected, moderators see so many again.",
            "number", least=0, most=1000),
    # The daily e-mail to moderators.
    Setting("smtp_host", "", "The server that takes e-mail; empty means that none is sent."),
    Setting("smtp_port", 587, "The port of that server.", "number", least=1, most=65535),
    Setting("smtp_security", "starttls", "How the way there is kept secret: starttls, tls or none.", "security"),
    Setting("smtp_user", "", "The login there; empty means that none is needed."),
    Setting("smtp_password", "", "The password there.", secret=True),
    Setting("mail_from", "", "Who the e-mail is from; empty means moderator@ and the host of public_url."),
    Setting("digest_hour", 7, "From this hour (UTC) on the daily e-mail is sent.", "number", least=0, most=23),
    # What it tells the operator.
    Setting("log_level", "info", "How much is logged: debug, info, warning or error.", "level"),
    Setting("log_format", "text", "How it is logged: text for people; json, a line a decision among it, for machines.",
            "format"),
    Setting("metrics_token", "", "Who sends it as a bearer token may read /metrics; empty: nothing is counted.",
            secret=True),
    # When it takes no requests.
    Setting("drain_seconds", 0, "Told to stop, it says so at /readyz and goes on for so many seconds.", "number",
            most=3600),
    Setting("least_free_mb", 64, "With fewer megabytes free in the data folder it is not ready; 0: any.",
            "number"),
    # What it forgets.
    Setting("keep_days", 0, "`moderator db prune` forgets what teaches nothing after so many days; 0 means never.",
            "number", most=36_500),
)  # fmt: skip

_BY_NAME = {setting.name: setting for setting in SETTINGS}


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings as they hold for this process. ``sources`` says of each where its value came from."""

    data: Path
    database: str
    host: str
    port: int
    workers: int
    threads: int
    trusted_proxies: int
    public_url: str
    site_name: str
    max_request_bytes: int
    site_rate: int
    wrong_key_rate: int
    address_days: int
    session_idle_minutes: int
    session_hours: int
    spot_checks: int
    smtp_host: str
    smtp_port: int
    smtp_security: str
    smtp_user: str
    smtp_password: str
    mail_from: str
    digest_hour: int
    log_level: str
    log_format: str
    metrics_token: str
    drain_seconds: int
    least_free_mb: int
    keep_days: int
    sources: Mapping[str, str]

    @property
    def database_url(self) -> str:
        """The store's URL: the one that was given, or the file in the data folder."""
        return self.database or f"sqlite:///{self.data.absolute() / 'moderator.sqlite3'}"

    def shown(self) -> tuple[tuple[Setting, str, str], ...]:
        """Each setting, its value as it may be printed, and its source."""
        return tuple(
            (setting, _masked(setting, str(getattr(self, setting.name))), self.sources[setting.name])
            for setting in SETTINGS
        )

    def __repr__(self) -> str:
        """Without secrets."""
        return f"Settings({', '.join(f'{setting.name}={value!r}' for setting, value, _ in self.shown())})"


def load(
    flags: Mapping[str, Any] | None = None,
    *,
    file: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """The settings of this process. Flags that are None were not given. SettingsError.

    ``file`` None: the file that MODERATOR_CONFIG names, or none. ``environment`` None: the process's own.
    """
    environment = os.environ if environment is None else environment
    if file is None and environment.get(CONFIG_VARIABLE):
        file = Path(environment[CONFIG_VARIABLE])
    values: dict[str, Value] = {setting.name: setting.default for setting in SETTINGS}
    sources = {setting.name: "default" for setting in SETTINGS}
    for source, given in (
        *((f"the file {file}", given) for given in ([_read(file)] if file else [])),
        ("the environment", _of_environment(environment)),
        ("a flag", {name: value for name, value in (flags or {}).items() if value is not None}),
    ):
        for name, value in given.items():
            values[name] = _checked(_known(name, source), value, source)
            sources[name] = source
    data = Path(str(values.pop("data"))).expanduser()
    return Settings(data=data, **values, sources=sources)  # type: ignore[arg-type]  # each was checked by its kind


def secret(data: Path) -> bytes:
    """The installation's 32 secret bytes: the file ``secret`` in the data folder, made at first need. SettingsError.

    Several processes may need it first at the same time: they get the same one.
    """
    path = data / "secret"
    try:
        if not path.exists():
            data.mkdir(parents=True, exist_ok=True)
            _make_secret(path)
        found = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"the file {path} cannot be used ({error.strerror}); make its folder writable") from None
    if len(found) != SECRET_BYTES:
        raise SettingsError(
            f"the file {path} must have {SECRET_BYTES} bytes, it has {len(found)}; restore it, or delete it "
            "(moderators then log in again, and Akismet keys have to be made anew)"
        )
    return found


def _make_secret(path: Path) -> None:
    """Write it whole beside its place, then link it there: nobody ever reads half of it, and the first one stays."""
    draft = path.with_name(f".secret-{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        os.write(handle, secrets.token_bytes(SECRET_BYTES))
        os.fsync(handle)
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        os.close(handle)
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)  # keys are stored under it, so its name must outlive a power cut as they do
    finally:
        os.close(folder)


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"the settings file {file} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"the settings file {file} is no TOML: {error}") from None


def _of_environment(environment: Mapping[str, str]) -> dict[str, str]:
    return {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(PREFIX) and name != CONFIG_VARIABLE and not name.startswith(FOREIGN_PREFIX)
    }


def _known(name: str, source: str) -> Setting:
    if name not in _BY_NAME:
        raise SettingsError(f"unknown setting {name!r} in {source}; there are: {', '.join(_BY_NAME)}")
    return _BY_NAME[name]


def _masked(setting: Setting, value: str) -> str:
    """A URL without its password; other secrets not at all."""
    if not setting.secret or not value:
        return value
    if setting.kind != "database" or "?" in value:
        return "***"
    before, at, after = value.rpartition("@")
    scheme, _, login = before.partition("://")
    return f"{scheme}://{login.partition(':')[0]}:***@{after}" if at and ":" in login else value


def _checked(setting: Setting, value: object, source: str) -> Value:
    """The value if it is of the setting's kind. SettingsError."""

    def wrong(expected: str) -> SettingsError:
        got = "***" if setting.secret else repr(value)
        return SettingsError(f"{setting.name}: expected {expected}, got {got} from {source}")

    if setting.kind in ("number", "minutes"):
        expected = f"a whole number from {setting.least} to {setting.most}"
        if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value) < 20:
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not setting.least <= value <= setting.most:
            raise wrong(expected)
        return value
    if isinstance(value, Path):
        value = str(value)
    if not isinstance(value, str) or "\0" in value:
        raise wrong("a text")
    value = value.strip()
    if not value and setting.default:
        raise wrong("a text that is not empty")
    if setting.kind == "level" and value.lower() not in ("debug", "info", "warning", "error"):
        raise wrong("debug, info, warning or error")
    if setting.kind == "security" and value not in ("starttls", "tls", "none"):
        raise wrong("starttls, tls or none")
    if setting.kind == "format" and value not in ("text", "json"):
        raise wrong("text or json")
    if setting.kind == "url" and value and not _is_web_address(value):
        raise wrong("an address such as https://moderator.example.org")
    if setting.kind == "database" and value and not value.startswith(("sqlite:///", "postgresql")):
        raise wrong("sqlite:///folder/file or postgresql+psycopg://user:password@host/name")
    return value.lower() if setting.kind == "level" else value.rstrip("/") if setting.kind == "url" else value


def _is_web_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.query and not parts.fragment
    except ValueError:
        return False

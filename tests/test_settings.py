"""Settings: where each value comes from, and what stops the start."""

import multiprocessing
from pathlib import Path

import pytest

from moderator.settings import SETTINGS, Settings, SettingsError, load, secret


def test_every_setting_has_a_sentence_and_a_place_in_settings() -> None:
    assert {setting.name for setting in SETTINGS} | {"sources"} == set(Settings.__slots__)
    for setting in SETTINGS:
        assert setting.sentence.endswith(".") and len(setting.sentence) > 15, setting.name


def test_defaults_hold_where_nothing_is_said() -> None:
    found = load(environment={})
    assert (found.host, found.port, found.trusted_proxies) == ("127.0.0.1", 8080, 0)
    assert (found.max_request_bytes, found.session_idle_minutes, found.session_hours) == (1_048_576, 30, 12)
    assert found.database_url == f"sqlite:///{Path('data').absolute()}/moderator.sqlite3"
    assert set(found.sources.values()) == {"default"}


def test_flags_beat_the_environment_which_beats_the_file(tmp_path: Path) -> None:
    file = tmp_path / "moderator.toml"
    file.write_text('port = 1\nhost = "file"\nsite_name = "file"\n')
    environment = {"MODERATOR_PORT": "2", "MODERATOR_HOST": "environment", "PATH": "/bin"}
    found = load({"port": 3, "host": None}, file=file, environment=environment)
    assert (found.port, found.host, found.site_name) == (3, "environment", "file")
    sources = [found.sources[name] for name in ("port", "host", "site_name", "data")]
    assert sources == ["a flag", "the environment", f"the file {file}", "default"]


def test_the_environment_may_name_the_file(tmp_path: Path) -> None:
    file = tmp_path / "moderator.toml"
    file.write_text("port = 1\n")
    assert load(environment={"MODERATOR_CONFIG": str(file)}).port == 1


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("port", "eighty", "a whole number from 0 to 65535, got 'eighty'"),
        ("port", "70000", "a whole number from 0 to 65535"),
        ("port", "-1", "a whole number"),
        ("port", "٣", "a whole number"),
        ("workers", "0", "a whole number from 1"),
        ("max_request_bytes", "9" * 50, "a whole number"),
        ("log_level", "loud", "debug, info, warning or error, got 'loud'"),
        ("public_url", "example.org", "an address such as https://"),
        ("public_url", "https://[", "an address such as https://"),
        ("site_name", "  ", "a text that is not empty"),
        ("host", "a\0b", "a text"),
    ],
)
def test_a_bad_value_says_which_setting_what_was_expected_and_got(name: str, value: str, expected: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(environment={f"MODERATOR_{name.upper()}": value})
    assert str(caught.value).startswith(f"{name}: expected {expected}")
    assert str(caught.value).endswith("from the environment")


def test_a_value_of_a_wrong_type_in_the_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "moderator.toml"
    for line in ("port = true", "port = 1.5", "host = 7", 'data = ["a"]'):
        file.write_text(line)
        with pytest.raises(SettingsError, match=f"{line.split()[0]}: expected"):
            load(file=file, environment={})


def test_an_unknown_name_is_refused_with_its_source() -> None:
    with pytest.raises(SettingsError, match="unknown setting 'prot' in the environment; there are: data"):
        load(environment={"MODERATOR_PROT": "1"})
    with pytest.raises(SettingsError, match="unknown setting 'prot' in a flag"):
        load({"prot": 1}, environment={})


def test_a_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        load(file=tmp_path / "none.toml", environment={})
    (tmp_path / "bad.toml").write_text("port 8080")
    with pytest.raises(SettingsError, match="is no TOML"):
        load(file=tmp_path / "bad.toml", environment={})


def test_passwords_are_never_shown() -> None:
    url = "postgresql+psycopg://ann:opensesame@db.example.org/moderator"
    found = load(environment={"MODERATOR_DATABASE": url})
    assert found.database_url == url
    shown = {setting.name: value for setting, value, _ in found.shown()}
    assert shown["database"] == "postgresql+psycopg://ann:***@db.example.org/moderator"
    assert "opensesame" not in repr(found)
    with pytest.raises(SettingsError) as caught:
        load(environment={"MODERATOR_DATABASE": "mysql://ann:opensesame@db"})
    assert "opensesame" not in str(caught.value)


def test_the_secret_is_made_once_and_only_for_its_owner(tmp_path: Path) -> None:
    data = tmp_path / "data"
    first = secret(data)
    assert len(first) == 32 and secret(data) == first
    assert (data / "secret").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in data.iterdir()] == ["secret"]


def test_four_processes_that_need_the_secret_first_get_the_same(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        assert len(set(pool.map(secret, [tmp_path / "data"] * 8, chunksize=1))) == 1


def test_a_damaged_secret_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"short")
    with pytest.raises(SettingsError, match="must have 32 bytes, it has 5"):
        secret(tmp_path)

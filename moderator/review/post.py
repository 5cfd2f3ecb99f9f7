"""The daily letters of one installation, put together from its settings."""

from functools import partial

from flask import Flask
from flask.sansio.app import App

from moderator import mail
from moderator.review.desk import Desk
from moderator.review.digest import Digest
from moderator.review.postman import Postman
from moderator.settings import Settings

PARTS = "moderator.desk"


def keep(app: App, desk: Desk) -> None:
    """Remember what the letters of this application are written from."""
    app.extensions[PARTS] = desk


def close(app: Flask) -> None:
    """Let go of what the letters of this application are written from."""
    app.extensions[PARTS].store.close()


def server_of(settings: Settings) -> mail.Server:
    """Where letters are handed over."""
    return mail.Server(
        settings.smtp_host, settings.smtp_port, settings.smtp_security, settings.smtp_user, settings.smtp_password
    )


def digest_of(app: Flask, settings: Settings, base: str) -> Digest:
    """The letters; ``base`` is the address under which people reach the pages."""
    return Digest(app, app.extensions[PARTS], base)


def postman_of(app: Flask, settings: Settings, base: str) -> Postman:
    """Who sends them once a day; not yet started."""
    desk: Desk = app.extensions[PARTS]
    return Postman(
        digest_of(app, settings, base), desk.store, settings, desk.clock, partial(mail.send, server_of(settings))
    )

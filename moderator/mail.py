"""Sends e-mail through the operator's SMTP server. The only smtplib."""

import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage

TIMEOUT = 20.0  # seconds


class MailError(Exception):
    """A letter could not be handed over, with the cure where there is one."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where letters are handed over. ``security``: starttls, tls or none; an empty ``user`` does not log in."""

    host: str
    port: int
    security: str
    user: str
    password: str


Send = Callable[[EmailMessage], None]


def send(server: Server, letter: EmailMessage) -> None:
    """Hand one letter over. MailError, without what the server is told to keep to itself."""
    secure = ssl.create_default_context()
    try:
        if server.security == "tls":
            with smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT, context=secure) as connection:
                _hand_over(connection, server, letter)
        else:
            with smtplib.SMTP(server.host, server.port, timeout=TIMEOUT) as connection:
                if server.security == "starttls":
                    connection.starttls(context=secure)
                _hand_over(connection, server, letter)
    except smtplib.SMTPAuthenticationError:
        raise MailError(f"{server.host} does not take the login; see smtp_user and smtp_password") from None
    except smtplib.SMTPNotSupportedError as error:
        raise MailError(f"{server.host}: {error}; see smtp_security") from None
    except smtplib.SMTPRecipientsRefused:
        raise MailError(f"{server.host} refused the recipient") from None
    except smtplib.SMTPResponseException as error:
        raise MailError(f"{server.host} answered {error.smtp_code}") from None
    except (smtplib.SMTPException, OSError) as error:
        raise MailError(f"{server.host}, port {server.port}, cannot be reached ({type(error).__name__})") from None


def _hand_over(connection: smtplib.SMTP, server: Server, letter: EmailMessage) -> None:
    if server.user:
        connection.login(server.user, server.password)
    connection.send_message(letter)

"""Ways to deliver mail, behind one interface: a local folder or an SMTP server."""

import mailbox
import smtplib
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

TIMEOUT_S = 10


class MailTransport(Protocol):
    """Delivers one message."""

    def deliver(self, message: EmailMessage) -> None:
        """Hand the message over; raises OSError or SMTPException when that fails."""


class MaildirTransport:
    """Writes messages to a Maildir, which the demo's mailbox page shows.

    Args:
        folder: Made when missing.
    """

    def __init__(self, folder: Path) -> None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        self._maildir = mailbox.Maildir(folder, create=True)

    def deliver(self, message: EmailMessage) -> None:
        """Store the message durably."""
        self._maildir.add(message)
        self._maildir.flush()


class SMTPTransport:
    """Sends messages through an SMTP server.

    Args:
        url: smtp://[user:password@]host[:port] (STARTTLS when offered) or smtps://.
    """

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)

    def deliver(self, message: EmailMessage) -> None:
        """Send the message; raises SMTPException when the server refuses it."""
        host, port = self._url.hostname or "127.0.0.1", self._url.port or 0
        if self._url.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_S)
        else:
            server = smtplib.SMTP(host, port, timeout=TIMEOUT_S)
        with server:
            if self._url.scheme == "smtp" and server.has_extn("starttls"):
                server.starttls(context=ssl.create_default_context())
            if self._url.username:
                server.login(self._url.username, self._url.password or "")
            server.send_message(message)


def message_of(payload: Mapping[str, str], *, sender: str) -> EmailMessage:
    """Build a message from an outbox payload: to, subject, text, language."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = payload["to"]
    message["Subject"] = payload["subject"]
    message["Date"] = formatdate()
    message["Content-Language"] = payload.get("language", "fr")
    message.set_content(payload["text"])
    return message

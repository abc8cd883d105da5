"""The demo's mailbox: mails that were delivered to a local folder; absent in production."""

import email.policy
import mailbox
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parsedate_to_datetime
from pathlib import Path

from fastapi import APIRouter, Request, Response

from backend.http.deps import Config, ConfigDep, MaybeActor, public
from backend.kernel.errors import NotFoundError
from backend.web.contexts import MailboxPage, MailLine, MailPage
from backend.web.rendering import respond

router = APIRouter(include_in_schema=False)

MAX_MAILS = 50


@router.get("/boite-mail", dependencies=[public()])
def get_mailbox(request: Request, actor: MaybeActor, config: ConfigDep) -> Response:
    """List the newest mails of every address."""
    lines = [_line(key, message) for key, message in _messages(_folder(config))]
    lines.sort(key=lambda line: (line.at, line.key), reverse=True)
    page = MailboxPage(mails=tuple(lines[:MAX_MAILS]))
    return respond(request, "mailbox.html", page, actor=actor)


@router.get("/boite-mail/{key}", dependencies=[public()])
def get_mail(request: Request, key: str, actor: MaybeActor, config: ConfigDep) -> Response:
    """Show one mail."""
    message = dict(_messages(_folder(config))).get(key)
    if message is None:
        raise NotFoundError("mail", key)
    body = message.get_body(("plain",))
    page = MailPage(mail=_line(key, message), text=body.get_content() if body is not None else "")
    return respond(request, "mail.html", page, actor=actor)


def _folder(config: Config) -> Path:
    if config.mailbox_path is None:
        raise NotFoundError("page", "boite-mail")
    return config.mailbox_path


def _messages(folder: Path) -> list[tuple[str, EmailMessage]]:
    if not (folder / "new").is_dir():
        return []
    # The job process writes while we read: look into the folder anew each time.
    box = mailbox.Maildir(folder, create=False)
    parser = BytesParser(policy=email.policy.default)
    return [(key, parser.parsebytes(box.get_bytes(key))) for key in box.keys()]  # noqa: SIM118 - no mapping


def _line(key: str, message: EmailMessage) -> MailLine:
    return MailLine(
        key=key,
        to=str(message["To"]),
        subject=str(message["Subject"]),
        at=parsedate_to_datetime(str(message["Date"])),
    )

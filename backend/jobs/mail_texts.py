"""The words of mails, by template and language."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class MailText(NamedTuple):
    """Subject and body; braces are filled from the payload."""

    subject: str
    body: str


TEXTS: Mapping[tuple[str, str], MailText] = MappingProxyType(
    {
        ("sign_in_code", "fr"): MailText(
            "Votre code de connexion : {code}",
            "Bonjour,\n\nVotre code de connexion est {code}.\n"
            "Il est valable dix minutes et ne sert qu'une fois.\n\n"
            "Si vous n'avez rien demandé, vous pouvez ignorer ce message.\n",
        ),
        ("sign_in_code", "en"): MailText(
            "Your sign-in code: {code}",
            "Hello,\n\nYour sign-in code is {code}.\n"
            "It is valid for ten minutes and works once.\n\n"
            "If you did not ask for it, you can ignore this message.\n",
        ),
    }
)


def text_of(payload: Mapping[str, str]) -> MailText:
    """Return the subject and body of an outbox payload (template, language and its fields).

    Raises:
        KeyError: No such template; the message is buried after its last try.
    """
    template = TEXTS.get((payload["template"], payload.get("language", "fr")))
    found = template or TEXTS[payload["template"], "fr"]
    return MailText(found.subject.format(**payload), found.body.format(**payload))

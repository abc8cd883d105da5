"""Texts of the mails that accounts send; plain text, one per language."""

from backend.accounts.rules import CODE_LIFE

_MINUTES = int(CODE_LIFE.total_seconds() // 60)

_SIGN_IN = {
    "fr": (
        "{code} est votre code de connexion Calanque",
        (
            "Bonjour,\n\n"
            "Votre code de connexion à Calanque : {code}\n\n"
            "Il est valable {minutes} minutes et ne sert qu'une fois. Ne le donnez à personne : "
            "ni la métropole ni un commerçant ne vous le demandera.\n\n"
            "Si vous n'avez rien demandé, ignorez ce message : rien ne change.\n\n"
            "Calanque, les points éco-citoyens d'Aix-Marseille-Provence\n"
        ),
    ),
    "en": (
        "{code} is your Calanque sign-in code",
        (
            "Hello,\n\n"
            "Your code to sign in to Calanque: {code}\n\n"
            "It is valid for {minutes} minutes and works once. Give it to nobody: neither the "
            "metropolis nor a merchant will ever ask for it.\n\n"
            "If you asked for nothing, ignore this message: nothing changes.\n\n"
            "Calanque, the eco-citizen points of Aix-Marseille-Provence\n"
        ),
    ),
}


def sign_in_mail(code: str, language: str) -> tuple[str, str]:
    """Return subject and text of the mail that carries a one-time code.

    Args:
        language: "fr" or "en"; anything else is answered in French.
    """
    subject, text = _SIGN_IN.get(language, _SIGN_IN["fr"])
    return subject.format(code=code), text.format(code=code, minutes=_MINUTES)

"""What each page shows: one frozen dataclass per page; templates use nothing else.

Amounts are in units (100 units are one point), instants are aware. `*_key` names a text
of the catalogue; sentences that come from the rulebook arrive rendered.
"""

from backend.web.contexts.account import (
    AccountPage,
    Browser,
    MailboxPage,
    MailLine,
    MailPage,
    SignInPage,
)
from backend.web.contexts.admin import (
    AdminPage,
    DiffLine,
    DraftProblem,
    EditionDraftPage,
    EditionLine,
    EditionPage,
    Health,
    RulesPage,
)
from backend.web.contexts.citizen import (
    CodePage,
    HistoryDay,
    HistoryLine,
    HomePage,
    Idea,
    PaymentReceiptPage,
    PayPage,
    Proof,
    ReceiptPage,
    ReceiptTranche,
    ScanPage,
    Shop,
)
from backend.web.contexts.frame import (
    HelpPage,
    ProblemPage,
    PublicRulesPage,
    Site,
    Step,
)
from backend.web.contexts.till import (
    CashOutLine,
    TillLine,
    TillPage,
    TillPaymentPage,
)

__all__ = [
    "AccountPage",
    "AdminPage",
    "Browser",
    "CashOutLine",
    "CodePage",
    "DiffLine",
    "DraftProblem",
    "EditionDraftPage",
    "EditionLine",
    "EditionPage",
    "Health",
    "HelpPage",
    "HistoryDay",
    "HistoryLine",
    "HomePage",
    "Idea",
    "MailLine",
    "MailPage",
    "MailboxPage",
    "PayPage",
    "PaymentReceiptPage",
    "ProblemPage",
    "Proof",
    "PublicRulesPage",
    "ReceiptPage",
    "ReceiptTranche",
    "RulesPage",
    "ScanPage",
    "Shop",
    "SignInPage",
    "Site",
    "Step",
    "TillLine",
    "TillPage",
    "TillPaymentPage",
]

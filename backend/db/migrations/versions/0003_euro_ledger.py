"""Keep euro beside points in the ledger; refuse a commit of what does not sum to zero.

Revision: 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

UNBALANCED = "a transfer does not sum to zero"
CURRENCY = "CASE WHEN NEW.account_name LIKE 'euro/%' THEN 'eur' ELSE 'points' END"
# Two plain statements: SQLite's triggers and PL/pgSQL read them alike.
WEIGH = f"""
    INSERT INTO ledger_imbalance (transfer_id, currency, units)
    VALUES (NEW.transfer_id, {CURRENCY}, NEW.units)
    ON CONFLICT (transfer_id, currency)
    DO UPDATE SET units = ledger_imbalance.units + excluded.units;
    DELETE FROM ledger_imbalance
    WHERE transfer_id = NEW.transfer_id AND currency = {CURRENCY} AND units = 0;
"""  # noqa: S608 - built from constants
POSTGRES_FUNCTION = f"""
CREATE FUNCTION weigh_entry() RETURNS trigger AS $$
BEGIN
    {WEIGH}
    RETURN NULL;
END;
$$ LANGUAGE plpgsql
"""


def upgrade() -> None:
    check = (
        "(currency = 'points' AND name NOT LIKE 'euro/%') OR "
        "(currency = 'eur' AND name LIKE 'euro/%')"
    )
    # Plain DDL: a batch would copy the table that every entry refers to.
    op.execute(
        "ALTER TABLE ledger_account ADD COLUMN currency VARCHAR NOT NULL DEFAULT 'points' "
        f"CONSTRAINT ck_ledger_account_currency_of_name CHECK ({check})"
    )
    op.create_table(
        "ledger_imbalance",
        sa.Column("transfer_id", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False, server_default=UNBALANCED),
        sa.CheckConstraint(f"verdict = '{UNBALANCED}'", name=op.f("ck_ledger_imbalance_verdict")),
        sa.ForeignKeyConstraint(
            ["verdict"],
            ["ledger_transfer.id"],
            name=op.f("fk_ledger_imbalance_verdict_ledger_transfer"),
            deferrable=True,
            initially="DEFERRED",
        ),
        sa.PrimaryKeyConstraint("transfer_id", "currency", name=op.f("pk_ledger_imbalance")),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(POSTGRES_FUNCTION)
        op.execute(
            "CREATE TRIGGER ledger_entry_is_weighed AFTER INSERT ON ledger_entry "
            "FOR EACH ROW EXECUTE FUNCTION weigh_entry()"
        )
        return
    op.execute(
        f"CREATE TRIGGER ledger_entry_is_weighed AFTER INSERT ON ledger_entry BEGIN {WEIGH} END"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER ledger_entry_is_weighed ON ledger_entry")
        op.execute("DROP FUNCTION weigh_entry()")
    else:
        op.execute("DROP TRIGGER ledger_entry_is_weighed")
    op.drop_table("ledger_imbalance")
    op.execute("ALTER TABLE ledger_account DROP COLUMN currency")

"""Guards in the database: what no code of ours, and no hand at a console, may do to the ledger.

- Rows of transactions, entries and claims are never changed and never deleted.
- An entry must carry its account's balance (`balance_after` = the entry before + amount = the
  balance now), so that a kept balance and its entries cannot part.
- A transaction is complete once its entries sum to zero, and takes no more; one that is not
  complete at the commit makes the commit fail.

On PostgreSQL the last rule is a deferred constraint trigger. SQLite has none, but it has deferred
foreign keys: `economy_open` has a row for each transaction that is not complete, and the row refers
to nothing, so that no commit can keep it.
"""

from typing import Any

from django.db import migrations

KEPT = ("economy_transaction", "economy_entry", "economy_claim")

SQLITE = [
    *(
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is never changed'); END"
        for table in KEPT
        for verb in ("UPDATE", "DELETE")
    ),
    "CREATE TABLE economy_never (id INTEGER PRIMARY KEY CHECK (0))",
    """CREATE TABLE economy_open (
        transaction_id INTEGER PRIMARY KEY,
        amount INTEGER NOT NULL DEFAULT 0,
        never INTEGER NOT NULL DEFAULT 1
            REFERENCES economy_never (id) DEFERRABLE INITIALLY DEFERRED
    )""",
    """CREATE TRIGGER economy_transaction_opens AFTER INSERT ON economy_transaction
    BEGIN INSERT INTO economy_open (transaction_id) VALUES (NEW.id); END""",
    """CREATE TRIGGER economy_entry_carries_balance BEFORE INSERT ON economy_entry
    BEGIN
        SELECT RAISE(ABORT, 'the transaction is complete') WHERE NOT EXISTS
            (SELECT 1 FROM economy_open WHERE transaction_id = NEW.transaction_id);
        SELECT RAISE(ABORT, 'the entry does not carry its account''s balance')
        WHERE NEW.balance_after IS NOT
            (SELECT balance FROM economy_account WHERE id = NEW.account_id)
        OR NEW.balance_after IS NOT NEW.amount + COALESCE((SELECT balance_after FROM economy_entry
            WHERE account_id = NEW.account_id ORDER BY id DESC LIMIT 1), 0);
    END""",
    """CREATE TRIGGER economy_entry_sums AFTER INSERT ON economy_entry
    BEGIN
        UPDATE economy_open SET amount = amount + NEW.amount
            WHERE transaction_id = NEW.transaction_id;
        DELETE FROM economy_open WHERE transaction_id = NEW.transaction_id AND amount = 0;
    END""",
]

SQLITE_REVERSE = [
    "DROP TRIGGER economy_entry_sums",
    "DROP TRIGGER economy_entry_carries_balance",
    "DROP TRIGGER economy_transaction_opens",
    "DROP TABLE economy_open",
    "DROP TABLE economy_never",
    *(f"DROP TRIGGER {table}_no_{verb}" for table in KEPT for verb in ("update", "delete")),
]

POSTGRESQL = [
    """CREATE FUNCTION economy_never_changed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% is never changed', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END $$""",
    *(
        f"CREATE TRIGGER {table}_never_changed BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION economy_never_changed()"
        for table in KEPT
    ),
    """CREATE FUNCTION economy_entry_carries_balance() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF (SELECT SUM(amount) FROM economy_entry WHERE transaction_id = NEW.transaction_id) = 0
        THEN
            RAISE EXCEPTION 'the transaction is complete' USING ERRCODE = 'check_violation';
        END IF;
        IF NEW.balance_after IS DISTINCT FROM
            (SELECT balance FROM economy_account WHERE id = NEW.account_id)
        OR NEW.balance_after::numeric IS DISTINCT FROM NEW.amount + COALESCE(
            (SELECT balance_after::numeric FROM economy_entry
            WHERE account_id = NEW.account_id ORDER BY id DESC LIMIT 1), 0)
        THEN
            RAISE EXCEPTION 'the entry does not carry its account''s balance'
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$""",
    """CREATE TRIGGER economy_entry_carries_balance BEFORE INSERT ON economy_entry
    FOR EACH ROW EXECUTE FUNCTION economy_entry_carries_balance()""",
    """CREATE FUNCTION economy_transaction_balances() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF (SELECT SUM(amount) FROM economy_entry WHERE transaction_id = NEW.id)
            IS DISTINCT FROM 0
        THEN
            RAISE EXCEPTION 'the entries of transaction % do not sum to zero', NEW.id
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NULL;
    END $$""",
    """CREATE CONSTRAINT TRIGGER economy_transaction_balances AFTER INSERT ON economy_transaction
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION economy_transaction_balances()""",
]

POSTGRESQL_REVERSE = [
    "DROP TRIGGER economy_transaction_balances ON economy_transaction",
    "DROP FUNCTION economy_transaction_balances()",
    "DROP TRIGGER economy_entry_carries_balance ON economy_entry",
    "DROP FUNCTION economy_entry_carries_balance()",
    *(f"DROP TRIGGER {table}_never_changed ON {table}" for table in KEPT),
    "DROP FUNCTION economy_never_changed()",
]


class RunSQLOn(migrations.RunSQL):
    """`RunSQL` on one kind of database only."""

    def __init__(self, vendor: str, sql: Any, reverse_sql: Any) -> None:
        super().__init__(sql, reverse_sql)
        self.vendor = vendor

    def _run_sql(self, schema_editor: Any, sqls: Any) -> None:
        if schema_editor.connection.vendor == self.vendor:
            super()._run_sql(schema_editor, sqls)  # type: ignore[misc]


class Migration(migrations.Migration):
    dependencies = [("economy", "0001_initial")]

    operations = [
        RunSQLOn("sqlite", SQLITE, SQLITE_REVERSE),
        RunSQLOn("postgresql", POSTGRESQL, POSTGRESQL_REVERSE),
    ]

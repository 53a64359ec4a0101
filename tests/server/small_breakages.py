"""Ways to break the migrated small profile (`tests/profiles/small`). Pure data."""

from __future__ import annotations

from breakage import breakage

SMALL_BREAKAGES = (
    breakage(
        "a table too many",
        "CREATE TABLE visits (id integer)",
        "small_table_count",
        "small_table_names",
    ),
    breakage(
        "a table is exchanged for another",
        "DROP TABLE suppliers; CREATE TABLE vendors (id integer)",
        "small_table_names",
    ),
    breakage("a librarian is lost", "DELETE FROM staff WHERE id = 9", "small_rows"),
    breakage(
        "a reservation too many", "INSERT INTO reservations VALUES (16, 1, 1, now())", "small_rows"
    ),
    breakage(
        "a fine is halved", "UPDATE fines SET amount = amount / 2 WHERE id = 8", "small_fines"
    ),
    breakage(
        "fines are text again",
        "ALTER TABLE fines ALTER COLUMN amount TYPE text",
        "small_fine_type",
    ),
    breakage(
        "a foreign key is gone",
        "ALTER TABLE fines DROP CONSTRAINT fines_loan_id_fkey",
        "small_foreign_keys",
    ),
    breakage(
        "a foreign key is not validated",
        "ALTER TABLE fines DROP CONSTRAINT fines_loan_id_fkey, ADD CONSTRAINT fines_loan_id_fkey "
        "FOREIGN KEY (loan_id) REFERENCES loans NOT VALID",
        "small_foreign_keys",
    ),
    breakage(
        "the backfill put every loan at one branch",
        "UPDATE loans SET branch_id = 1",
        "small_backfill",
    ),
    breakage(
        "a policy is gone",
        "DROP POLICY members_of_branch ON members",
        "small_policies",
        "small_isolation",
    ),
    breakage(
        "a policy lets everybody in",
        "ALTER POLICY copies_of_branch ON copies USING (true)",
        "small_policies",
        "small_isolation",
    ),
    breakage(
        "row level security is switched off",
        "ALTER TABLE members DISABLE ROW LEVEL SECURITY",
        "small_policies",
        "small_isolation",
    ),
)

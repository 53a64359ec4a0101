import psycopg
import pytest


def test_an_email_in_capitals_is_refused(dbmigrate_postgresql):
    with pytest.raises(psycopg.errors.CheckViolation):
        dbmigrate_postgresql.execute("INSERT INTO accounts VALUES (3, 'Linus@Example.com')")


def test_each_test_has_a_copy_of_its_own(dbmigrate_postgresql):
    dbmigrate_postgresql.execute("DELETE FROM accounts")
    dbmigrate_postgresql.commit()
    assert dbmigrate_postgresql.execute("SELECT count(*) FROM accounts").fetchone() == (0,)

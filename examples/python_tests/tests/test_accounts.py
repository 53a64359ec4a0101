def test_emails_are_folded_as_the_application_folds_them(dbmigrate_connection):
    rows = dbmigrate_connection.execute("SELECT email FROM accounts").fetchall()
    assert [email for (email,) in rows if email != email.casefold()] == []


def test_the_migration_ran_without_a_warning(dbmigrate_migrations):
    notices = [notice for sent in dbmigrate_migrations["001"].sent for notice in sent.notices]
    assert [notice.message for notice in notices if notice.severity == "WARNING"] == []


def test_the_server_is_one_that_we_support(dbmigrate_target):
    assert dbmigrate_target.server_version_num >= 150000

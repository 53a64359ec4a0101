"""What leads out of a clone is taken away before the first statement of a migration.

A rehearsal once wrote to production through a user mapping that had been cloned with its password.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

NETWORK = "the network: the clone's server has no way to it"

_SUBSCRIPTIONS = """
SELECT subname::text FROM pg_catalog.pg_subscription
 WHERE subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
 ORDER BY 1
"""
_USER_MAPPINGS = """
SELECT format('%s on server %I', CASE umuser WHEN 0 THEN 'PUBLIC' ELSE usename END, srvname),
       format('DROP USER MAPPING FOR %s SERVER %I',
              CASE WHEN umuser = 0 THEN 'PUBLIC' ELSE quote_ident(usename) END, srvname)
  FROM pg_catalog.pg_user_mappings ORDER BY 1
"""
# Extensions that run SQL by the clock: the table of their jobs, and what names a job in it.
_JOBS = (("cron.job", "coalesce(jobname, command)"), ("pgagent.pga_job", "jobname"))


def subscriptions(source: psycopg.Connection[Any]) -> list[str]:
    """The target's subscriptions, which are never cloned: each would take its publisher's rows."""
    return [f"subscription {name}" for (name,) in source.execute(_SUBSCRIPTIONS).fetchall()]


def drop_user_mappings(admin: psycopg.Connection[Any]) -> Iterator[str]:
    """Drop every user mapping, and with it the way of a foreign table to its server."""
    for name, statement in admin.execute(_USER_MAPPINGS).fetchall():
        admin.execute(statement.encode())
        yield f"user mapping {name}"


def delete_jobs(admin: psycopg.Connection[Any]) -> Iterator[str]:
    """Delete the jobs that an extension would run by the clock."""
    for table, name in _JOBS:
        there = admin.execute("SELECT to_regclass(%s) IS NOT NULL", [table]).fetchone()
        if there is None or not there[0]:
            continue
        # Both come from the constant above.
        found = admin.execute(f"SELECT {name} FROM {table} ORDER BY 1".encode()).fetchall()  # noqa: S608
        admin.execute(f"DELETE FROM {table}".encode())  # noqa: S608
        yield from (
            f"scheduled job {' '.join(str(job).split())[:100]} of {table}" for (job,) in found
        )


def is_cut_off(admin: psycopg.Connection[Any]) -> bool:
    """Whether the server sees no network interface but its own loopback, as Linux tells it."""
    import psycopg  # noqa: PLC0415  (import time)

    try:
        row = admin.execute("SELECT pg_catalog.pg_read_file('/proc/self/net/dev')").fetchone()
    except psycopg.Error:
        return False
    lines = str(row[0]).splitlines()[2:] if row else [""]
    return all(line.split(":")[0].strip() == "lo" for line in lines)

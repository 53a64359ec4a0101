"""Ways to break the migrated reference database. Pure data; `breakage.py` says how it is used."""

from __future__ import annotations

from breakage import breakage
from row_security_breakages import ROW_SECURITY

_MOVE = "'00000014-0000-4000-8000-000000000001'"

SCHEMA_CONFLICTS = (
    breakage(
        "a column of agent_recommendations is missing",
        "ALTER TABLE agent_recommendations DROP COLUMN outcome_quality_score",
        "agent_recommendations_columns",
        "conflict_count",
    ),
    breakage(
        "a column kept the type of an older version",
        "ALTER TABLE agent_recommendations ALTER COLUMN outcome_quality_score TYPE numeric(5, 2)",
        "agent_recommendations_columns",
    ),
    breakage(
        "agent_recommendations.workspace_id may be null",
        "ALTER TABLE agent_recommendations ALTER COLUMN workspace_id DROP NOT NULL",
        "agent_recommendations_columns",
    ),
    breakage(
        "agent_trust_scores has its old key",
        "ALTER TABLE agent_trust_scores DROP CONSTRAINT agent_trust_scores_pkey, "
        "ADD CONSTRAINT agent_trust_scores_pkey PRIMARY KEY (agent_id)",
        "agent_trust_scores_key",
        "conflict_count",
    ),
    breakage(
        "the columns of the key of agent_trust_scores are swapped",
        "ALTER TABLE agent_trust_scores DROP CONSTRAINT agent_trust_scores_pkey, "
        "ADD CONSTRAINT agent_trust_scores_pkey PRIMARY KEY (agent_id, workspace_id)",
        "agent_trust_scores_key",
    ),
    breakage(
        "the backfill put every trust score into one workspace",
        "UPDATE agent_trust_scores SET workspace_id = (SELECT min(id::text)::uuid FROM workspaces)",
        "trust_scores_follow_their_agents",
    ),
    breakage(
        "one trust score is in the wrong workspace",
        "UPDATE agent_trust_scores SET workspace_id = '00000002-0000-4000-8000-000000000003' "
        "WHERE agent_id = '00000019-0000-4000-8000-000000000001'",
        "trust_scores_follow_their_agents",
    ),
    breakage(
        "the backfill put every recommendation into one workspace",
        "UPDATE agent_recommendations "
        "SET workspace_id = (SELECT min(id::text)::uuid FROM workspaces)",
        "backfilled_rows",
        "references_across_workspaces",
    ),
    breakage(
        "competitors has no key",
        "ALTER TABLE competitors DROP CONSTRAINT competitors_workspace_id_name_key",
        "competitors_unique",
        "conflict_count",
    ),
    breakage(
        "a competitor comes twice",
        "ALTER TABLE competitors DROP CONSTRAINT competitors_workspace_id_name_key; "
        "INSERT INTO competitors (workspace_id, cohort_id, name) "
        "SELECT workspace_id, cohort_id, name FROM competitors ORDER BY id LIMIT 1",
        "competitors_unique",
        "core_row_counts",
    ),
    breakage(
        "the key of competitors leaves some rows out",
        "ALTER TABLE competitors DROP CONSTRAINT competitors_workspace_id_name_key; "
        "CREATE UNIQUE INDEX competitors_workspace_id_name_key "
        "ON competitors (workspace_id, name) WHERE threat_level > 1",
        "competitors_unique",
    ),
    breakage(
        "the key of competitors can be deferred",
        "ALTER TABLE competitors DROP CONSTRAINT competitors_workspace_id_name_key, "
        "ADD CONSTRAINT competitors_workspace_id_name_key UNIQUE (workspace_id, name) DEFERRABLE",
        "competitors_unique",
    ),
    breakage(
        "a competitor has no workspace",
        "ALTER TABLE competitors ALTER COLUMN workspace_id DROP NOT NULL; "
        "UPDATE competitors SET workspace_id = NULL WHERE name = 'Ledgerline'",
        "competitors_unique",
        "backfilled_rows",
    ),
)

TABLES = (
    breakage(
        "an unused table is back",
        "CREATE TABLE notifications (id bigint)",
        "unused_tables_removed",
        "table_count",
        "table_names",
        "after_012_unused_tables",
        "after_012_table_count",
    ),
    breakage(
        "a view stands where an unused table was",
        "CREATE VIEW quests AS SELECT 1 AS id",
        "unused_tables_removed",
    ),
    breakage(
        "a core table is gone",
        "DROP TABLE positioning",
        "table_count",
        "table_names",
        "core_row_counts",
        "foreign_keys",
        "policies",
        "workspace_isolation",
    ),
    breakage(
        "a core table is replaced by another of a new name",
        "DROP TABLE positioning; CREATE TABLE positions (id uuid PRIMARY KEY)",
        "table_names",
        "core_row_counts",
    ),
    breakage(
        "a core table is renamed",
        "ALTER TABLE assets RENAME TO creatives",
        "table_names",
        "core_row_counts",
        "foreign_keys",
    ),
    breakage(
        "a table that is not core is exchanged for another",
        "DROP TABLE feature_flags; CREATE TABLE feature_toggles (name text PRIMARY KEY)",
        "table_names",
    ),
    breakage(
        "a view stands where a core table was",
        "ALTER TABLE assets RENAME TO assets_data; CREATE VIEW assets AS TABLE assets_data",
        "table_names",
        "foreign_keys",
        "core_columns",
    ),
    breakage(
        "a table is there that nobody designed",
        "CREATE TABLE moves_backup AS TABLE moves",
        "table_count",
        "table_names",
    ),
    breakage(
        "a core table lost a column",
        "ALTER TABLE moves DROP COLUMN due_on",
        "core_columns",
    ),
    breakage(
        "a view went with the tables it did not need",
        "DROP VIEW campaign_overview",
        "after_012_views",
        "workspace_isolation",
    ),
    breakage(
        "a view shows something else under the same names",
        "DO $$ BEGIN EXECUTE format('CREATE OR REPLACE VIEW campaign_overview "
        "WITH (security_invoker = true) AS SELECT * FROM (%s) AS v WHERE false', "
        "rtrim(pg_get_viewdef('campaign_overview'::regclass), ';')); END $$",
        "after_012_views",
    ),
)

ROWS = (
    breakage("one move is lost", f"DELETE FROM moves WHERE id = {_MOVE}", "core_row_counts"),
    breakage(
        "one trust score is lost",
        "DELETE FROM agent_trust_scores WHERE agent_id = '00000019-0000-4000-8000-000000000001'",
        "core_row_counts",
    ),
    breakage("a link table is empty", "TRUNCATE campaign_cohorts", "core_row_counts"),
    breakage(
        "a user is lost",
        "DELETE FROM auth.users WHERE id = '00000001-0000-4000-8000-000000000015'",
        "core_row_counts",
    ),
    breakage(
        "a row too many",
        "INSERT INTO cohorts (workspace_id, name) SELECT min(id::text)::uuid, 'x' FROM workspaces",
        "core_row_counts",
    ),
    breakage(
        "a move is exchanged for another",
        f"DELETE FROM moves WHERE id = {_MOVE}; "
        "INSERT INTO moves (workspace_id, title) "
        "SELECT workspace_id, 'x' FROM moves ORDER BY id LIMIT 1",
        "core_rows",
    ),
    breakage(
        "a move went to another workspace",
        "UPDATE moves SET workspace_id = '00000002-0000-4000-8000-000000000003' "
        f"WHERE id = {_MOVE}",
        "references_across_workspaces",
    ),
)

FOREIGN_KEYS = (
    breakage(
        "a foreign key is gone",
        "ALTER TABLE moves DROP CONSTRAINT moves_sprint_id_fkey",
        "foreign_keys",
    ),
    breakage(
        "a foreign key is gone, one added elsewhere keeps the count right",
        "ALTER TABLE moves DROP CONSTRAINT moves_sprint_id_fkey; "
        "ALTER TABLE audit_log ADD FOREIGN KEY (actor_id) REFERENCES auth.users",
        "foreign_keys",
    ),
    breakage(
        "a foreign key is there twice",
        "ALTER TABLE moves ADD FOREIGN KEY (sprint_id) REFERENCES sprints ON DELETE SET NULL",
        "foreign_keys",
    ),
    breakage(
        "a foreign key is not validated",
        "ALTER TABLE content_adaptations DROP CONSTRAINT content_adaptations_asset_id_fkey, "
        "ADD CONSTRAINT content_adaptations_asset_id_fkey FOREIGN KEY (asset_id) "
        "REFERENCES assets ON DELETE CASCADE NOT VALID",
        "foreign_keys",
        "not_valid_constraints",
    ),
    breakage(
        "deleting a workspace deletes its invoices",
        "ALTER TABLE billing_history DROP CONSTRAINT billing_history_workspace_id_fkey, "
        "ADD CONSTRAINT billing_history_workspace_id_fkey FOREIGN KEY (workspace_id) "
        "REFERENCES workspaces ON DELETE CASCADE",
        "foreign_keys",
    ),
    breakage(
        "a foreign key points to another table",
        "TRUNCATE personas; ALTER TABLE personas DROP CONSTRAINT personas_cohort_id_fkey, "
        "ADD CONSTRAINT personas_cohort_id_fkey FOREIGN KEY (cohort_id) "
        "REFERENCES campaigns ON DELETE CASCADE",
        "foreign_keys",
    ),
    breakage(
        "the triggers of foreign keys are switched off",
        "ALTER TABLE move_tags DISABLE TRIGGER ALL",
        "foreign_keys",
        "triggers_off",
    ),
    breakage(
        "an orphan was left while triggers were switched off",
        "ALTER TABLE sprints DISABLE TRIGGER ALL; "
        "DELETE FROM sprints WHERE id = '00000008-0000-4000-8000-000000000001'; "
        "ALTER TABLE sprints ENABLE TRIGGER ALL",
        "orphaned_records",
    ),
    breakage(
        "an orphan came in by replication",
        "SET LOCAL session_replication_role = replica; "
        "INSERT INTO billing_history (workspace_id, amount, description, charged_at) "
        "VALUES (gen_random_uuid(), 1, 'x', now())",
        "orphaned_records",
    ),
    breakage(
        "agents went and left their trust scores behind",
        "SET LOCAL session_replication_role = replica; DELETE FROM agents WHERE name = 'Agent 1'",
        "orphaned_records",
        "trust_scores_follow_their_agents",
    ),
    breakage(
        "a move points into a campaign of another workspace",
        f"UPDATE moves SET campaign_id = '00000012-0000-4000-8000-000000000012' WHERE id = {_MOVE}",
        "references_across_workspaces",
    ),
)

REMNANTS = (
    breakage(
        "an index of 011 is missing",
        "DROP INDEX agent_trust_scores_agent_id_idx",
        "indexes",
    ),
    breakage(
        "an index was left unfinished",
        "UPDATE pg_index SET indisvalid = false "
        "WHERE indexrelid = 'moves_workspace_id_status_idx'::regclass",
        "indexes",
    ),
    breakage(
        "a check constraint waits to be validated",
        "ALTER TABLE moves ADD CHECK (due_on > '2030-01-01') NOT VALID",
        "not_valid_constraints",
    ),
    breakage(
        "a trigger of ours is switched off",
        "ALTER TABLE moves DISABLE TRIGGER moves_set_updated_at",
        "triggers_off",
    ),
)

BREAKAGES = SCHEMA_CONFLICTS + TABLES + ROWS + FOREIGN_KEYS + ROW_SECURITY + REMNANTS

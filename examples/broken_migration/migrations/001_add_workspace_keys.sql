BEGIN;

-- Add the foreign key unless an earlier version of this migration has done so.
DO $$
DECLARE
    constraint_name text := 'notes_workspace_id_fkey';
BEGIN
    IF NOT EXISTS (
        SELECT 1
        FROM information_schema.table_constraints
        WHERE table_name = 'notes'
            AND constraint_name = constraint_name
    ) THEN
        ALTER TABLE notes
            ADD CONSTRAINT notes_workspace_id_fkey
            FOREIGN KEY (workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE;
    END IF;
END;
$$;

CREATE INDEX IF NOT EXISTS notes_workspace_id_idx ON notes (workspace_id);

COMMIT;

CREATE TABLE workspaces (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL
);

CREATE TABLE notes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id bigint NOT NULL,
    body text NOT NULL
);

INSERT INTO workspaces (name)
VALUES ('Harbour'), ('Quarry');

INSERT INTO notes (workspace_id, body)
VALUES (1, 'first'), (1, 'second'), (2, 'third');

CREATE TABLE accounts (
    id integer PRIMARY KEY,
    email text NOT NULL UNIQUE
);

INSERT INTO accounts (id, email)
VALUES (1, 'Ada@Example.com'), (2, 'grace@example.com');

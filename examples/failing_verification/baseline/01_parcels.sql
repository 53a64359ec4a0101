CREATE TABLE depots (
    id integer PRIMARY KEY,
    name text NOT NULL,
    post_codes int4range NOT NULL
);

CREATE TABLE parcels (
    id integer PRIMARY KEY,
    post_code integer NOT NULL
);

INSERT INTO depots (id, name, post_codes)
VALUES (1, 'North', '[20000,30000)'), (2, 'South', '[70000,90000)');

INSERT INTO parcels (id, post_code)
VALUES (1, 20095), (2, 80331), (3, 50667), (4, 24103), (5, 60311);

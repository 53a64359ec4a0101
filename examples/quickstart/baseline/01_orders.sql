-- The database as it is today, small enough to read.
CREATE TABLE customers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email text NOT NULL UNIQUE
);

CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES customers (id),
    placed_at timestamptz NOT NULL,
    shipped_at timestamptz
);

INSERT INTO customers (email)
VALUES ('ada@example.com'), ('grace@example.com');

INSERT INTO orders (customer_id, placed_at, shipped_at)
VALUES
    (1, '2024-01-02 09:00+00', '2024-01-03 12:00+00'),
    (1, '2024-01-05 10:30+00', NULL),
    (2, '2024-01-06 16:45+00', '2024-01-08 08:15+00');

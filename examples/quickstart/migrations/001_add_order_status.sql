ALTER TABLE orders ADD COLUMN IF NOT EXISTS status text;

UPDATE orders
SET status = CASE WHEN shipped_at IS NULL THEN 'open' ELSE 'shipped' END
WHERE status IS NULL;

ALTER TABLE orders ALTER COLUMN status SET NOT NULL;
ALTER TABLE orders ALTER COLUMN status SET DEFAULT 'open';

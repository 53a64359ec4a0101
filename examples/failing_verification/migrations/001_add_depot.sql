ALTER TABLE parcels ADD COLUMN IF NOT EXISTS depot_id integer REFERENCES depots (id);

CREATE INDEX IF NOT EXISTS parcels_depot_id_idx ON parcels (depot_id);

UPDATE parcels
SET depot_id = depots.id
FROM depots
WHERE parcels.depot_id IS NULL AND depots.post_codes @> parcels.post_code;

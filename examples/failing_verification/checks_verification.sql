-- Check 1: A parcel is in a depot that serves its post code
-- expect-no-rows
SELECT parcels.id, parcels.post_code, depots.name
FROM parcels
INNER JOIN depots ON depots.id = parcels.depot_id
WHERE NOT depots.post_codes @> parcels.post_code;

-- Check 2: Every parcel has a depot
-- expect-no-rows
SELECT id, post_code
FROM parcels
WHERE depot_id IS NULL;

-- What the application asks most: timed before and after, and tried while the migrations run.

-- metric: campaigns-of-a-workspace
SELECT c.id, c.name, count(cc.cohort_id) AS cohorts
FROM campaigns c
LEFT JOIN campaign_cohorts cc ON cc.campaign_id = c.id
WHERE c.workspace_id = (SELECT min(id::text)::uuid FROM workspaces)
GROUP BY c.id, c.name
ORDER BY c.name;

-- metric: moves-of-a-workspace
SELECT m.id
FROM moves m
WHERE m.workspace_id = (SELECT min(id::text)::uuid FROM workspaces)
ORDER BY m.id
LIMIT 50;

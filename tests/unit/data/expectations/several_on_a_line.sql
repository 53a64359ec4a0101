set role anon; select count(*) from change_requests; reset role;  -- expect: 0
select 1; select count(*) from b; -- expect 2
select count(*) from residue; -- expect 0

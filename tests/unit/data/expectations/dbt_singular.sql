-- Every view has been seen at least never.
-- Must return 0 rows to pass.
select message_id, view_count from fct_messages where view_count < 0;

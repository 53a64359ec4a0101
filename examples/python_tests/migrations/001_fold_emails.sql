UPDATE accounts SET email = lower(email) WHERE email <> lower(email);

DO $$
BEGIN
    ALTER TABLE accounts ADD CONSTRAINT accounts_email_folded CHECK (email = lower(email));
EXCEPTION
    WHEN duplicate_object THEN NULL;
END;
$$;

package kubernetes

import "strings"

// database is what a creator's role runs once in the control database. The silo's
// role sees the catalogue through views of its own tenant alone: they stand first
// on its search path, and it may read no table behind them.
func (s *Silo) database() []byte {
	return []byte(strings.ReplaceAll(siloSQL, "TENANT", s.Tenant))
}

const siloSQL = `-- Rendered by make render: the role of silo tenant TENANT in the control database.
-- Run it there as dcoder_creator, once the tenant is made; then give the role a password (ALTER ROLE s_TENANT LOGIN PASSWORD ...) and
-- let DCODER_CONTROL_DSN of the silo's functions name both. It may be run again.
BEGIN;
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 's_TENANT') THEN
    CREATE ROLE s_TENANT NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT CONNECTION LIMIT 200;
  END IF;
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO s_TENANT', current_database());
  EXECUTE format('ALTER ROLE s_TENANT IN DATABASE %I SET search_path = s_TENANT', current_database());
END $$;
CREATE SCHEMA IF NOT EXISTS s_TENANT;
GRANT USAGE ON SCHEMA s_TENANT TO s_TENANT;

CREATE OR REPLACE VIEW s_TENANT.tenants WITH (security_barrier) AS SELECT * FROM public.tenants WHERE id = 'TENANT';
CREATE OR REPLACE VIEW s_TENANT.clusters WITH (security_barrier) AS
  SELECT * FROM public.clusters WHERE id = (SELECT cluster FROM public.tenants WHERE id = 'TENANT');
CREATE OR REPLACE VIEW s_TENANT.data_keys WITH (security_barrier) AS SELECT * FROM public.data_keys WHERE tenant = 'TENANT';
CREATE OR REPLACE VIEW s_TENANT.platform_limits WITH (security_barrier) AS SELECT * FROM public.platform_limits;
-- What belongs to the platform itself is empty here.
CREATE OR REPLACE VIEW s_TENANT.keys WITH (security_barrier) AS SELECT * FROM public.keys WHERE false;
CREATE OR REPLACE VIEW s_TENANT.outbox WITH (security_barrier) AS SELECT * FROM public.outbox WHERE false;
CREATE OR REPLACE VIEW s_TENANT.idempotency WITH (security_barrier) AS SELECT * FROM public.idempotency WHERE false;
GRANT SELECT ON ALL TABLES IN SCHEMA s_TENANT TO s_TENANT;
GRANT DELETE ON s_TENANT.outbox, s_TENANT.idempotency TO s_TENANT;
COMMIT;
`

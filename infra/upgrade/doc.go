// Package upgrade holds what an upgrade without downtime rests on: processes of an
// earlier version and of today's share Redis, Postgres, NATS and the journal's
// folder, and nobody notices. make upgrade-test runs it; it builds an earlier
// version and is no part of make test.
package upgrade

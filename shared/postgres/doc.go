// Package postgres keeps what must not be lost: the control database, a database
// of its own for every tenant, and the stores on them.
//
// Databases opens connections when they are needed, few of them, and lends each
// for one transaction. The stores (keys, providers, aliases, limits, tenants)
// write a change, its audit record, its event and its idempotency record in one
// transaction and announce it, so that a store's method is the only way to
// change something. Reads for the hot path leave as snapshots.
//
// Creating and migrating databases is in the packages provision and migrate,
// which run under another role and link what functions do not need.
package postgres

// Package temporal connects the platform with Temporal: a client that dials when
// it is first used, a worker with the platform's settings, and the starter of a
// tenant's onboarding.
//
// What a workflow does stands in workflows/<name>, not here.
package temporal

// Package stories tells what users of the platform do, as tests against the
// program that make dev starts, with the official SDKs of the providers: nothing
// of the platform is called but its routes.
package stories

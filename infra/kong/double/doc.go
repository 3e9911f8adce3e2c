// Package double stands where Kong would where Kong cannot run: in make dev and
// in tests. It loads the very file that Kong loads, refuses every plugin and
// field that it does not implement, chooses routes by Kong's precedence and runs
// plugins in Kong's priority order. Its admin API has what this project uses:
// status, a configuration by POST, consumers and metrics.
//
// It is made for fidelity in what the rendered configuration says, not for
// production: no database, no TLS of its own, no cluster. The suite in package
// blackbox holds it and the real Kong to the same answers.
package double

// Package guardtest is the labelled set on which package guard is measured:
// sentences, logs, code and settings with made-up secrets and numbers of people,
// attempts to talk a model out of its instructions, and what looks like them and
// is none.
//
// Lines hold {names} in place of values, which a seeded generator writes, so that
// nothing in the repository looks like somebody's key. Half of the lines are
// frozen: they were written before the detectors, and their hash is tested. The
// generator knows the providers' and registers' own rules and shares no code with
// the detectors.
package guardtest

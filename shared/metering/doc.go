// Package metering says what it means to have used something: which records can
// be taken, to which periods they belong, when a budget counts as reached, and
// what can be asked about it all. It is pure; package postgres stores it and
// function usage answers for it.
//
// It does not count for admission: the ledger (package llm) does, and is the truth
// while a call runs. What stands here is what is remembered.
package metering

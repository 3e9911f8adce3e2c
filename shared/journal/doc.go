// Package journal remembers on this machine how far running calls have come, so
// that after a kill -9 the successor of a process settles each of its calls
// with exactly the tokens that it had received. It implements llm.Journal.
//
// Each process keeps one file of fixed slots, mapped into memory and locked for
// as long as it lives; the kernel gives the lock back at its death, and the
// pages belong to the kernel, so that what was stored survives the process (not
// the machine: then the ledger's sweeper decides by the last heartbeat). A
// second kind of file takes usage records that could be delivered nowhere.
//
// It is no log, no queue and no store: whoever has Redis does not read it.
// Without a directory that can be written to it does nothing, and says so once.
package journal

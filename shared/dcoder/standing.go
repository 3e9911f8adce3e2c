package dcoder

import "time"

// Standing is how far the use of a limit has come.
type Standing struct {
	Used     int64     // settled
	Reserved int64     // held by running calls
	Reset    time.Time // when the period ends, or room may come back
	Known    bool      // false: the ledger has not counted here yet
}

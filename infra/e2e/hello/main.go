// Command hello answers every request with 200 and nothing else: the least that a cold start can be compared with.
package main

import (
	"net/http"
	"os"
	"time"
)

func main() {
	s := &http.Server{
		Addr: ":" + os.Getenv("PORT"), ReadHeaderTimeout: 10 * time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }),
	}
	if s.ListenAndServe() != nil {
		os.Exit(1)
	}
}

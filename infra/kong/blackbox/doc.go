// Package blackbox asks a gateway from outside, and holds it to what the rendered
// configuration promises: cases where an ordinary reverse proxy fails. It runs
// against the double, or against a real Kong without a database:
//
//	DCODER_KONG_PROXY=http://127.0.0.1:8000 DCODER_KONG_ADMIN=http://127.0.0.1:8001 go test ./infra/kong/blackbox
//
// The tests replace the configuration of the Kong that they are given. It must
// reach the tests' own listeners at DCODER_KONG_UPSTREAM (an address of this
// machine, 127.0.0.1 unless said).
package blackbox

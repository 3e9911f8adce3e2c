// Package vendortest drives the simulator with the vendors' own clients, which
// are the judges of what an answer must look like. It holds tests only, apart
// from package llmsim so that its other tests build without those clients.
package vendortest

// Package semantic keeps in Redis what a semantic cache needs: the entries of
// partitions with their vectors, the answers, embeddings, and the evidence that
// policies are folded from. What may be served is decided by package semcache.
//
// There are two stores of entries under one suite of tests. Flat keeps a partition
// as a stream of sealed blobs, decoded once by each process and scanned there; it
// needs nothing but plain Redis. Sets uses the server's vector sets and is for
// partitions that outgrow a scan. Mixed begins with the one and goes on with the
// other where the server has it.
//
// Every key begins with the hash tag {tenant}. All values are sealed for the
// tenant; a vector set holds the vectors themselves in the clear, quantised, since
// the server could not compare them otherwise.
package semantic

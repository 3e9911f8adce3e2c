// Package conformance replays recorded traffic of the real providers against the
// gateway's dialects and prints, by provider and feature, how much of it holds:
//
//	make conformance
//
// Each recorded interaction is played by the dialect that deployables link, with
// the recording in the provider's place: once in each protocol in which a client
// can say the request; calls that follow others in a conversation are said with
// what the client heard, as a client that keeps only what its protocol defines.
// The request that leaves must equal the recorded one; the recorded answer, whole
// or streamed, must come out valid in the client's protocol and say the same, with
// the usage that the provider reported. An interaction passes when all its plays
// are good. The other way round, each field of each request is changed once: some
// play must see it.
//
// There is nothing here but that test.
package conformance

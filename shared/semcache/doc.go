// Package semcache is what a semantic cache decides with: whether the answer to
// one question may be given to another. It is pure: no I/O, no clock, no model;
// vectors come from whoever embeds, entries from whoever stores them.
//
// A request passes these steps, and any of them may say miss:
//
//	Refusal      what is never looked up or stored (tools, heat, "my order", "today")
//	Partition    all but the last user message must be equal, exactly
//	Index        the nearest entries of the partition, by cosine
//	Compare      lexical findings: numbers, names, negation, roles, words without counterpart
//	Policy       serves while what was verified bounds its error under the tenant's delta
//	Verify       compares a fresh answer with the cached one; what Policy learns from
//
// It is not the exact cache, which needs none of this, and it holds no threshold
// on a cosine: no such threshold is safe.
package semcache

// Package canonical is the one form in which a call can be held whatever
// protocol it was written in: what a client asks, what a model answers, and the
// events of a streamed answer. Every protocol translates to it and from it, so
// that n protocols need n pairs of translations and not n times n.
//
// It keeps everything that any of the protocols can say. What only one of them
// can say stands raw in an Extra, which that protocol alone writes out again:
// reading a request and writing it in the same protocol loses nothing. It does no
// I/O and knows no model; what a model cannot do is an Ability, handed in by the
// dialect that sends the call.
package canonical

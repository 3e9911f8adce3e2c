// Package dcoder is the dictionary of the platform: the nouns, the small
// interfaces, the event types and the errors that every other package speaks.
//
// It imports the standard library only and does no I/O. What a thing is stands
// here; how it is stored, sent or decided stands in the packages above.
package dcoder

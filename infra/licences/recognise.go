package main

import (
	"slices"
	"strings"
)

const unknown = "UNKNOWN"

// allowed are the licences under which a module may be linked.
var allowed = []string{"Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MPL-2.0", "0BSD", "Unlicense", "CC0-1.0"}

// exceptions are modules that are linked although nothing permits it in writing,
// each with why. Take one out as soon as its authors have answered.
var exceptions = map[string]string{
	"github.com/nexus-rpc/nexus-proto-annotations": "v0.1.0 comes without a licence file; Temporal's own API module (MIT) requires it, and so does every Temporal client",
}

// phrases tell licences apart; the first that fits wins, so those that must not be
// linked stand first. Words are compared without their white space and case.
var phrases = []struct {
	name string
	all  []string
}{
	{"AGPL", []string{"gnu affero general public license"}},
	{"SSPL", []string{"server side public license"}},
	{"BUSL", []string{"business source license"}},
	{"Elastic", []string{"elastic license"}},
	{"Commons-Clause", []string{"commons clause"}},
	{"LGPL", []string{"gnu lesser general public license", "version"}},
	{"GPL", []string{"gnu general public license", "version"}},
	{"MPL-2.0", []string{"mozilla public license", "2.0"}},
	{"Apache-2.0", []string{"apache license", "version 2.0"}},
	{"BSD-3-Clause", []string{"redistribution and use in source and binary forms", "endorse or promote products"}},
	{"BSD-2-Clause", []string{"redistribution and use in source and binary forms"}},
	{"0BSD", []string{"permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted. the software is provided"}},
	{"ISC", []string{"permission to use, copy, modify, and", "distribute this software for any purpose with or without fee is hereby granted"}},
	{"MIT", []string{"permission is hereby granted, free of charge, to any person obtaining a copy"}},
	{"Unlicense", []string{"free and unencumbered software released into the public domain"}},
	{"CC0-1.0", []string{"cc0 1.0 universal"}},
}

// recognise names the licence of a text. The MPL's own text names the GPL family as
// secondary licences, so its title decides.
func recognise(text string) string {
	flat := strings.ToLower(strings.Join(strings.Fields(text), " "))
	head := flat[:min(len(flat), 400)]
	if strings.Contains(head, "mozilla public license") && strings.Contains(head, "2.0") {
		return "MPL-2.0"
	}
	for _, p := range phrases {
		if !slices.ContainsFunc(p.all, func(s string) bool { return !strings.Contains(flat, s) }) {
			return p.name
		}
	}
	return unknown
}

// mayLink reports whether every part of a licence is allowed.
func mayLink(licence string) bool {
	return !slices.ContainsFunc(strings.Split(licence, " AND "), func(one string) bool { return !slices.Contains(allowed, one) })
}

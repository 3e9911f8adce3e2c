package genai

import (
	"fmt"
	"strings"
)

// Match says which names mean a model: exactly one of its fields is set.
type Match struct {
	Or         []Match `json:"or"`
	Equals     string  `json:"equals"`
	StartsWith string  `json:"starts_with"`
	EndsWith   string  `json:"ends_with"`
	Contains   string  `json:"contains"`
	Regex      string  `json:"regex"`
}

// Globs returns the rule as patterns: # is any digit, * at the beginning or the
// end is anything. It fails on what they cannot say.
func (m Match) Globs() ([]string, error) {
	var out []string
	for _, o := range m.Or {
		g, err := o.Globs()
		if err != nil {
			return nil, err
		}
		out = append(out, g...)
	}
	switch {
	case len(m.Or) > 0:
		return out, nil
	case m.Equals != "":
		return []string{m.Equals}, nil
	case m.StartsWith != "":
		return []string{m.StartsWith + "*"}, nil
	case m.EndsWith != "":
		return []string{"*" + m.EndsWith}, nil
	case m.Contains != "":
		return []string{"*" + m.Contains + "*"}, nil
	case m.Regex != "":
		g, err := globOf(m.Regex)
		return []string{g}, err
	}
	return nil, fmt.Errorf("a rule of an unknown kind")
}

// Takes reports whether a name is what the rule says; expressions take none.
func (m Match) Takes(name string) bool {
	for _, o := range m.Or {
		if o.Takes(name) {
			return true
		}
	}
	return m.Equals != "" && name == m.Equals ||
		m.StartsWith != "" && strings.HasPrefix(name, m.StartsWith) ||
		m.EndsWith != "" && strings.HasSuffix(name, m.EndsWith) ||
		m.Contains != "" && strings.Contains(name, m.Contains)
}

// globOf turns the expressions of the data (an anchored beginning, points,
// digits, an anchored end) into a pattern.
func globOf(expression string) (string, error) {
	rest, anchored := strings.CutPrefix(expression, "^")
	body, ends := strings.CutSuffix(rest, "$")
	g := strings.NewReplacer(`\d{4}`, "####", `\d{2}`, "##", `\d`, "#", `\.`, ".").Replace(body)
	if !anchored || strings.ContainsAny(g, `\^$*+?()[]{}|`) {
		return "", fmt.Errorf("the expression %s is no pattern", expression)
	}
	if !ends {
		g += "*"
	}
	return g, nil
}

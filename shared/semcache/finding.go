package semcache

import "strings"

// Findings are reasons why the answer to one text may be wrong for another.
type Findings uint32

// What Compare can find. The first ones, up to Apart, are never overruled: traffic
// that has not shown such a pair yet says nothing about the next one. The others
// may be, by evidence; see Policy.
const (
	Number   Findings = 1 << iota // a quantity, a date or a version stands on one side only
	Name                          // a name or an identifier stands on one side only
	Opposite                      // enable and disable, before and after
	Role                          // who does it to whom, from where to where
	Gender                        // he and she
	Negation                      // one side is denied
	Long                          // too long to compare
	Apart                         // hardly a word in common, whatever the embedding says
	Meaning                       // a word of meaning has no counterpart
	Tense                         // did and do
	Modality                      // can and should
	Asks                          // when and where
	Degree                        // more and most
	Choice                        // "or" and "and"
	Order                         // words changed places
)

// Hard are the findings that no evidence overrules.
const Hard = Number | Name | Opposite | Role | Gender | Negation | Long | Apart

var findingNames = [...]string{
	"number", "name", "opposite", "role", "gender", "negation", "long", "apart", "meaning", "tense", "modality", "asks", "degree", "choice", "order",
}

// String lists the findings, separated by commas.
func (f Findings) String() string {
	var names []string
	for i, name := range findingNames {
		if f&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ",")
}

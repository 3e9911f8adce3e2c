package extract

import "strings"

// grammar holds the stems of words that say how things stand, not what they are.
var grammar = func() map[string]bool {
	all := map[string]bool{}
	for word := range strings.FieldsSeq(grammarWords) {
		all[string(stem([]byte(word)))] = true
	}
	return all
}()

const grammarWords = `a an the this that these those of in on at by for with from to into onto over under about as than then so
and or but nor if because while though although until unless since between among during before after above below up down out off
is are was were be been being am do does did done doing have has had having will would shall should can could may might must
i you he she it we they me him her us them my your his its our their mine yours ours theirs myself itself themselves
who whom whose which what when where why how there here not no yes any some all each every both few more most other another such
only own same too very just also again further once s t d ll ve re m don didn doesn isn wasn weren won couldn shouldn wouldn
get got go goes went come came take took made make name called many much please tell give find say said does did use used
discussed discussion discuss summarize summarise summary think thought opinion explain describe`

package responsestest

import (
	"errors"
	"fmt"
)

// open begins a part: the next one, while none is open.
func open(pieces *[]*piece, index *int, p *part, fits bool) error {
	n := len(*pieces)
	switch {
	case !fits:
		return errors.New("the item has no such parts")
	case index == nil || *index != n:
		return fmt.Errorf("the part's index must be %d", n)
	case n > 0 && !(*pieces)[n-1].done:
		return errors.New("the part before is open")
	case p == nil || p.Type == "" || p.Text+p.Refusal != "":
		return errors.New("a part begins with its type and empty")
	}
	*pieces = append(*pieces, &piece{kind: p.Type})
	return nil
}

func at(pieces []*piece, index *int) (*piece, error) {
	if index == nil || *index < 0 || *index >= len(pieces) {
		return nil, errors.New("no such part has begun")
	}
	p := pieces[*index]
	if p.done {
		return nil, errors.New("the part was done")
	}
	return p, nil
}

func grow(pieces []*piece, index *int, delta *string, kind string) error {
	p, err := at(pieces, index)
	switch {
	case err != nil:
		return err
	case delta == nil:
		return errors.New("it has no delta")
	case p.textDone:
		return errors.New("the text was done")
	case p.kind != kind:
		return fmt.Errorf("the part is of type %s", p.kind)
	}
	p.text += *delta
	return nil
}

// whole takes the text of a part, which must be that of the deltas.
func whole(pieces []*piece, index *int, text string) error {
	p, err := at(pieces, index)
	if err != nil {
		return err
	}
	if p.textDone || text != p.text {
		return fmt.Errorf("the text is %q and not %q", text, p.text)
	}
	p.textDone = true
	return nil
}

// shut ends a part.
func shut(pieces []*piece, index *int, given *part) error {
	p, err := at(pieces, index)
	if err != nil {
		return err
	}
	if !p.textDone || given == nil || given.Type != p.kind || given.Text+given.Refusal != p.text {
		return errors.New("the part is not the one that was streamed")
	}
	p.done = true
	return nil
}

// compare holds the parts of a whole item against those that were streamed, and
// returns their text.
func compare(pieces []*piece, given []part) (text string, err error) {
	if len(pieces) != len(given) {
		return "", fmt.Errorf("the item has %d parts, %d were streamed", len(given), len(pieces))
	}
	for i, p := range pieces {
		if !p.done || given[i].Text+given[i].Refusal != p.text || given[i].Type != p.kind {
			return "", fmt.Errorf("part %d is not the one that was streamed", i)
		}
		text += p.text
	}
	return text, nil
}

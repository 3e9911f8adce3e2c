package responses

import (
	"encoding/json"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// outItem is an item of an answer as it is read.
type outItem struct {
	ID        string `json:"id"`
	Type      string `json:"type"`
	Content   []outPart
	Summary   []outPart
	CallID    string `json:"call_id"`
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
	Input     string `json:"input"`
}

type outPart struct {
	Type        string          `json:"type"`
	Text        string          `json:"text"`
	Refusal     string          `json:"refusal"`
	Annotations json.RawMessage `json:"annotations"`
}

// readOutItem reads an item; of one that only this protocol knows, its type.
func readOutItem(raw json.RawMessage) (it outItem, err error) {
	var kind struct{ Type string }
	if err := json.Unmarshal(raw, &kind); err != nil {
		return it, err
	}
	switch kind.Type {
	case itemMessage, itemReasoning, itemCall, itemCustom:
		err = json.Unmarshal(raw, &it)
		return it, err
	}
	it.Type = kind.Type
	return it, nil
}

// call is the call that the item is, without arguments; nil for another item.
func (it *outItem) call() *canonical.Call {
	if it.Type != itemCall && it.Type != itemCustom {
		return nil
	}
	return &canonical.Call{ID: it.CallID, Name: it.Name, ItemID: it.ID, Custom: it.Type == itemCustom}
}

// arguments are the call's as JSON text.
func (it *outItem) arguments() string {
	if it.Type != itemCustom {
		return it.Arguments
	}
	raw, _ := json.Marshal(it.Input) // a text always encodes
	return string(raw)
}

// blocks are what an item says; raw is all of it.
func (it *outItem) blocks(raw json.RawMessage) (blocks []canonical.Block) {
	switch c := it.call(); {
	case c != nil:
		c.Arguments = json.RawMessage(it.arguments())
		return []canonical.Block{{Kind: canonical.ToolUse, Call: c}}
	case it.Type == itemMessage:
		for i := range it.Content {
			blocks = append(blocks, it.Content[i].block())
		}
		return blocks
	case it.Type == itemReasoning:
		for i := range it.Summary {
			blocks = append(blocks, canonical.Block{Kind: canonical.Thinking, Text: it.Summary[i].Text, Summary: true})
		}
		for i := range it.Content {
			blocks = append(blocks, canonical.Block{Kind: canonical.Thinking, Text: it.Content[i].Text})
		}
	}
	if len(blocks) == 0 {
		blocks = append(blocks, opaqueBlock(raw))
	}
	return blocks
}

func opaqueBlock(raw json.RawMessage) canonical.Block {
	var x canonical.Extra
	_ = json.Unmarshal(raw, &x) // it was just decoded
	return canonical.Block{Kind: canonical.Opaque, Extra: x}
}

func (p *outPart) block() canonical.Block {
	if p.Type == partRefusal {
		return canonical.Block{Kind: canonical.Refusal, Text: p.Refusal}
	}
	b := canonical.Block{Kind: canonical.Text, Text: p.Text}
	if len(p.Annotations) > len("[]") {
		b.Extra = canonical.Extra{"annotations": p.Annotations}
	}
	return b
}

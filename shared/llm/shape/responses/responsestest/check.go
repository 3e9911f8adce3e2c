package responsestest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"

	"github.com/d-coder-ai/dcoder/shared/sse"
)

// event is one event with the fields that the rules look at.
type event struct {
	Type     string          `json:"type"`
	Seq      *int64          `json:"sequence_number"`
	Output   *int            `json:"output_index"`
	Content  *int            `json:"content_index"`
	Summary  *int            `json:"summary_index"`
	ItemID   string          `json:"item_id"`
	Delta    *string         `json:"delta"`
	Text     string          `json:"text"`
	Refusal  string          `json:"refusal"`
	Args     string          `json:"arguments"`
	Input    string          `json:"input"`
	Message  string          `json:"message"`
	Part     *part           `json:"part"`
	Item     json.RawMessage `json:"item"`
	Response *response       `json:"response"`
	Error    *struct {
		Message string `json:"message"`
	} `json:"error"`
}

type part struct {
	Type    string `json:"type"`
	Text    string `json:"text"`
	Refusal string `json:"refusal"`
}

type response struct {
	ID     string            `json:"id"`
	Object string            `json:"object"`
	Model  string            `json:"model"`
	Status string            `json:"status"`
	Output []json.RawMessage `json:"output"`
	Error  *struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
	Incomplete *struct {
		Reason string `json:"reason"`
	} `json:"incomplete_details"`
	Usage *struct {
		Input  int64 `json:"input_tokens"`
		Output int64 `json:"output_tokens"`
		Total  int64 `json:"total_tokens"`
		In     *struct {
			Cached *int64 `json:"cached_tokens"`
		} `json:"input_tokens_details"`
		Out *struct {
			Reasoning *int64 `json:"reasoning_tokens"`
		} `json:"output_tokens_details"`
	} `json:"usage"`
}

// Check reads a stream to its end and says what it held, or which rule it breaks.
func Check(raw []byte) (*Seen, error) {
	c := checker{seq: -1}
	var in sse.Reader
	in.Reset(bytes.NewReader(raw), 64<<20)
	for n := 0; ; n++ {
		e, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("event %d: %w", n, err)
		}
		if !e.HasData {
			continue
		}
		if err := c.frame(e); err != nil {
			return nil, fmt.Errorf("event %d, %s: %w", n, e.Name, err)
		}
	}
	if !c.over {
		return nil, errors.New("the stream stops without a terminal event")
	}
	return &c.seen, nil
}

// checker is the state of a stream.
type checker struct {
	seq   int64
	stage int // events of the head that came
	over  bool
	items []*item
	seen  Seen
}

func (c *checker) frame(in sse.Event) error {
	var e event
	if err := json.Unmarshal(in.Data, &e); err != nil {
		return fmt.Errorf("data: %w", err)
	}
	switch {
	case c.over:
		return errors.New("it comes after the terminal event")
	case string(in.Name) != e.Type:
		return fmt.Errorf("its type is %q", e.Type)
	case e.Type == "error":
		return c.err(&e)
	case e.Seq == nil || *e.Seq <= c.seq:
		return fmt.Errorf("sequence_number does not grow beyond %d", c.seq)
	}
	c.seq = *e.Seq
	if c.stage < 2 {
		return c.head(&e)
	}
	return c.body(&e)
}

func (c *checker) err(e *event) error {
	c.over = true
	c.seen.Error = e.Message
	if e.Error != nil {
		c.seen.Error = e.Error.Message
	}
	if c.seen.Error == "" {
		return errors.New("it has no message")
	}
	return nil
}

// head wants response.created, then response.in_progress (or queued).
func (c *checker) head(e *event) error {
	want := [...]string{"response.created", "response.in_progress"}[c.stage]
	if e.Type != want || e.Response == nil {
		return fmt.Errorf("%s was expected", want)
	}
	r := e.Response
	if r.ID == "" || r.Object != "response" || r.Status != "in_progress" || len(r.Output) > 0 {
		return errors.New("the response must have an id, be in_progress, and have no output")
	}
	if c.stage == 1 && r.ID != c.seen.ID {
		return errors.New("the id changed")
	}
	c.seen.ID = r.ID
	c.stage++
	return nil
}

func (c *checker) body(e *event) error {
	switch e.Type {
	case "response.output_item.added":
		return c.added(e)
	case "response.completed", "response.incomplete", "response.failed":
		return c.end(e)
	case "response.created", "response.in_progress":
		return errors.New("it came before")
	}
	if e.Output == nil || *e.Output < 0 || *e.Output >= len(c.items) {
		return errors.New("output_index names no item")
	}
	it := c.items[*e.Output]
	if it.done {
		return errors.New("the item was done")
	}
	if e.Type == "response.output_item.done" {
		return c.itemDone(it, e)
	}
	if e.ItemID != it.id {
		return fmt.Errorf("item_id is %q and not %q", e.ItemID, it.id)
	}
	return it.event(e)
}

func (c *checker) added(e *event) error {
	if e.Output == nil || *e.Output != len(c.items) {
		return fmt.Errorf("output_index must be %d", len(c.items))
	}
	it, err := newItem(e.Item)
	if err != nil {
		return err
	}
	for _, other := range c.items {
		if other.id == it.id {
			return errors.New("the item's id came before")
		}
	}
	c.items = append(c.items, it)
	return nil
}

func (c *checker) itemDone(it *item, e *event) error {
	if err := it.finish(e.Item); err != nil {
		return err
	}
	c.seen.Text += it.said
	c.seen.Reasoning += it.thought
	if it.call != nil {
		c.seen.Calls = append(c.seen.Calls, *it.call)
	}
	return nil
}

// end wants everything done, and a response that repeats it.
func (c *checker) end(e *event) error {
	r := e.Response
	if r == nil || "response."+r.Status != e.Type || r.ID != c.seen.ID {
		return errors.New("the response has another status or id")
	}
	c.over, c.seen.Status = true, r.Status
	if r.Status == "failed" {
		if r.Error == nil || r.Error.Message == "" || r.Error.Code == "" {
			return errors.New("a failed response must say its error")
		}
		c.seen.Error = r.Error.Message
		return nil
	}
	if len(r.Output) != len(c.items) {
		return fmt.Errorf("output has %d items, the stream had %d", len(r.Output), len(c.items))
	}
	for i, it := range c.items {
		if !it.done || !same(it.raw, r.Output[i]) {
			return fmt.Errorf("output[%d] is not the item that was streamed", i)
		}
	}
	if (r.Status == "incomplete") != (r.Incomplete != nil && r.Incomplete.Reason != "") {
		return errors.New("incomplete_details go with an incomplete response")
	}
	return c.used(r)
}

func (c *checker) used(r *response) error {
	u := r.Usage
	if u == nil || u.In == nil || u.In.Cached == nil || u.Out == nil || u.Out.Reasoning == nil || u.Total != u.Input+u.Output {
		return errors.New("usage must be whole, and its total the sum")
	}
	c.seen.Input, c.seen.Output = u.Input, u.Output
	return nil
}

// same compares items; what is encrypted in one is encrypted anew each time that
// the provider shows it.
func same(a, b json.RawMessage) bool {
	var x, y map[string]any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return false
	}
	delete(x, "encrypted_content")
	delete(y, "encrypted_content")
	return reflect.DeepEqual(x, y)
}

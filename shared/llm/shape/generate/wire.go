package generate

import (
	"encoding/json"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// content is one turn: a role and its parts.
type content struct {
	Role  *string           `json:"role"`
	Parts []json.RawMessage `json:"parts"`
}

// part is a piece of content; one of its fields is set, and thoughtSignature may
// stand beside any of them.
type part struct {
	Text             *string           `json:"text"`
	Thought          bool              `json:"thought"`
	ThoughtSignature string            `json:"thoughtSignature"`
	InlineData       *blob             `json:"inlineData"`
	FileData         *file             `json:"fileData"`
	FunctionCall     *functionCall     `json:"functionCall"`
	FunctionResponse *functionResponse `json:"functionResponse"`
}

var partNames = []string{"text", "thought", "thoughtSignature", "inlineData", "fileData", "functionCall", "functionResponse"}

type blob struct {
	MIMEType    string `json:"mimeType"`
	Data        string `json:"data"`
	DisplayName string `json:"displayName"`
}

type file struct {
	MIMEType    string `json:"mimeType"`
	URI         string `json:"fileUri"`
	DisplayName string `json:"displayName"`
}

type functionCall struct {
	ID   string          `json:"id"`
	Name string          `json:"name"`
	Args json.RawMessage `json:"args"`
}

type functionResponse struct {
	ID       string          `json:"id"`
	Name     string          `json:"name"`
	Response json.RawMessage `json:"response"`
}

// decode reads raw into v; field is named to the client when it does not fit.
func decode(raw []byte, v any, field string) error {
	if err := json.Unmarshal(raw, v); err != nil {
		return dcoder.Invalid(field, "%s is not what generateContent takes there", field)
	}
	return nil
}

// rest returns the members of the object raw that are not known by name; nil
// when there are none.
func rest(raw []byte, known ...string) canonical.Extra {
	var all canonical.Extra
	if json.Unmarshal(raw, &all) != nil {
		return nil
	}
	for _, name := range known {
		delete(all, name)
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

// keep puts what is left of a member's object under the member's name.
func keep(into canonical.Extra, name string, left canonical.Extra) canonical.Extra {
	if left == nil {
		return into
	}
	if into == nil {
		into = canonical.Extra{}
	}
	raw, _ := json.Marshal(left) // decoded from JSON
	into[name] = raw
	return into
}

// kept returns what keep put there.
func kept(from canonical.Extra, name string) canonical.Extra {
	var left canonical.Extra
	_ = json.Unmarshal(from[name], &left) // our own
	return left
}

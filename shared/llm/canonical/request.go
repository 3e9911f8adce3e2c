package canonical

import "encoding/json"

// Shape names a protocol.
type Shape string

// The protocols.
const (
	Chat      Shape = "chat"      // OpenAI's chat completions, Groq's too
	Responses Shape = "responses" // OpenAI's Responses
	Messages  Shape = "messages"  // Anthropic's messages
	Generate  Shape = "generate"  // Google's generateContent
)

// Extra holds fields, raw, that only the protocol of Origin knows. A writer of
// another protocol leaves them out; whether that needs telling is its decision.
type Extra map[string]json.RawMessage

// Request is what a client asks of a model. A nil pointer, an empty string or an
// empty list was not said.
type Request struct {
	Origin Shape
	Model  string
	Stream bool

	System      []Block // instructions that stand beside the messages
	SystemPlain bool    // they were one bare string
	Messages    []Message
	InputPlain  bool // Responses: Messages were one bare string

	Tools         []Tool
	Choice        *Choice
	ParallelTools *bool // false: at most one call at a time

	MaxTokens        *int64
	Temperature      *float64
	TopP             *float64
	TopK             *int64
	Stop             []string
	StopPlain        bool   // Stop was one bare string
	Count            *int64 // answers asked for ("n")
	Seed             *int64
	FrequencyPenalty *float64
	PresencePenalty  *float64
	LogitBias        json.RawMessage
	LogProbs         *bool
	TopLogProbs      *int64

	Format    *Format
	Reasoning *Reasoning

	User          string // the end user, for the provider's abuse detection
	Metadata      json.RawMessage
	ServiceTier   string
	UsageInStream *bool // stream_options.include_usage

	Store    *bool  // Responses: keep the answer for a later call
	Previous string // Responses: the answer that this call continues

	// InputEstimate is the gateway's estimate of the input, tokens, for streams
	// whose protocol tells the input before the provider has.
	InputEstimate int64

	Extra Extra
}

// Role says who speaks.
type Role string

// The roles.
const (
	System    Role = "system"
	Developer Role = "developer"
	User      Role = "user"
	Assistant Role = "assistant"
	ToolRole  Role = "tool" // results of tools, where the protocol has a role for them
)

// Message is one turn, or a part of one: protocols that cut turns into items
// (Responses) or results into messages of their own (chat) are kept as they were
// cut. Turns joins them.
type Message struct {
	Role   Role
	Name   string
	Blocks []Block
	Plain  bool   // the content was one bare string
	ID     string // of the item, where items have ids
	Extra  Extra
}

// Kind says what a block is.
type Kind string

// The kinds of blocks.
const (
	Text       Kind = "text"
	Image      Kind = "image"
	Document   Kind = "document"
	Audio      Kind = "audio"
	ToolUse    Kind = "tool_use"
	ToolResult Kind = "tool_result"
	Thinking   Kind = "thinking" // reasoning: Text, and the Signature that proves it
	Redacted   Kind = "redacted" // reasoning that only its provider can read: Signature
	Refusal    Kind = "refusal"  // Text says why the model does not answer
	Opaque     Kind = "opaque"   // a block that only Origin knows: Extra holds all of it
)

// Block is a piece of content.
type Block struct {
	Kind   Kind
	Text   string  // Text, Thinking, Refusal
	Media  *Media  // Image, Document, Audio
	Call   *Call   // ToolUse
	Result *Result // ToolResult

	// Signature is what a provider must get back unchanged with this block on the
	// next turn: Anthropic's thinking signature or redacted data, Gemini's thought
	// signature (on any block), OpenAI's encrypted reasoning.
	Signature string

	Cache   *CacheControl // a prompt-cache breakpoint behind this block
	Summary bool          // Thinking: a summary of the reasoning, not the reasoning
	Extra   Extra
}

// Media is a picture, a document or a sound. Exactly one of Data, URL, FileID
// and Text is set.
type Media struct {
	Type   string // media type, "" when not said
	Data   string // base64, standard alphabet
	URL    string // http(s) or gs
	FileID string // of the provider's own file store
	Text   string // a document given as plain text
	Name   string // file name or title
	Detail string // "low", "high", "auto"; "" when not said
	Format string // of a sound: "wav", "mp3"
}

// Call is a tool that the model wants used.
type Call struct {
	ID        string
	Name      string
	Arguments json.RawMessage // a JSON object; empty: none
	ItemID    string          // Responses: id of the item, besides the call's
	Custom    bool            // a free-form tool: Arguments is a JSON string
}

// Result is what a tool gave.
type Result struct {
	ID     string // of the call
	Name   string // of the tool, where the protocol says it
	Blocks []Block
	Plain  bool // the content was one bare string
	Failed *bool
	Raw    json.RawMessage // Gemini: the response object; Blocks holds it as text
}

// CacheControl marks a prefix that the provider shall keep.
type CacheControl struct {
	TTL string // "", "5m", "1h"
}

// Tool is a function that the model may call. A tool that the provider itself
// runs (web search, computer use) has a Type other than "" and its whole
// definition in Extra.
type Tool struct {
	Type        string // "" is a function
	Name        string
	Description string
	Schema      json.RawMessage // JSON Schema of the arguments; nil when not said
	Strict      *bool
	Cache       *CacheControl
	Extra       Extra
}

// Choice says whether and which tool must be used.
type Choice struct {
	Mode  ChoiceMode
	Name  string // of ChooseNamed
	Extra Extra
}

// ChoiceMode is how free the model is to use tools.
type ChoiceMode string

// The modes.
const (
	ChooseAuto  ChoiceMode = "auto"
	ChooseNone  ChoiceMode = "none"
	ChooseAny   ChoiceMode = "any" // at least one
	ChooseNamed ChoiceMode = "named"
)

// Format asks for an answer of a form.
type Format struct {
	Type        string          // "text", "json_object", "json_schema"
	Name        string          // of the schema
	Description string          //
	Schema      json.RawMessage // of "json_schema"
	Strict      *bool
	Extra       Extra
}

// Reasoning says how hard the model shall think, in whichever words the client
// used: an effort, a budget, or leave it to the model.
type Reasoning struct {
	Effort   string // "none", "minimal", "low", "medium", "high", "xhigh", "max"; "" when not said
	Budget   *int64 // tokens; 0 is off, -1 as many as the model likes
	Adaptive bool   // the model decides
	Off      bool   // expressly switched off
	Summary  string // "auto", "concise", "detailed"; "" when not asked for
	Include  *bool  // thoughts shall be part of the answer
	Extra    Extra
}

package main

// dialects are the headers of the table. OpenAI's flex and batch calls cost half
// (developers.openai.com/api/docs/pricing), Anthropic's, Google's and Groq's
// batches do (the price pages of each); Groq's flex calls cost the standard
// rates. Vertex serves what is Google's and Anthropic's at their rates, but for
// what stands in its own part.
var dialects = []struct{ name, header string }{
	{"openai", "flex=50% batch=50%"},
	{"anthropic", "batch=50%"},
	{"google", "batch=50%"},
	{"vertex", "batch=50% then=google,anthropic"},
	{"groq", "batch=50%"},
}

// tiers are what single models cost in a service tier, in the table's words:
// OpenAI's priority calls as openai.com/api-priority-processing gives them (input,
// cached input, output), Google's flex and priority calls as the comments of the
// price data give them.
var tiers = map[string]map[string]string{
	"openai": {
		"gpt-5.4-mini": "priority=1.5/0.15/9",
		"gpt-5.4":      "priority=5/0.5/30",
		"gpt-5.2":      "priority=3.5/0.35/28",
		"gpt-5.1":      "priority=2.5/0.25/20",
		"gpt-5":        "priority=2.5/0.25/20",
		"gpt-5-mini":   "priority=0.45/0.045/3.6",
		"gpt-4.1":      "priority=3.5/0.875/14",
		"gpt-4.1-mini": "priority=0.7/0.175/2.8",
		"gpt-4.1-nano": "priority=0.2/0.05/0.8",
		"gpt-4o":       "priority=4.25/2.125/17",
		"gpt-4o-mini":  "priority=0.25/0.125/1",
		"o3":           "priority=3.5/0.875/14",
		"o4-mini":      "priority=2/0.5/8",
	},
	"google": {
		"gemini-3.5-flash":      "flex=50%",
		"gemini-3.5-flash-lite": "flex=50%",
		"gemini-3.6-flash":      "flex=50%",
		"gemini-3.7-flash":      "flex=50% priority=180%",
	},
}

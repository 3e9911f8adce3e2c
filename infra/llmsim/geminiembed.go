package llmsim

func readGeminiCount(x *exchange, model string) (*asked, *problem) {
	var r struct {
		generateRequest
		Whole *generateRequest `json:"generateContentRequest"`
	}
	if p := decode(x.body, &r); p != nil {
		return nil, p
	}
	in := &r.generateRequest
	if r.Whole != nil {
		in = r.Whole
	}
	q, p := in.toAsk(model)
	if p != nil {
		return nil, p
	}
	n := q.inputTokens()
	return &asked{model: model, write: func(*Fault) (*script, *problem) {
		body := mustJSON(map[string]any{"totalTokens": n, "promptTokensDetails": []modalityCount{{"TEXT", n}}})
		return &script{frames: []frame{{data: body}}}, nil
	}}, nil
}

// embedRequest is one text of AI Studio's embedding calls.
type embedRequest struct {
	Content geminiContent `json:"content"`
	Dim     *int          `json:"outputDimensionality"`
	Config  struct {      // Vertex AI's newer place for it
		Dim *int `json:"outputDimensionality"`
	} `json:"embedContentConfig"`
}

type geminiEmbedding struct {
	Values []float32 `json:"values"`
}

// predictRequest is Vertex AI's form of the same.
type predictRequest struct {
	Instances []struct {
		Content string `json:"content"`
	} `json:"instances"`
	Parameters struct {
		Dim *int `json:"outputDimensionality"`
	} `json:"parameters"`
}

func readGeminiEmbed(x *exchange, model, method string) (*asked, *problem) {
	var r struct {
		embedRequest
		Requests []embedRequest `json:"requests"`
		predictRequest
	}
	if p := decode(x.body, &r); p != nil {
		return nil, p
	}
	inputs := r.Requests
	switch method {
	case "embedContent":
		if r.embedRequest.Dim == nil {
			r.embedRequest.Dim = r.embedRequest.Config.Dim
		}
		inputs = []embedRequest{r.embedRequest}
	case "predict":
		for _, in := range r.Instances {
			text := in.Content
			inputs = append(inputs, embedRequest{Content: geminiContent{Parts: []geminiPart{{Text: &text}}}, Dim: r.Parameters.Dim})
		}
	}
	for _, in := range inputs {
		if p := in.check(); p != nil {
			return nil, p
		}
	}
	if len(inputs) == 0 {
		return nil, badField("requests", "* requests: at least one is needed")
	}
	return &asked{model: model, write: func(*Fault) (*script, *problem) { return embedGemini(model, method, inputs), nil }}, nil
}

func (r *embedRequest) check() *problem {
	switch {
	case r.Content.text() == "":
		return badField("content", "* EmbedContentRequest.content: contents is not specified")
	case r.Dim != nil && (*r.Dim < 1 || *r.Dim > maxDimensions):
		return badField("output_dimensionality", "* EmbedContentRequest.output_dimensionality: must be between 1 and %d", maxDimensions)
	}
	return nil
}

func embedGemini(model, method string, inputs []embedRequest) *script {
	sc := &script{id: "emb-" + token(24)}
	vectors := make([]geminiEmbedding, len(inputs))
	predictions := make([]any, len(inputs))
	for i, in := range inputs {
		dim := dimensionsOf(model)
		if in.Dim != nil {
			dim = *in.Dim
		}
		n := CountTokens(in.Content.text())
		sc.input += n
		vectors[i].Values = Embed(in.Content.text(), dim)
		predictions[i] = map[string]any{"embeddings": map[string]any{
			"values": vectors[i].Values, "statistics": map[string]any{"truncated": false, "token_count": n},
		}}
	}
	body := map[string]any{"embeddings": vectors}
	switch method {
	case "embedContent":
		body = map[string]any{"embedding": vectors[0]}
	case "predict":
		body = map[string]any{"predictions": predictions}
	}
	sc.add(0, mustJSON(body))
	return sc
}

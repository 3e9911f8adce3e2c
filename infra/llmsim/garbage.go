package llmsim

import "net/http"

// garbage answers with something that is not what was asked for: at once, or in
// the middle of a stream.
func (f *flow) garbage(sc *script) outcome {
	status := f.x.fault.Status
	if status == 0 {
		status = http.StatusOK
	}
	out := outcome{state: StateBroken, status: status}
	kind, body := rubbish(f.x.fault.Garbage)
	if sc.stream && f.x.fault.Garbage != "html" && f.x.fault.Garbage != "text" {
		kind = "text/event-stream"
	}
	f.x.w.Header().Set("Content-Type", kind)
	f.x.w.WriteHeader(status)
	for i := 0; sc.stream && i < min(f.x.fault.After, len(sc.frames)); i++ {
		if f.send(sc.frames[i]) != nil {
			return aborted
		}
	}
	_ = f.send(frame{data: []byte(body)}) // broken either way
	return out
}

func rubbish(style string) (contentType, body string) {
	switch style {
	case "html":
		return "text/html", "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n"
	case "text":
		return "text/plain", "upstream connect error or disconnect/reset before headers"
	case "sse":
		return "text/event-stream", "data: {\"id\":\n\nevent\ndata\n\xff\xfe: {]\n\ndata: [DONE\n\n"
	case "empty":
		return "application/json", ""
	}
	return "application/json", `{"id": "chatcmpl-1", "choices": [{"index": 0, "mess`
}

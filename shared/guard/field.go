package guard

import "strconv"

// Field names where an offset of a JSON document stands: "messages[2].content".
// It is for what was found: it reads the document from its beginning.
func Field(raw []byte, offset int) string {
	var path []step
	var name string
	for i := 0; i < len(raw) && i <= offset; i++ {
		switch c := raw[i]; c {
		case '{':
			path = append(path, step{})
		case '[':
			path = append(path, step{list: true})
		case '}', ']':
			if len(path) > 0 {
				path = path[:len(path)-1]
			}
		case ',':
			if n := len(path); n > 0 && path[n-1].list {
				path[n-1].index++
			}
		case '"':
			from := i + 1
			for i++; i < len(raw) && raw[i] != '"'; i++ {
				if raw[i] == '\\' {
					i++
				}
			}
			if i >= offset || i >= len(raw) {
				return written(path)
			}
			name = string(raw[from:i])
		case ':':
			if n := len(path); n > 0 && !path[n-1].list {
				path[n-1].name = name
			}
		}
	}
	return written(path)
}

type step struct {
	name  string
	list  bool
	index int
}

// longestField bounds a path whose names the client chose.
const longestField = 120

func written(path []step) (s string) {
	for _, p := range path {
		switch {
		case p.list:
			s += "[" + strconv.Itoa(p.index) + "]"
		case p.name == "":
		case s == "":
			s = p.name
		default:
			s += "." + p.name
		}
	}
	if len(s) > longestField {
		s = s[:longestField]
	}
	return s
}

package pluggysim

import (
	"encoding/json"
	"net/http"
	"regexp"
	"time"
)

// rewrite turns the bytes of a good answer into those of a bad one.
type rewrite func(s *Simulator, f Fault, r *http.Request, body []byte) []byte

func rewritten(bad rewrite) spoil {
	return func(s *Simulator, f Fault, w http.ResponseWriter, r *http.Request, good *draft) {
		body := bad(s, f, r, good.body.Bytes())
		w.WriteHeader(good.code)
		_, _ = w.Write(body)
	}
}

var amounts = regexp.MustCompile(`"(amount|amountInAccountCurrency)":(-?[0-9][0-9.eE+-]*)`)

// oddNumbers works on text, so that the digits may be what no encoder would write.
func oddNumbers(_ *Simulator, f Fault, _ *http.Request, body []byte) []byte {
	orElse(&f.Value, "1e400")
	return amounts.ReplaceAllFunc(body, func(m []byte) []byte {
		name := amounts.FindSubmatch(m)[1]
		return []byte(`"` + string(name) + `":` + f.Value)
	})
}

// wrongTypes keeps the names and turns the value of every leaf: text into numbers, the rest into text.
func wrongTypes(_ *Simulator, _ Fault, _ *http.Request, body []byte) []byte {
	var tree any
	if json.Unmarshal(body, &tree) != nil {
		return body
	}
	out, err := json.Marshal(turned(tree))
	if err != nil {
		return body
	}
	return out
}

func turned(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			v[name] = turned(value)
		}
		return v
	case []any:
		for i := range v {
			v[i] = turned(v[i])
		}
		return v
	case string:
		return 7
	default:
		return "seven"
	}
}

// endless leads the last page to before the first, under a cursor never used before: only a client that counts
// its pages gets away.
func endless(s *Simulator, _ Fault, r *http.Request, body []byte) []byte {
	return withNext(body, func(next any) any {
		if next != nil {
			return next
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		p := place{time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), s.newID()}
		q := query{raw: r.URL.Query(), account: r.URL.Query().Get("accountId")}
		return q.next(p)
	})
}

func strangeNext(_ *Simulator, f Fault, r *http.Request, body []byte) []byte {
	orElse(&f.Value, strangeHost+"/v2/transactions?accountId="+r.URL.Query().Get("accountId")+"&after=eA==")
	return withNext(body, func(any) any { return f.Value })
}

// withNext changes the member next of a page; an answer without one (an error) stays.
func withNext(body []byte, to func(any) any) []byte {
	var page map[string]json.RawMessage
	if json.Unmarshal(body, &page) != nil || page["next"] == nil {
		return body
	}
	var next any
	if json.Unmarshal(page["next"], &next) != nil {
		return body
	}
	page["next"], _ = json.Marshal(to(next)) // a string
	out, err := json.Marshal(page)
	if err != nil {
		return body
	}
	return out
}

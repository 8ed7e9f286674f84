package vendorhttp

import "testing"

// volatile names the volatile members of the tests: "seen" of any object, "turn" and "list"
// of the row, and "turn" of the object that is the row's member "of".
var volatile = VolatileMembers{"*": {`"seen"`}, "": {`"turn"`, `"list"`}, `"of"`: {`"turn"`}}

// stable returns the input of a row's content hash. The row must be an object.
func stable(t testing.TB, row string) string {
	t.Helper()
	text, valid := volatile.AppendStable(nil, []byte(row), nil)
	if !valid {
		t.Fatalf("%s is not an object", row)
	}
	return string(text)
}

func TestVolatileMembersDoNotChangeTheContentHash(t *testing.T) {
	base := stable(t, `{"a":1,"turn":2,"of":{"b":[1,2],"turn":1.5,"seen":"x"},"seen":null}`)
	for _, alike := range []string{
		`{"a":1,"turn":3,"of":{"b":[1,2],"turn":-20.5,"seen":"y"},"seen":true}`,
		` {"a" : 1, "turn":"2026", "of":{ "b":[1,2],"turn":0,"seen":""},"seen" :1 } `,
	} {
		if stable(t, alike) != base {
			t.Errorf("%s differs", alike)
		}
	}
	for _, other := range []string{
		`{"a":2,"turn":2,"of":{"b":[1,2],"turn":1.5,"seen":"x"},"seen":null}`,
		`{"a":1,"turn":2,"of":{"b":[1,3],"turn":1.5,"seen":"x"},"seen":null}`,
		// a duplicate member, which the decoder refuses
		`{"a":1,"turn":2,"turn":2,"of":{"b":[1,2],"turn":1.5,"seen":"x"},"seen":null}`,
		`{"a":1,"of":{"b":[1,2],"turn":1.5,"seen":"x"},"seen":null}`,
		`{"a":1,"turn":{"x":1},"of":{"b":[1,2],"turn":1.5,"seen":"x"},"seen":null}`,
		`{"a":1,"turn":NaN,"of":{"b":[1,2],"turn":1.5,"seen":"x"},"seen":null}`,
		`{"a":1,"turn":01,"of":{"b":[1,2],"turn":1.5,"seen":"x"},"seen":null}`,
		`{"a":1,"turn":1.,"of":{"b":[1,2],"turn":1.5,"seen":"x"},"seen":null}`,
		`{"a":1,"turn":2,"of":{"b":[1,2],"turn":1.5,"seen":"\ud800"},"seen":null}`,
		"{\"a\":1,\"turn\":\"\xff\",\"of\":{\"b\":[1,2],\"turn\":1.5,\"seen\":\"x\"},\"seen\":null}",
	} {
		if stable(t, other) == base {
			t.Errorf("%s is the same", other)
		}
	}
}

func TestVolatileMembersAreFoundByTheirFullPath(t *testing.T) {
	if stable(t, `{"of":{"of":{"turn":1}}}`) == stable(t, `{"of":{"of":{"turn":2}}}`) {
		t.Error("a member of another object is treated as volatile")
	}
}

func TestAppendStableRefusesARowThatIsNotAnObject(t *testing.T) {
	for _, row := range []string{
		``, `7`, `[]`, `{`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{"a":1 "b":2}`, `{,}`, `{"a":1}}`, `{a:1}`,
		`{"of":{"a":1,}}`, `{"a":"`,
	} {
		if text, valid := volatile.AppendStable(nil, []byte(row), nil); valid {
			t.Errorf("%s became %s", row, text)
		}
	}
}

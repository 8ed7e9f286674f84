package domain_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// sized is an item of a list with a member of each kind.
type sized struct {
	Text    string
	At      time.Time
	Raw     json.RawMessage
	Bytes   []byte
	List    []string
	Map     map[string]string
	Pointer *sized
	Any     any
	Number  int
}

// TestTheSizeOfAnItem checks that ItemSize counts 48 bytes for each member, plus the bytes of its text in JSON.
func TestTheSizeOfAnItem(t *testing.T) {
	const member = 48
	const empty = 7 * member // the nil pointer and the nil interface count nothing
	for name, c := range map[string]struct {
		item sized
		want int
	}{
		"nothing":             {sized{}, empty},
		"a text":              {sized{Text: "abc"}, empty + 3},
		"control characters":  {sized{Text: "a\x01\x1f b"}, empty + 5 + 2*5},
		"quotation marks":     {sized{Text: `a"b\`}, empty + 4 + 2},
		"valid UTF-8":         {sized{Text: "ação"}, empty + 6},
		"the first such byte": {sized{Text: "a\x80"}, empty + 2 + 5},
		"a byte of no letter": {sized{Text: "a\xff"}, empty + 2 + 5},
		"letters beside it":   {sized{Text: "é\xff"}, empty + 3 + 3*5},
		"a time":              {sized{At: time.Now()}, empty},
		"raw JSON":            {sized{Raw: json.RawMessage(`{"a":"b"}`)}, empty + 9},
		"bytes":               {sized{Bytes: []byte("a\x01")}, empty + 2 + 5},
		"a list":              {sized{List: []string{"a", "bc"}}, empty + 2*member + 3},
		"a map":               {sized{Map: map[string]string{"a": "bcd"}}, empty + 2*member + 4},
		"a pointer":           {sized{Pointer: &sized{}}, empty + empty},
		"an interface":        {sized{Any: "abcd"}, empty + member + 4},
	} {
		if got := domain.ItemSize(&c.item); got != c.want {
			t.Errorf("%s: %d bytes, want %d", name, got, c.want)
		}
	}
}

func TestTheSizeOfADeepItemIsBounded(t *testing.T) {
	var list any = "end"
	for range 100 {
		list = []any{list}
	}
	item := sized{Any: list}
	// Eight levels are counted in detail: the pointer to the item, the item, and three lists in their interfaces.
	// Everything below them counts as one member.
	if got, other := domain.ItemSize(&item), domain.ItemSize(&sized{}); got != other+4*48 {
		t.Errorf("%d bytes, want four members more than %d", got, other)
	}
}

func TestTheSizeOfADeepMapIsBounded(t *testing.T) {
	var deep any = "end"
	for range 100 {
		deep = map[string]any{"k": deep}
	}
	item := sized{Any: deep}
	// As with lists, the third map is the last one whose members are counted, without their texts.
	if got, want := domain.ItemSize(&item)-domain.ItemSize(&sized{}), 2*(48+49)+48+2*48; got != want {
		t.Errorf("%d bytes, want %d", got, want)
	}
}

func TestEachTextOfATransactionCounts(t *testing.T) {
	empty := domain.ItemSize(&domain.Transaction{})
	const member = 48
	if empty < 20*member {
		t.Errorf("the members without a text count %d bytes", empty)
	}
	ten := strings.Repeat("x", 10)
	for name, c := range map[string]struct {
		change func(*domain.Transaction)
		want   int
	}{
		"account":      {func(t *domain.Transaction) { t.Account = ten }, 10},
		"external id":  {func(t *domain.Transaction) { t.ExternalID = ten }, 10},
		"description":  {func(t *domain.Transaction) { t.Description = ten }, 10},
		"category":     {func(t *domain.Transaction) { t.Category = ten }, 10},
		"counterparty": {func(t *domain.Transaction) { t.Counterparty = ten }, 10},
		"metadata":     {func(t *domain.Transaction) { t.Metadata = json.RawMessage(ten) }, 10},
		"reason":       {func(t *domain.Transaction) { t.Reason = ten }, 10},
		"warnings":     {func(t *domain.Transaction) { t.Warnings = make([]domain.Warning, 2) }, 2 * member},
		"supersedes": {
			func(t *domain.Transaction) { t.Supersedes = []domain.Superseded{{ExternalID: ten}, {ExternalID: ten}} },
			2*6*member + 20,
		},
		"possibly supersedes": {
			func(t *domain.Transaction) { t.PossiblySupersedes = make([]domain.TransactionID, 3) }, 3 * member,
		},
		"changed":  {func(t *domain.Transaction) { t.Changed = make([]string, 3) }, 3 * member},
		"document": {func(t *domain.Transaction) { t.CounterpartyDocument.Value = ten }, 3*member + 10},
		"excluded": {
			func(t *domain.Transaction) { t.ExcludedAt, t.ExcludedBy = hour(1), ten }, 2*member + 10,
		},
		"a charge, shown as the receiver's reference and as the id of the charge": {
			func(t *domain.Transaction) { t.References.ReceiverReferenceID = strings.Repeat("x1", 13) },
			3*member + 2*26,
		},
		"one reference": {
			func(t *domain.Transaction) { t.References.EndToEndID = ten }, 2*member + 10,
		},
	} {
		var transaction domain.Transaction
		c.change(&transaction)
		if got := domain.ItemSize(&transaction) - empty; got != c.want {
			t.Errorf("%s: %d bytes, want %d", name, got, c.want)
		}
	}
	version := domain.TransactionVersion{
		Transaction: domain.Transaction{Reason: ten}, Previous: &domain.Transaction{Reason: ten},
		Deliveries: make([]domain.DeliveryID, 2),
	}
	if got, want := domain.ItemSize(&version), 2*empty+20+2*member; got != want {
		t.Errorf("a version: %d bytes, want %d: those of both transactions and of the deliveries", got, want)
	}
}

func TestAPageBuilderStopsAtItsLimits(t *testing.T) {
	for _, limit := range []int{1, 32, 33, 1024, 2000} {
		b := domain.PageBuilder[string]{Request: domain.PageRequest{Limit: limit}}
		for n := 0; !b.Complete(); n++ {
			if b.Add("x"); len(b.Items) != n+1 || cap(b.Items) > max(2*limit, 2048) {
				t.Fatalf("limit %d: %d items with a capacity of %d", limit, len(b.Items), cap(b.Items))
			}
			if n == 0 && cap(b.Items) != min(limit, 32) || n == 32 && limit >= 1024 && cap(b.Items) < 1024 {
				t.Errorf("limit %d: the item %d gets a capacity of %d", limit, n, cap(b.Items))
			}
		}
		if len(b.Items) != limit || b.Full() {
			t.Errorf("limit %d: %d items", limit, len(b.Items))
		}
	}
	b := domain.PageBuilder[string]{Request: domain.PageRequest{Limit: 9, MaxBytes: 2 * 50}}
	b.Add("ab")
	if b.Full() {
		t.Error("the page is full after one item of 50 bytes")
	}
	if b.Add("ab"); !b.Full() || b.Complete() {
		t.Error("the page is not full after two items of 50 bytes")
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// The bounds of what a pull of a tenant may cost when the vendor has given all rows new ids and texts that are
// expensive to compare. On SQLite, which has one writer, webhooks may wait longer while such a pull is published.
const (
	maxRewrittenPull       = 15 * time.Second
	maxSQLiteWebhookEffect = 150 * time.Millisecond
	// While rewrittenAtOnce such pulls of one tenant run, the service uses less than maxResident MiB: 100, and 64 for
	// each of the two tenants.
	rewrittenAtOnce = 8
	maxResident     = 100 + 2*64
)

// longText is a kind of description that a hostile vendor sends.
type longText struct {
	name string
	rows int
	text func(row int) string
}

var longTexts = []longText{
	{"ordinary texts", 2000, func(row int) string { return fmt.Sprintf("PIX ENVIADO LOJA %d", row) }},
	{"600 words", 2000, joinedWords(600, func(_, n int) string { return "palavra" + lettersOf(n, 3) })},
	{"words of three letters", 2000, joinedWords(256, func(row, n int) string { return lettersOf(n*31+row, 3) })},
	{"rows of 262,144 bytes", 40, joinedWords(262_144/8, func(row, n int) string { return lettersOf(n*41+row, 7) })},
	{"all words differ", 2000, joinedWords(128, func(row, n int) string { return lettersOf(row*128+n, 7) })},
	{"digits and slashes", 2000, joinedWords(200, func(row, n int) string {
		return fmt.Sprintf("%d/%d", 1+(row+n)%12, 1+n%28)
	})},
	{"one contract number", 2000, joinedWords(60, func(row, n int) string {
		return "7712345678 " + lettersOf(row*7+n, 4)
	})},
}

// joinedWords returns a function that joins n words.
func joinedWords(n int, word func(row, n int) string) func(int) string {
	return func(row int) string {
		words := make([]string, n)
		for i := range words {
			words[i] = word(row, i)
		}
		return strings.Join(words, " ")
	}
}

// lettersOf returns a word of the given length for a number.
func lettersOf(number, length int) string {
	word := make([]byte, length)
	for i := range word {
		word[i] = byte('a' + number%26)
		number /= 26
	}
	return string(word)
}

// rewritingVendor is a vendor with one amount and one day for all rows, and whose ids all change with its generation.
type rewritingVendor struct {
	*vendor

	text       func(row int) string
	generation atomic.Int64
}

// ServeHTTP changes the pages of transactions.
func (v *rewritingVendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v.serveChanged(w, r, func(results []map[string]any) {
		for _, result := range results {
			v.rewrite(result)
		}
	})
}

// rewrite changes one transaction. The number of its text follows from its id.
func (v *rewritingVendor) rewrite(row map[string]any) {
	id, _ := row["id"].(string)
	number := 0
	for _, c := range []byte(id) {
		number = (number*31 + int(c)) % 100_003
	}
	row["id"] = fmt.Sprintf("%08x%s", v.generation.Load(), id[min(8, len(id)):])
	row["amount"], row["type"], row["description"] = -12.34, "DEBIT", v.text(number)
	row["date"] = time.Now().UTC().Format(time.DateOnly) + "T03:00:00.000Z"
	for _, name := range []string{"descriptionRaw", "providerId", "paymentData"} {
		delete(row, name)
	}
}

// publications measures what pulls of a hostile tenant cost another tenant when the vendor has given all rows new ids.
// It returns an error if a cost is above its bound.
func (b *bench) publications(ctx context.Context) ([]row, error) {
	var rows []row
	var failures []error
	for _, database := range []string{"SQLite", "PostgreSQL"} {
		for _, budget := range []string{"", "128MiB"} {
			h, err := b.newPublications(ctx, database, budget)
			if err != nil {
				return rows, errors.Join(append(failures, fmt.Errorf("%s: %w", database, err))...)
			}
			for _, connections := range []int{1, rewrittenAtOnce} {
				for _, t := range longTexts {
					if b.text != "" && t.name != b.text {
						continue
					}
					r, err := h.measureRewriting(ctx, t, connections)
					rows, failures = append(rows, r), append(failures, err)
				}
			}
			stored, err := h.mail.verify(ctx)
			rows = append(rows, row{what: database + ": webhooks of the good tenant", also: stored})
			failures = append(failures, err)
			b.close()
		}
	}
	return rows, errors.Join(failures...)
}

// newPublications starts a service with two tenants and the given MEMORY_BUDGET.
func (b *bench) newPublications(ctx context.Context, database, budget string) (*neighbourhood, error) {
	name := "publications" + strings.ToLower(budget)
	h, err := b.serveTwo(ctx, database, name, func(settings map[string]string) {
		if budget != "" {
			settings["MEMORY_BUDGET"] = budget
		}
	})
	if err != nil {
		return nil, err
	}
	if budget != "" {
		h.database += ", MEMORY_BUDGET=" + budget
	}
	return h, h.fillGood(ctx)
}

// measureRewriting pulls the rows of a number of connections, gives all of them new ids, and measures the good tenant
// while they are pulled again.
func (h *neighbourhood) measureRewriting(ctx context.Context, t longText, connections int) (row, error) {
	what := fmt.Sprintf("%s: %s, %d rows", h.database, t.name, t.rows)
	if connections > 1 {
		what += fmt.Sprintf(", %d connections", connections)
	}
	failed := func(err error) (row, error) {
		return row{what: what, also: "failed"}, fmt.Errorf("%s: %w", what, err)
	}
	var vendors []*rewritingVendor
	var ids []string
	for n := range connections {
		v, id, err := h.connectRewriting(ctx, t, fmt.Sprintf("%s %d of %d", t.name, n, connections))
		if err != nil {
			return failed(err)
		}
		vendors, ids = append(vendors, v), append(ids, id)
	}
	if _, err := h.pullAll(ctx, ids); err != nil {
		return failed(err)
	}
	idle, err := h.observeUntil(ctx, time.After(5*time.Second))
	if err != nil {
		return failed(err)
	}
	for _, v := range vendors {
		v.generation.Add(1)
	}
	ended := make(chan time.Time, 1)
	var took time.Duration
	var pullErr error
	go func() {
		took, pullErr = h.pullAll(ctx, ids)
		ended <- time.Now()
	}()
	busy, err := h.observeUntil(ctx, ended)
	if err := errors.Join(err, pullErr); err != nil {
		return failed(err)
	}
	for _, id := range ids {
		if err := h.evil.call(ctx, http.MethodDelete, "/aggregator-connections/"+id, nil, http.StatusNoContent,
			nil); err != nil {
			return failed(err)
		}
	}
	effect := busy.view.minus(idle.view)
	return row{
		what: what,
		also: fmt.Sprintf("pull %.1f s; GET p95 %d ms, %+d; webhook p95 %d ms, %+d, longest %d; %.0f MiB",
			took.Seconds(), idle.read.Milliseconds(), effect.read.Milliseconds(), idle.webhook.Milliseconds(),
			effect.webhook.Milliseconds(), busy.longest.Milliseconds(), busy.memory),
	}, checkRewriting(what, h.database, connections, took, effect, busy.memory)
}

// connectRewriting starts a vendor with rows of the given kind, and connects the hostile tenant to it.
func (h *neighbourhood) connectRewriting(
	ctx context.Context, t longText, name string,
) (v *rewritingVendor, connection string, err error) {
	sim, err := h.bench.vendor(ctx, t.rows, false)
	if err != nil {
		return nil, "", err
	}
	v = &rewritingVendor{vendor: sim, text: t.text}
	if v.origin, err = h.listen(ctx, v); err != nil {
		return nil, "", err
	}
	connection, err = h.evil.connect(ctx, v.vendor, name)
	return v, connection, err
}

func checkRewriting(
	what, database string, connections int, took time.Duration, effect view, memory float64,
) (err error) {
	webhook := maxWebhookEffect
	if strings.HasPrefix(database, "SQLite") {
		webhook = maxSQLiteWebhookEffect
	}
	if connections == 1 && took > maxRewrittenPull {
		err = fmt.Errorf("%s: the pull took %v", what, took)
	}
	if effect.read > maxReadEffect || effect.webhook > webhook {
		err = errors.Join(err, fmt.Errorf("%s: GET p95 %+v, webhook p95 %+v", what, effect.read, effect.webhook))
	}
	if memory > maxResident {
		err = errors.Join(err, fmt.Errorf("%s: %.0f MiB of memory", what, memory))
	}
	return err
}

// pullAll pulls the connections of the hostile tenant at the same time, and returns the time until all have ended.
func (h *neighbourhood) pullAll(ctx context.Context, ids []string) (time.Duration, error) {
	begun := time.Now()
	errs := make([]error, len(ids))
	var running sync.WaitGroup
	for i, id := range ids {
		running.Go(func() { errs[i] = h.pullSlowly(ctx, id) })
	}
	running.Wait()
	return time.Since(begun), errors.Join(errs...)
}

// pullSlowly works like service.pull, but asks for the state of the pull less often.
func (h *neighbourhood) pullSlowly(ctx context.Context, id string) error {
	var asked struct{ ID string }
	err := h.evil.call(ctx, http.MethodPost, "/aggregator-connections/"+id+"/pulls", nil, http.StatusAccepted, &asked)
	for err == nil {
		var pull struct{ Status, LastError string }
		err = h.evil.call(ctx, http.MethodGet, "/pulls/"+asked.ID, nil, http.StatusOK, &pull)
		switch pull.Status {
		case "succeeded":
			return nil
		case "failed":
			return errors.New("the pull failed: " + pull.LastError)
		}
		time.Sleep(200 * time.Millisecond)
	}
	return err
}

// strain is what was measured for the good tenant, and the largest memory of the service meanwhile.
type strain struct {
	view

	longest time.Duration // the longest delay of a webhook
	memory  float64       // MiB
}

// observeUntil measures the good tenant's reads and webhooks until the channel has a value.
func (h *neighbourhood) observeUntil(ctx context.Context, end <-chan time.Time) (s strain, err error) {
	const longest = 10 * time.Minute
	until, stop := context.WithCancel(ctx)
	defer stop()
	var reads, webhooks loadResult
	var readErr, webhookErr error
	var running sync.WaitGroup
	running.Go(func() { reads, readErr = h.reads().paced(until, longest, 60) })
	running.Go(func() {
		webhooks, webhookErr = h.mail.load(4, h.good.address).paced(until, longest, 40)
		h.mail.collectAccepted()
	})
	for waiting := true; waiting; {
		s.memory = max(s.memory, h.good.rss())
		select {
		case <-end:
			waiting = false
		case <-time.After(20 * time.Millisecond):
		}
	}
	stop()
	running.Wait()
	s.read, s.webhook, s.longest = reads.percentile(0.95), webhooks.percentile(0.95), webhooks.percentile(1)
	for _, e := range []error{readErr, webhookErr} {
		if e != nil && !errors.Is(e, context.Canceled) {
			err = errors.Join(err, e)
		}
	}
	return s, err
}

package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The maximum delays that one tenant's requests may cause for another tenant.
const (
	maxReadEffect    = 25 * time.Millisecond
	maxWebhookEffect = 50 * time.Millisecond
	maxPullEffect    = 2 * time.Second
)

// The load of the hostile tenant: each client sends a request as soon as the previous one is answered, but not more
// often than every hostileInterval.
const (
	hostileClients  = 8
	hostileInterval = time.Second / 3
	// One in longEvery records of the hostile tenant has a description of about longDescription characters.
	longDescription = 4000
	longEvery       = 6
)

// neighbourhood is a service with two tenants: a good one, whose requests are measured, and a hostile one.
type neighbourhood struct {
	*bench

	database   string
	good, evil *service
	vendor     *vendor
	mail       *mailbox // webhooks of the good tenant
	connection string   // the good tenant's connection
	empty      string   // the address of a handler that does nothing

	evilConnection, evilAccount, evilFeedEnd string
	evilWebhook                              string
	hanging                                  []string // connections of the hostile tenant to peers that never answer
	engines, subscriptions                   []string // ids of those that lead to hostile peers
}

// attack is one kind of request that the hostile tenant sends repeatedly.
type attack struct {
	name string
	// send sends request number n of a client to the address, and returns the status of the response.
	send func(ctx context.Context, h *neighbourhood, address string, client, n int) (int, error)
}

// neighbours measures how much a hostile tenant slows down another tenant (the good one). The hostile tenant sends
// the most expensive requests of the API, one kind after the other. neighbours returns an error if the effect of one
// of them is above its bound.
//
// In each round, the hostile tenant's requests are sent to a handler that does nothing first, and then to the service.
// The effect is the difference between the good tenant's measurements in these two parts. The first part is necessary
// because the load generator also needs processor time.
func (b *bench) neighbours(ctx context.Context) ([]row, error) {
	var rows []row
	var failures []error
	for _, database := range []string{"SQLite", "PostgreSQL"} {
		h, err := b.newNeighbourhood(ctx, database)
		if err != nil {
			return rows, fmt.Errorf("%s: %w", database, err)
		}
		if b.soak > 0 {
			r, err := h.soakTogether(ctx)
			rows, failures = append(rows, r), append(failures, err)
		} else {
			for _, a := range attacks {
				r, err := h.measure(ctx, a)
				rows, failures = append(rows, r), append(failures, err)
			}
		}
		stored, err := h.mail.verify(ctx)
		rows = append(rows, row{what: database + ": webhooks of the good tenant", also: stored})
		failures = append(failures, err)
		b.close()
	}
	return rows, errors.Join(failures...)
}

// newNeighbourhood starts a service, and stores the data of both tenants.
func (b *bench) newNeighbourhood(ctx context.Context, database string) (*neighbourhood, error) {
	h, err := b.serveTwo(ctx, database, "neighbours", func(settings map[string]string) {
		delete(settings, "RATE_LIMIT_PER_MINUTE") // the defaults
		delete(settings, "WEBHOOK_RATE_LIMIT_PER_MINUTE")
	})
	if err != nil {
		return nil, err
	}
	if h.empty, err = h.listenEmpty(ctx); err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context) error{h.fillGood, h.fillEvil, h.addPeers} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return h, nil
}

// serveTwo starts a service with two tenants that have no data yet. name is the name of the database on PostgreSQL.
func (b *bench) serveTwo(
	ctx context.Context, database, name string, change func(settings map[string]string),
) (h *neighbourhood, err error) {
	h = &neighbourhood{bench: b, database: database}
	url := ""
	if database == "PostgreSQL" {
		if url, err = b.database(ctx, name); err != nil {
			return nil, err
		}
	}
	e, err := b.newEnv(ctx, url)
	if err != nil {
		return nil, err
	}
	change(e.settings)
	if h.good, err = e.serve(ctx); err != nil {
		return nil, err
	}
	other, evil := *h.good.env, *h.good
	if err := other.newTenant(ctx); err != nil {
		return nil, err
	}
	evil.env, h.evil = &other, &evil
	return h, nil
}

// listenEmpty starts the handler that does nothing, and returns its address.
func (h *neighbourhood) listenEmpty(ctx context.Context) (string, error) {
	origin, err := h.listen(ctx, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
	}))
	return strings.TrimPrefix(origin, "http://"), err
}

func (h *neighbourhood) fillGood(ctx context.Context) (err error) {
	small, err := h.bench.vendor(ctx, 200, true)
	if err != nil {
		return err
	}
	if h.mail, err = h.good.mailbox(ctx, small); err != nil {
		return err
	}
	// An event of this kind causes no pull. Otherwise the tenant's own pulls would delay the pulls that are measured.
	h.mail.before = strings.Replace(h.mail.before, "item/updated", "connector/status_updated", 1)
	if h.connection, err = h.good.connect(ctx, small, "measured"); err != nil {
		return err
	}
	return h.good.pull(ctx, h.connection)
}

// fillEvil stores the records of the hostile tenant, some with long descriptions.
func (h *neighbourhood) fillEvil(ctx context.Context) (err error) {
	if h.vendor, err = h.bench.vendor(ctx, h.evilRows, true); err != nil {
		return err
	}
	origin, err := h.listen(ctx, longDescriptions{h.vendor})
	if err != nil {
		return err
	}
	h.vendor.origin = origin
	if h.evilConnection, err = h.evil.connect(ctx, h.vendor, "large"); err != nil {
		return err
	}
	if err := h.evil.pull(ctx, h.evilConnection); err != nil {
		return err
	}
	if h.evilWebhook, err = h.evil.mint(ctx, "large"); err != nil {
		return err
	}
	var accounts struct{ Items []struct{ ID, Type string } }
	err = h.evil.call(ctx, http.MethodGet, "/aggregator-connections/"+h.evilConnection+"/accounts", nil, http.StatusOK,
		&accounts)
	if err != nil {
		return err
	}
	for _, a := range accounts.Items {
		if a.Type == "bank" {
			h.evilAccount = a.ID
		}
	}
	if h.evilAccount == "" {
		return fmt.Errorf("no bank account among %v", accounts.Items)
	}
	return h.readFeed(ctx)
}

// readFeed reads the hostile tenant's feed to its end, and stores the cursor of the end for the long polls.
func (h *neighbourhood) readFeed(ctx context.Context) error {
	for {
		var page struct {
			HasMore    bool
			NextCursor string
		}
		path := "/transactions/changes?limit=1000"
		if h.evilFeedEnd != "" {
			path += "&cursor=" + h.evilFeedEnd
		}
		if err := h.evil.call(ctx, http.MethodGet, path, nil, http.StatusOK, &page); err != nil {
			return err
		}
		if h.evilFeedEnd = page.NextCursor; !page.HasMore {
			return nil
		}
	}
}

// hostilePeers are servers that behave badly. The hostile tenant's connections, subscriptions and engine have their
// addresses. Each function serves one TCP connection after the first bytes of a request have arrived.
var hostilePeers = map[string]func(conn net.Conn){
	"silent": func(net.Conn) {},
	"101": func(conn net.Conn) {
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")
	},
	"endless body": func(conn net.Conn) {
		endless(conn, okHeader+"\r\n[", strings.Repeat(" ", 1<<10), 10*time.Millisecond)
	},
	"endless header": func(conn net.Conn) {
		endless(conn, okHeader, "X-Long: "+strings.Repeat("x", 1000)+"\r\n", 10*time.Millisecond)
	},
	"endless trailer": func(conn net.Conn) {
		endless(conn, okHeader+"Transfer-Encoding: chunked\r\nTrailer: X-Long\r\n\r\n2\r\n[]\r\n0\r\n",
			"X-Long: "+strings.Repeat("x", 1000)+"\r\n", 10*time.Millisecond)
	},
	"a byte a second": func(conn net.Conn) {
		endless(conn, okHeader+"Content-Length: 1000000\r\n\r\n[", " ", time.Second)
	},
	"1xx in a row": func(conn net.Conn) {
		endless(conn, "", "HTTP/1.1 103 Early Hints\r\nLink: </>\r\n\r\n", 10*time.Millisecond)
	},
	"compressed bomb": func(conn net.Conn) {
		_, _ = io.WriteString(conn, okHeader+"Content-Encoding: gzip\r\n\r\n")
		_, _ = conn.Write(compressedBomb())
	},
}

const okHeader = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

// endless writes first, and then writes text repeatedly until the peer closes the connection.
func endless(conn net.Conn, first, text string, pause time.Duration) {
	_, err := io.WriteString(conn, first)
	for err == nil {
		_, err = io.WriteString(conn, text)
		time.Sleep(pause)
	}
}

// compressedBomb returns 256 MiB of spaces, compressed with gzip.
var compressedBomb = sync.OnceValue(func() []byte {
	var packed bytes.Buffer
	w, _ := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	for range 256 {
		_, _ = w.Write(bytes.Repeat([]byte(" "), 1<<20))
	}
	_ = w.Close()
	return packed.Bytes()
})

// serveHostile listens, and serves each connection with the function. It returns the origin.
func (b *bench) serveHostile(ctx context.Context, behave func(net.Conn)) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	b.onClose(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				if _, err := conn.Read(make([]byte, 1)); err == nil {
					behave(conn)
					_, _ = io.Copy(io.Discard, conn) // until the service closes the connection
				}
			}()
		}
	}()
	return "http://" + listener.Addr().String(), nil
}

// addPeers creates connections, an engine and subscriptions of the hostile tenant that lead to hostile peers.
func (h *neighbourhood) addPeers(ctx context.Context) error {
	names := make([]string, 0, len(hostilePeers))
	for name := range hostilePeers {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		origin, err := h.serveHostile(ctx, hostilePeers[name])
		if err != nil {
			return err
		}
		if err := h.addPeer(ctx, origin, i); err != nil {
			return fmt.Errorf("the peer %q: %w", name, err)
		}
	}
	return nil
}

// connectionsPerPeer and subscriptionsPerPeer are the numbers of the hostile tenant's connections and subscriptions
// that lead to each peer.
const (
	connectionsPerPeer   = hostileClients
	subscriptionsPerPeer = 5
)

func (h *neighbourhood) addPeer(ctx context.Context, origin string, number int) error {
	for n := range connectionsPerPeer {
		var made struct{ ID string }
		if err := h.evil.call(ctx, http.MethodPost, "/aggregator-connections", object{
			"vendor": "belvo", "configName": fmt.Sprintf("peer-%d-%d", number, n), "baseUrl": origin,
			"accountRef": "link", "clientId": "id", "secret": "secret",
		}, http.StatusCreated, &made); err != nil {
			return err
		}
		h.hanging = append(h.hanging, made.ID)
	}
	for range subscriptionsPerPeer {
		id, err := h.evil.subscribe(ctx, origin+"/", false)
		if err != nil {
			return err
		}
		h.subscriptions = append(h.subscriptions, id)
	}
	var engine struct{ ID string }
	err := h.evil.call(ctx, http.MethodPost, "/connections", object{
		"type": "rest-generic", "configName": fmt.Sprint("engine-", number),
		"config": object{"url": origin, "auth": "none"},
	}, http.StatusCreated, &engine)
	h.engines = append(h.engines, engine.ID)
	return err
}

// getAttack returns an attack that sends GET requests.
func getAttack(name string, path func(h *neighbourhood) string) attack {
	return attack{name, func(ctx context.Context, h *neighbourhood, address string, _, _ int) (int, error) {
		return h.send(ctx, address, http.MethodGet, surface+path(h), "")
	}}
}

// attacks are the most expensive requests of the API.
var attacks = []attack{
	getAttack("search without a match", func(*neighbourhood) string {
		return "/transactions?text=no+such+text&limit=200"
	}),
	getAttack("feed, 1,000 records", func(*neighbourhood) string { return "/transactions/changes?limit=1000" }),
	getAttack("feed, long polls", func(h *neighbourhood) string {
		return "/transactions/changes?limit=1000&wait=2&cursor=" + h.evilFeedEnd
	}),
	getAttack("list of 200 transactions", func(h *neighbourhood) string {
		return "/aggregator-connections/" + h.evilConnection + "/transactions?limit=200"
	}),
	getAttack("health of 200 connections", func(*neighbourhood) string {
		return "/aggregator-connections/health?limit=200"
	}),
	getAttack("list of 200 audit entries", func(*neighbourhood) string { return "/audit/events?limit=200" }),
	getAttack("statement", func(h *neighbourhood) string {
		return "/accounts/" + h.evilAccount + "/statement?format=csv&force=true"
	}),
	{"close and reopen a period", func(
		ctx context.Context, h *neighbourhood, address string, client, n int,
	) (int, error) {
		day := time.Now().AddDate(0, 0, -2-client).Format(time.DateOnly)
		method := []string{http.MethodPut, http.MethodDelete}[n%2]
		return h.send(ctx, address, method, surface+"/accounts/"+h.evilAccount+"/closes/"+day, "")
	}},
	{"changes of connections, eight at once", func(
		ctx context.Context, h *neighbourhood, address string, client, n int,
	) (status int, err error) {
		change := "/" + []string{"pause", "resume"}[n%2]
		var changes sync.WaitGroup
		for i := range hostileClients {
			path := surface + "/aggregator-connections/" + h.hanging[(client+i*hostileClients)%len(h.hanging)] + change
			changes.Go(func() {
				if got, failure := h.send(ctx, address, http.MethodPost, path, ""); i == 0 {
					status, err = got, failure
				}
			})
		}
		changes.Wait()
		return status, err
	}},
	{"live tests, hostile vendors", func(
		ctx context.Context, h *neighbourhood, address string, client, n int,
	) (int, error) {
		return h.send(ctx, address, http.MethodPost, surface+"/aggregator-connections/test",
			fmt.Sprintf(`{"vendor":"belvo","configName":"peer-%d-%d"}`, n%len(hostilePeers), client))
	}},
	{"tests of a subscription", func(
		ctx context.Context, h *neighbourhood, address string, client, n int,
	) (int, error) {
		id := h.subscriptions[(client+n)%len(h.subscriptions)]
		return h.send(ctx, address, http.MethodPost, surface+"/subscriptions/"+id+"/test", "")
	}},
	{"subscriptions from the first record", func(
		ctx context.Context, h *neighbourhood, address string, _, _ int,
	) (int, error) {
		sink := fmt.Sprintf(`{"kind":"webhook","url":"http://%s/"}`, h.empty)
		return h.send(ctx, address, http.MethodPost, surface+"/subscriptions",
			`{"name":"hostile","types":["transaction.*"],"fromStart":true,"sink":`+sink+`}`)
	}},
	{"tests of an engine", func(
		ctx context.Context, h *neighbourhood, address string, client, n int,
	) (int, error) {
		id := h.engines[(client+n)%len(h.engines)]
		return h.send(ctx, address, http.MethodPost, surface+"/connections/"+id+"/test", "")
	}},
	{"pulls from hostile vendors", func(
		ctx context.Context, h *neighbourhood, address string, client, n int,
	) (int, error) {
		id := h.hanging[(client+n*hostileClients)%len(h.hanging)]
		return h.send(ctx, address, http.MethodPost, surface+"/aggregator-connections/"+id+"/pulls", "")
	}},
	{"webhooks with a wrong signature", func(
		ctx context.Context, h *neighbourhood, address string, _, _ int,
	) (int, error) {
		return h.send(ctx, address, http.MethodPost, h.evilWebhook, strings.Repeat(" ", 60_000)+"{}")
	}},
}

// send sends a request of the hostile tenant, and reads the response.
func (h *neighbourhood) send(ctx context.Context, address, method, path, body string) (int, error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://"+address+path, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Authorization", "Bearer "+h.evil.token)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := h.evil.client.Do(request)
	if err != nil {
		return 0, err
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode, nil
}

// attackUntil sends the attack's requests until ctx ends, and returns the numbers of responses by status. The status 0
// stands for a request that failed or was cut off by the end.
func (h *neighbourhood) attackUntil(ctx context.Context, address string, all ...attack) map[int]int {
	var mu sync.Mutex
	statuses := map[int]int{}
	var clients sync.WaitGroup
	for _, a := range all {
		for client := range hostileClients {
			clients.Go(func() {
				for n := 0; ctx.Err() == nil; n++ {
					next := time.After(hostileInterval)
					status, err := a.send(ctx, h, address, client, n)
					if err == nil {
						mu.Lock()
						statuses[status]++
						mu.Unlock()
					}
					select {
					case <-next:
					case <-ctx.Done():
					}
				}
			})
		}
	}
	clients.Wait()
	return statuses
}

// view contains what was measured for the good tenant: the 95th percentiles of the delays of reads and webhooks, and
// the time until a pull starts.
type view struct{ read, webhook, pull time.Duration }

func (v view) minus(other view) view {
	return view{v.read - other.read, v.webhook - other.webhook, v.pull - other.pull}
}

// reads returns a load in which the good tenant reads its transactions.
func (h *neighbourhood) reads() load {
	path := surface + "/aggregator-connections/" + h.connection + "/transactions?limit=20"
	return load{
		addresses: []string{h.good.address}, clients: 4, status: http.StatusOK,
		request: func(buf []byte, _, _ int) []byte { return get(buf, path, h.good.token) },
	}
}

// observe measures the good tenant's requests for the given time.
func (h *neighbourhood) observe(ctx context.Context, turn time.Duration) (v view, err error) {
	var reads, webhooks loadResult
	var readErr, webhookErr, pullErr error
	var running sync.WaitGroup
	running.Go(func() { reads, readErr = h.reads().paced(ctx, turn, 60) })
	running.Go(func() {
		webhooks, webhookErr = h.mail.load(4, h.good.address).paced(ctx, turn, 40)
		h.mail.collectAccepted()
	})
	running.Go(func() { v.pull, pullErr = h.pullStart(ctx) })
	running.Wait()
	v.read, v.webhook = reads.percentile(0.95), webhooks.percentile(0.95)
	return v, errors.Join(readErr, webhookErr, pullErr)
}

// pullStart requests a pull of the good tenant, and returns the time until it runs.
func (h *neighbourhood) pullStart(ctx context.Context) (time.Duration, error) {
	begun := time.Now()
	var asked struct{ ID string }
	err := h.good.call(ctx, http.MethodPost, "/aggregator-connections/"+h.connection+"/pulls", nil, http.StatusAccepted,
		&asked)
	for err == nil {
		var pull struct{ Status string }
		err = h.good.call(ctx, http.MethodGet, "/pulls/"+asked.ID, nil, http.StatusOK, &pull)
		if pull.Status != "queued" {
			break
		}
		if time.Since(begun) > time.Minute {
			return 0, errors.New("a pull of the good tenant did not start in a minute")
		}
		time.Sleep(20 * time.Millisecond)
	}
	return time.Since(begun), err
}

// measure measures the effect of one attack on the good tenant.
func (h *neighbourhood) measure(ctx context.Context, a attack) (row, error) {
	var effects []view
	statuses := map[int]int{}
	for round := range h.rounds {
		var seen [2]view
		for i, address := range []string{h.empty, h.good.address} {
			attacking, stop := context.WithCancel(ctx)
			ended := make(chan map[int]int, 1)
			go func() { ended <- h.attackUntil(attacking, address, a) }()
			v, err := h.observe(ctx, h.turn())
			stop()
			if counts := <-ended; i == 1 {
				for status, n := range counts {
					statuses[status] += n
				}
			}
			if err != nil {
				return row{}, fmt.Errorf("%s, %s: %w", h.database, a.name, err)
			}
			seen[i] = v
		}
		effects = append(effects, seen[1].minus(seen[0]))
		h.logf("%s, %s, round %d: %v, with the attack %v", h.database, a.name, round, seen[0], seen[1])
	}
	effect := medianView(effects)
	return row{
		what: h.database + ": " + a.name,
		also: fmt.Sprintf("GET p95 %+d ms, webhook p95 %+d ms, pull start %+d ms; answers %v",
			effect.read.Milliseconds(), effect.webhook.Milliseconds(), effect.pull.Milliseconds(), statuses),
		reach: fmt.Sprintf("≤ +%d, +%d, +%d ms", maxReadEffect.Milliseconds(), maxWebhookEffect.Milliseconds(),
			maxPullEffect.Milliseconds()),
	}, effect.check(h.database + ": " + a.name)
}

// check returns an error if the effect is above a bound.
func (v view) check(what string) error {
	if v.read > maxReadEffect || v.webhook > maxWebhookEffect || v.pull > maxPullEffect {
		return fmt.Errorf("%s: GET p95 %+v, webhook p95 %+v, pull start %+v are above the bounds",
			what, v.read, v.webhook, v.pull)
	}
	return nil
}

func medianView(all []view) view {
	middle := func(of func(view) time.Duration) time.Duration {
		numbers := make([]float64, len(all))
		for i, v := range all {
			numbers[i] = float64(of(v))
		}
		return time.Duration(median(numbers))
	}
	return view{
		middle(func(v view) time.Duration { return v.read }), middle(func(v view) time.Duration { return v.webhook }),
		middle(func(v view) time.Duration { return v.pull }),
	}
}

// soakTogether runs all attacks at the same time for the duration of the flag -soak. It returns an error if the effect
// is above a bound, or if goroutines or sockets are left afterwards.
//
// As in neighbours, the requests are sent to a handler that does nothing first.
func (h *neighbourhood) soakTogether(ctx context.Context) (row, error) {
	rest := h.resources()
	attacking, stop := context.WithCancel(ctx)
	warm := make(chan map[int]int, 1)
	go func() { warm <- h.attackUntil(attacking, h.empty, attacks...) }()
	var quiet []view
	for range 5 {
		v, err := h.observe(ctx, h.turn())
		if err != nil {
			stop()
			return row{}, err
		}
		quiet = append(quiet, v)
	}
	before := medianView(quiet)
	stop()
	<-warm
	attacking, stop = context.WithTimeout(ctx, h.soak)
	defer stop()
	ended := make(chan map[int]int, 1)
	go func() { ended <- h.attackUntil(attacking, h.good.address, attacks...) }()
	var views []view
	memory := 0.0
	for attacking.Err() == nil {
		v, err := h.observe(ctx, h.turn())
		if err != nil {
			return row{}, err
		}
		views, memory = append(views, v.minus(before)), max(memory, h.good.rss())
	}
	statuses := <-ended
	if err := h.leave(ctx); err != nil {
		return row{}, err
	}
	left, err := h.awaitRest(ctx, rest)
	effect := medianView(views)
	return row{
		what: fmt.Sprintf("%s: everything at once for %v", h.database, h.soak),
		also: fmt.Sprintf("GET p95 %+d ms, webhook p95 %+d ms, pull start %+d ms; "+
			"%.0f MiB; before %v, after %v; answers %v",
			effect.read.Milliseconds(), effect.webhook.Milliseconds(), effect.pull.Milliseconds(), memory, rest, left,
			statuses),
	}, errors.Join(effect.check(h.database+": everything at once"), err)
}

// leave deletes the hostile tenant's connections and subscriptions, whose attempts would otherwise go on for days.
func (h *neighbourhood) leave(ctx context.Context) error {
	defer h.evil.client.CloseIdleConnections()
	time.Sleep(10 * time.Second) // afterwards the tenant's rate limit permits these requests
	for _, list := range []string{"/aggregator-connections", "/subscriptions"} {
		for cursor := ""; ; {
			var page struct {
				Items      []struct{ ID string }
				NextCursor string
			}
			err := h.evil.call(ctx, http.MethodGet, list+"?limit=200"+cursor, nil, http.StatusOK, &page)
			if err != nil {
				return err
			}
			for _, item := range page.Items {
				err := h.evil.call(ctx, http.MethodDelete, list+"/"+item.ID, nil, http.StatusNoContent, nil)
				if err != nil {
					return err
				}
			}
			if page.NextCursor == "" {
				break
			}
			cursor = "&cursor=" + page.NextCursor
		}
	}
	return nil
}

// resources are the numbers of goroutines and of open files of the service.
type resources struct{ goroutines, files int }

func (h *neighbourhood) resources() (r resources) {
	files, _ := filepath.Glob("/proc/" + strconv.Itoa(h.good.cmd.Process.Pid) + "/fd/*")
	r.files = len(files)
	response, err := h.good.client.Get("http://" + h.good.admin + "/metrics")
	if err != nil {
		return r
	}
	defer func() { _ = response.Body.Close() }()
	raw, _ := io.ReadAll(response.Body)
	for line := range strings.Lines(string(raw)) {
		if value, ok := strings.CutPrefix(line, "go_goroutines "); ok {
			r.goroutines, _ = strconv.Atoi(strings.TrimSpace(value))
		}
	}
	return r
}

// stacks returns the stacks of the service's goroutines, with the number of goroutines for each.
func (h *neighbourhood) stacks() []byte {
	response, err := h.good.client.Get("http://" + h.good.admin + "/debug/pprof/goroutine?debug=1")
	if err != nil {
		return []byte(err.Error())
	}
	defer func() { _ = response.Body.Close() }()
	raw, _ := io.ReadAll(response.Body)
	return raw
}

// slack is the permitted increase of the number of goroutines and of the number of files. The numbers vary with pools
// and keep-alive connections.
const slack = 60

// awaitRest waits until the service has about as many goroutines and files as before. It returns an error if it has
// more after two minutes.
func (h *neighbourhood) awaitRest(ctx context.Context, before resources) (resources, error) {
	for begun := time.Now(); ; time.Sleep(time.Second) {
		now := h.resources()
		if now.goroutines <= before.goroutines+slack && now.files <= before.files+slack {
			return now, ctx.Err()
		}
		if time.Since(begun) > 2*time.Minute {
			return now, fmt.Errorf("%s: %+v are left, before %+v:\n%s", h.database, now, before, h.stacks())
		}
	}
}

// longDescriptions is a vendor whose pages give one in longEvery transactions a long description.
type longDescriptions struct{ *vendor }

// ServeHTTP changes the descriptions in the pages of transactions.
func (l longDescriptions) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.serveChanged(w, r, func(results []map[string]any) {
		for i := 0; i < len(results); i += longEvery {
			results[i]["description"] = strings.Repeat("SUPERMERCADO ", longDescription/13)
		}
	})
}

// serveChanged responds as ServeHTTP does, but changes the transactions of a page.
func (v *vendor) serveChanged(w http.ResponseWriter, r *http.Request, change func(results []map[string]any)) {
	if r.URL.Path != "/v2/transactions" {
		v.ServeHTTP(w, r)
		return
	}
	seen := &pageRecorder{header: http.Header{}}
	v.ServeHTTP(seen, r)
	var page map[string]json.RawMessage
	var results []map[string]any
	if json.Unmarshal(seen.body.Bytes(), &page) == nil && json.Unmarshal(page["results"], &results) == nil {
		change(results)
		page["results"], _ = json.Marshal(results)
		seen.body.Reset()
		_ = json.NewEncoder(&seen.body).Encode(page)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if seen.status != 0 {
		w.WriteHeader(seen.status)
	}
	_, _ = w.Write(seen.body.Bytes())
}

// pageRecorder is an http.ResponseWriter that keeps the response.
type pageRecorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (r *pageRecorder) Header() http.Header { return r.header }

// WriteHeader implements http.ResponseWriter.
func (r *pageRecorder) WriteHeader(status int) { r.status = status }

// Write implements http.ResponseWriter.
func (r *pageRecorder) Write(p []byte) (int, error) { return r.body.Write(p) }

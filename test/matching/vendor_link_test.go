package matching_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http/httptest"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/plaid"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/plaid/plaidsim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/adapters/system"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// linkScore counts how often matching.Match finds a hidden link. A link of the vendor names the pending row that a
// posted row replaces. The tests hide it from Match.
type linkScore struct {
	links    int // posted rows that name the pending row that they replace
	same     int // of these, rows that were paired with the named row, or with one that nobody can tell from it
	possible int // of these, rows that were not paired, but suggested with the named row
	wrong    int // posted rows that were paired with another row, or that replace none
}

func (s *linkScore) add(o linkScore) {
	s.links, s.same, s.possible, s.wrong = s.links+o.links, s.same+o.same, s.possible+o.possible, s.wrong+o.wrong
}

// TestTheVendorsLinkAsJudge hides the vendor's links. A link names the pending row that a posted row replaces. The
// test compares the verdicts of matching.Match with the hidden links. If the links are not hidden, Match must pair
// each posted row with the row that its link names.
func TestTheVendorsLinkAsJudge(t *testing.T) {
	for name, corpus := range map[string]map[string]linkScore{
		"simulator": judgeSimulator(t), "generated corpus": judgeCorpus(t),
	} {
		all := linkScore{}
		for _, kind := range slices.Sorted(maps.Keys(corpus)) {
			s := corpus[kind]
			logScore(t, name, kind, s)
			if kind != equalPurchase {
				all.add(s)
			}
		}
		logScore(t, name, "all", all)
		precision, found := share(all.same, all.same+all.wrong), share(all.same+all.possible, all.links)
		if all.links == 0 || all.wrong > 0 || found < 0.7 {
			t.Errorf("%s: %d links, precision %.5f, same or possible %.4f", name, all.links, precision, found)
		}
	}
}

func logScore(t *testing.T, corpus, kind string, s linkScore) {
	t.Helper()
	t.Logf("%s | %-49s | %5d links | same %3.0f %% | possible %3.0f %% | wrong %d", corpus, kind, s.links,
		100*share(s.same, max(s.links, 1)), 100*share(s.possible, max(s.links, 1)), s.wrong)
}

// judge hides the links of the new rows (came) and calls matching.Match. It compares the verdicts with the hidden
// links, and adds the result to scores. left contains the rows that the vendor no longer returns. kinds maps the id
// of a new row to the kind of its change.
func judge(t *testing.T, left, came []banktext.Row, kinds map[string]string, scores map[string]linkScore) {
	t.Helper()
	old := map[string]banktext.Row{}
	for _, row := range left {
		old[row.ExternalID] = row
	}
	links := map[string]string{} // the pending row by the posted one
	hidden := slices.Clone(came)
	for i, row := range came {
		if row.Link != "" {
			links[row.ExternalID] = row.Link
		}
		hidden[i].Link = ""
	}
	linked := map[string]string{}
	for _, pair := range matching.Match(left, came, matching.Context{}).Pairs {
		if links[pair.New] != "" {
			linked[pair.New] = pair.Old
		}
	}
	for posted, pending := range links {
		if linked[posted] != pending {
			t.Errorf("%s: with its link, the row was paired with %q", kinds[posted], linked[posted])
		}
	}
	result := matching.Match(left, hidden, matching.Context{})
	partner, suggested := map[string]string{}, map[[2]string]bool{}
	for _, pair := range result.Pairs {
		partner[pair.New] = pair.Old
	}
	for _, s := range result.Suggestions {
		suggested[[2]string{s.Old, s.New}] = true
	}
	for _, row := range hidden {
		s := scores[kinds[row.ExternalID]]
		paired, isPaired := old[partner[row.ExternalID]]
		link, hasLink := links[row.ExternalID]
		if hasLink {
			s.links++
		}
		switch {
		case isPaired && hasLink && looksEqual(paired, old[link]):
			s.same++
		case isPaired:
			s.wrong++
		case hasLink && suggested[[2]string{link, row.ExternalID}]:
			s.possible++
		}
		scores[kinds[row.ExternalID]] = s
	}
}

// looksEqual reports whether two rows are the same row, or have the same amount, date, description and status.
func looksEqual(a, b banktext.Row) bool {
	return a.ExternalID == b.ExternalID ||
		a.Amount.Equal(b.Amount) && a.Date == b.Date && a.Description == b.Description && a.Status == b.Status
}

// judgeCorpus tests Match with the generated changes in which a posted row replaces a pending row, except changes of
// the currency. Match also gets rows of the other changes of the same account. The link of a posted row names the
// pending row of its movement.
func judgeCorpus(t *testing.T) map[string]linkScore {
	t.Helper()
	scores := map[string]linkScore{}
	for seed := range *seeds {
		for account := range *changes / changesPerAccount {
			var left, came []banktext.Row
			kinds, pending := map[string]string{}, map[int][]labelled{}
			all := newGenerator(uint64(seed), uint64(account)).changes(changesPerAccount)
			for _, c := range all {
				for _, row := range c.oldRows {
					left = append(left, row.evidence())
					if row.Status == domain.Pending {
						pending[row.movement] = append(pending[row.movement], row)
					}
				}
			}
			for _, c := range all {
				for _, row := range c.newRows {
					evidence := row.evidence()
					of := pending[row.movement]
					if len(of) == 1 && row.Status == domain.Posted &&
						(of[0].AccountAmount == nil) == (row.AccountAmount == nil) {
						evidence.Link = of[0].ExternalID
					} else if c.continues() {
						continue // another change than from pending to posted
					}
					kinds[row.ExternalID] = c.kind
					came = append(came, evidence)
				}
			}
			judge(t, left, came, kinds, scores)
		}
	}
	return scores
}

// equalPurchase is a kind of change that looks like the posting of a pending row, but the posted row is another
// purchase. No rule can detect the difference.
const equalPurchase = "cancelled, an equal purchase posted (undecidable)"

// posting describes how the simulator replaces a pending row by a posted row.
type posting struct {
	kind string
	// text and amount return the text and the amount of the posted row; nil means that they stay the same.
	text   func(g *generator, text string) string
	amount func(g *generator, amount string) string
	twice  bool // two equal pending rows exist, and both post
	single bool // two equal pending rows exist, and one posts
	other  bool // the pending row vanishes, and the posted row is another movement
}

var cities = []string{" SAN FRANCISCO CA", " NEW YORK NY", " AUSTIN TX", " SEATTLE WA US"}

// postings are the kinds of changes from a pending to a posted row. The texts are written as US banks write them.
var postings = []posting{
	{kind: "nothing changes"},
	{kind: "text: a city is added", text: func(g *generator, s string) string { return s + pick(g, cities...) }},
	{kind: "text: the acquirer's prefix goes", text: func(_ *generator, s string) string { return s[4:] }},
	{kind: "text: numbers change", text: func(g *generator, s string) string { return s + " " + g.digits(9) }},
	{kind: "text: another text", text: func(g *generator, _ string) string {
		return "PURCHASE AUTHORIZED " + g.digits(12)
	}},
	{kind: "amount: a tip", amount: func(g *generator, a string) string { return scaled(a, 110+g.IntN(16)) }},
	{kind: "amount: fuel after a pre-authorisation of 1.00", amount: func(g *generator, _ string) string {
		return fmt.Sprintf("%d.%02d", 20+g.IntN(60), g.IntN(100))
	}},
	{kind: "amount and text: a tip, a city is added", text: func(g *generator, s string) string {
		return s + pick(g, cities...)
	}, amount: func(g *generator, a string) string { return scaled(a, 110+g.IntN(16)) }},
	{kind: "two equal rows, both post", twice: true},
	{kind: "two equal rows, one posts", single: true},
	{kind: "cancelled, another merchant posted", other: true, text: func(g *generator, s string) string {
		return pick(g, "TST*ANOTHER DINER", "SQ *QUITE DIFFERENT BAKERY", "PY *UNRELATED HARDWARE")
	}},
	{kind: equalPurchase, other: true},
}

// scaled returns an amount multiplied by a percentage.
func scaled(amount string, percent int) string {
	m := money(amount, "USD")
	factor, err := domain.ParseAmount(fmt.Sprintf("%d.%02d", percent/100, percent%100))
	if err != nil {
		panic(err)
	}
	return m.Amount.Mul(factor).Round(2).String()
}

var usMerchants = []string{
	"SQ *BISTRO LUNA", "TST*BLUE DOOR CAFE", "SQ *GREEN LEAF SALADS", "PY *HARBOR BIKES", "SP *NORTH LIGHT BOOKS",
	"SQ *CORNER BAKERY", "TST*EL FAROLITO", "SQ *MISSION CUTS", "PY *OAK STREET DELI", "SP *RIVER OUTFITTERS",
	"TST*SUSHI ZEN", "SQ *VELVET COFFEE", "SP *PAPER CRANE", "PY *CITY PARKING", "TST*NOODLE HOUSE",
}

// judgeSimulator tests Match with changes in which the vendor's simulator posts or cancels pending rows. The adapter
// reads these changes from the simulator's stream.
func judgeSimulator(t *testing.T) map[string]linkScore {
	t.Helper()
	scores := map[string]linkScore{}
	for seed := range *seeds {
		v := newPlaid(t, uint64(seed))
		for account := range *changes / changesPerAccount {
			g := newGenerator(uint64(seed), uint64(account)+1<<33)
			before, after, kinds := v.post(t, g)
			judge(t, before, after, kinds, scores)
		}
	}
	return scores
}

// plaidVendor is the vendor's simulator together with an adapter that reads the stream of one Item.
type plaidVendor struct {
	sim      *plaidsim.Simulator
	adapter  *plaid.Adapter
	access   ports.Access
	position string // in the stream; "" before the first read
}

func newPlaid(t *testing.T, seed uint64) *plaidVendor {
	t.Helper()
	sim := plaidsim.New(plaidsim.Options{Seed: seed + 1, Now: func() time.Time { return firstDay }})
	sim.AddClient("client", "secret")
	item := sim.AddItem(plaidsim.Item{})
	server := httptest.NewServer(sim)
	client := vendorhttp.New(vendorhttp.Config{
		AllowHTTP: true, BudgetPerMinute: 1_000_000,
		AllowedCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")},
	})
	t.Cleanup(func() {
		client.Close()
		server.Close()
	})
	credential := domain.AggregatorCredential(domain.SecretText("client"), domain.SecretText("secret")).
		With(domain.PartAccessToken, domain.SecretText(item.AccessToken))
	return &plaidVendor{
		sim: sim, adapter: plaid.New(client, system.Clock{}, plaid.Link{}),
		access: ports.Access{
			Connection: domain.ConnectionID{UUID: uuid.UUID{15: 1}}, BaseURL: server.URL, AccountRef: item.ID,
			Credential: credential,
		},
	}
}

// post adds pending rows to a new account, reads them, and posts or cancels them. It returns the rows that the vendor
// no longer has (left), the new rows (came), and the kind of change of each new row by its id.
func (v *plaidVendor) post(t *testing.T, g *generator) (left, came []banktext.Row, kinds map[string]string) {
	t.Helper()
	item := v.access.AccountRef
	account, err := v.sim.AddAccount(item, plaidsim.Account{
		Type: "credit", Name: "Card", Balances: plaidsim.Balances{Currency: new("USD")},
	})
	noError(t, err)
	type pendingRows struct {
		posting
		day int
		ids []string
	}
	var all []pendingRows
	for range changesPerAccount {
		p := pendingRows{posting: pick(g, postings...), day: g.IntN(60)}
		row := plaidsim.Transaction{
			Account: account.ID, Amount: json.Number(g.price()[1:]), Currency: new("USD"), Channel: "in store",
			Date: string(date(p.day)), Name: pick(g, usMerchants...), Pending: true,
		}
		if p.kind == "amount: fuel after a pre-authorisation of 1.00" {
			row.Amount, row.Name = "1.00", pick(g, "SHELL OIL 57444", "CHEVRON 0091", "SP *SUNSET FUEL")
		}
		copies := 1
		if p.twice || p.single {
			copies = 2
		}
		for range copies {
			added, err := v.sim.Put(item, row)
			noError(t, err)
			p.ids = append(p.ids, added.ID)
		}
		all = append(all, p)
	}
	read, _ := v.read(t)
	pending := map[string]banktext.Row{}
	for _, row := range read {
		pending[row.ExternalID] = seen(row, 1, 1)
	}
	kinds = map[string]string{}
	for _, p := range all {
		for n, id := range p.ids {
			if p.single && n == 1 {
				noError(t, v.sim.Remove(item, id))
				continue
			}
			posted, err := v.sim.Post(item, id, !p.other, func(row *plaidsim.Transaction) {
				row.Date = string(date(p.day + g.IntN(2)))
				if p.text != nil {
					row.Name = p.text(g, row.Name)
				}
				if p.amount != nil {
					row.Amount = json.Number(p.amount(g, row.Amount.String()))
				}
			})
			noError(t, err)
			kinds[posted.ID] = p.kind
		}
	}
	read, removed := v.read(t)
	for _, row := range read {
		came = append(came, seen(row, 2, 2))
	}
	for _, id := range removed {
		left = append(left, pending[id])
	}
	return left, came, kinds
}

// seen returns the row with the numbers of the first and the last listing that contained it.
func seen(row banktext.Row, first, last uint64) banktext.Row {
	row.FirstRead, row.LastRead, row.LearnedAt = first, last, firstDay.AddDate(0, 0, 2)
	return row
}

// read returns the rows that were added since the last call, and the ids of the rows that were removed.
func (v *plaidVendor) read(t *testing.T) (came []banktext.Row, removed []string) {
	t.Helper()
	step := domain.Step{Since: v.position, Sweep: v.position == ""}
	for cursor := ""; ; {
		page, err := v.adapter.Read(t.Context(), v.access, step, nil, cursor)
		noError(t, err)
		for _, raw := range page.Transactions {
			data, err := raw.Normalize()
			noError(t, err)
			came = append(came, v.adapter.RowOf(data, domain.AccountID{UUID: uuid.UUID{15: 1}}))
		}
		removed = append(removed, page.Removed...)
		if cursor = page.Next; cursor == "" {
			v.position = page.StreamPosition
			return came, removed
		}
	}
}

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

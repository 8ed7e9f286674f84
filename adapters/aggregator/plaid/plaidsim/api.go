package plaidsim

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/sim/kit"
)

// request is the body of a request of the API. Like the vendor, the simulator refuses unknown members.
type request struct {
	ClientID    string   `json:"client_id"`
	Secret      string   `json:"secret"`
	AccessToken string   `json:"access_token"`
	Cursor      string   `json:"cursor"`
	Count       *int     `json:"count"`
	Webhook     *string  `json:"webhook"`
	KeyID       string   `json:"key_id"`
	PublicToken string   `json:"public_token"`
	Institution string   `json:"institution_id"`
	Products    []string `json:"initial_products"`
	StartDate   string   `json:"start_date"`
	EndDate     string   `json:"end_date"`
	ClientName  string   `json:"client_name"`
	Language    string   `json:"language"`
	Countries   []string `json:"country_codes"`
	User        *struct {
		ID string `json:"client_user_id"`
	} `json:"user"`
	HostedLink *struct{} `json:"hosted_link"`
	Options    struct {
		Count    *int     `json:"count"`
		Offset   int      `json:"offset"`
		Original bool     `json:"include_original_description"`
		Accounts []string `json:"account_ids"`
		Webhook  string   `json:"webhook"`
	} `json:"options"`
}

// handler serves a request with valid credentials about an Item. It returns the body of the response. The caller holds
// the lock.
type handler func(i *item, in request) (any, *apiError)

// routes returns the handler of the vendor's API.
func (s *Simulator) routes() http.Handler {
	mux := http.NewServeMux()
	for path, h := range map[string]handler{
		"/item/get":             s.getItem,
		"/item/remove":          s.removeItem,
		"/item/webhook/update":  s.updateWebhook,
		"/accounts/get":         s.getAccounts,
		"/liabilities/get":      s.getLiabilities,
		"/transactions/sync":    s.sync,
		"/transactions/get":     s.getTransactions,
		"/transactions/refresh": s.refresh,
		"/link/token/create":    s.createLinkToken,
	} {
		mux.HandleFunc("POST "+path, s.serve(func(in request) (any, *apiError) {
			i, failure := s.itemOf(in.AccessToken)
			if failure == nil {
				failure = i.rateLimited(path)
			}
			if failure != nil {
				return nil, failure
			}
			return h(i, in)
		}))
	}
	mux.HandleFunc("POST /webhook_verification_key/get", s.serve(s.getKey))
	mux.HandleFunc("POST /sandbox/public_token/create", s.serve(s.createPublicToken))
	mux.HandleFunc("POST /item/public_token/exchange", s.serve(s.exchangePublicToken))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { errNotFound.write(w) })
	return mux
}

// serve returns a handler that decodes the request, checks the credentials, and sends the result of fn.
func (s *Simulator) serve(fn func(request) (any, *apiError)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		var in request
		decoder := json.NewDecoder(strings.NewReader(string(body)))
		decoder.DisallowUnknownFields()
		if err == nil {
			err = decoder.Decode(&in)
		}
		switch {
		case err != nil && strings.HasPrefix(err.Error(), "json: unknown field"):
			errUnknownFields.write(w)
			return
		case err != nil:
			errBody.write(w)
			return
		}
		if id := r.Header.Get("PLAID-CLIENT-ID"); id != "" {
			in.ClientID, in.Secret = id, r.Header.Get("PLAID-SECRET")
		}
		s.mu.Lock()
		secret, known := s.secrets[in.ClientID]
		var answer any
		failure := &errKeys
		if known && secret == in.Secret {
			answer, failure = fn(in)
		}
		s.mu.Unlock()
		if failure != nil {
			failure.write(w)
			return
		}
		writeJSON(w, http.StatusOK, answer)
	}
}

// createPublicToken adds an Item without accounts, as if an account holder had linked it. It returns a public token
// that can be exchanged for the access token of the Item.
func (s *Simulator) createPublicToken(in request) (any, *apiError) {
	if in.Institution == "" || len(in.Products) == 0 {
		return nil, &errFields
	}
	i := s.addItem(Item{Webhook: in.Options.Webhook})
	token := "public-sandbox-" + kit.NewID(s.entropy).String()
	s.publicTokens[token] = publicToken{item: i.ID, expires: s.now().Add(publicTokenLifetime)}
	return map[string]any{"public_token": token, "request_id": requestID}, nil
}

// exchangePublicToken serves the access token of an Item. A public token can be exchanged once.
func (s *Simulator) exchangePublicToken(in request) (any, *apiError) {
	token, ok := s.publicTokens[in.PublicToken]
	if !ok || !s.now().Before(token.expires) {
		return nil, &errPublicToken
	}
	delete(s.publicTokens, in.PublicToken)
	for _, i := range s.items {
		if i.ID == token.item {
			return map[string]any{"access_token": i.AccessToken, "item_id": i.ID, "request_id": requestID}, nil
		}
	}
	return nil, &errPublicToken
}

// itemOf returns the Item of an access token. The caller holds the lock.
func (s *Simulator) itemOf(accessToken string) (*item, *apiError) {
	if !strings.HasPrefix(accessToken, "access-") {
		return nil, &errAccessToken
	}
	for _, i := range s.items {
		if i.AccessToken == accessToken && !i.removed {
			return i, nil
		}
	}
	return nil, &errItem
}

// rateLimited returns the error of a request for a path if the Item has exceeded its rate limit, or nil. It counts the
// request.
func (i *item) rateLimited(path string) *apiError {
	if i.RateLimited == 0 {
		return nil
	}
	if i.RateLimited > 0 {
		i.RateLimited--
	}
	failure := errRate
	if code, ok := rateLimitCodes[path]; ok {
		failure.code = code
	}
	return &failure
}

// healthy returns the error of the Item, or nil if it is healthy.
func (i *item) healthy() *apiError {
	if i.Error == "" {
		return nil
	}
	failure := ofItem(i.Error)
	return &failure
}

const requestID = "m8MDnv9okwxFNBV"

// object returns the Item as a JSON object with the vendor's members.
func (i *item) object() map[string]any {
	o := map[string]any{
		"item_id": i.ID, "institution_id": "ins_109508",
		"institution_name": orText(i.Institution, "First Platypus Bank"),
		"webhook":          orNull(i.Webhook), "auth_method": nil, "error": nil,
		"available_products": []string{"balance", "auth", "liabilities"},
		"billed_products":    []string{"transactions"}, "products": []string{"transactions"},
		"consented_products": []string{"transactions"}, "consent_expiration_time": nil, "update_type": "background",
	}
	if i.liabilities != nil {
		o["available_products"] = []string{"balance", "auth"}
		for _, name := range []string{"billed_products", "products", "consented_products"} {
			o[name] = []string{"liabilities", "transactions"}
		}
	}
	if failure := i.healthy(); failure != nil {
		o["error"] = failure.member()
	}
	if !i.ConsentExpiresAt.IsZero() {
		o["consent_expiration_time"] = i.ConsentExpiresAt.UTC().Format(time.RFC3339)
	}
	return o
}

func orText(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func (s *Simulator) getItem(i *item, _ request) (any, *apiError) {
	return map[string]any{
		"item": i.object(), "request_id": requestID,
		"status": map[string]any{
			"transactions": map[string]any{
				"last_successful_update": i.updated.UTC().Format(time.RFC3339), "last_failed_update": nil,
			},
			"last_webhook": map[string]any{"sent_at": nil, "code_sent": orNull(i.code)},
		},
	}, nil
}

func (s *Simulator) removeItem(i *item, _ request) (any, *apiError) {
	i.removed = true
	return map[string]any{"request_id": requestID}, nil
}

func (s *Simulator) updateWebhook(i *item, in request) (any, *apiError) {
	i.Webhook = ""
	if in.Webhook != nil {
		i.Webhook = *in.Webhook
	}
	return map[string]any{"item": i.object(), "request_id": requestID}, nil
}

func (s *Simulator) getAccounts(i *item, _ request) (any, *apiError) {
	if failure := i.healthy(); failure != nil {
		return nil, failure
	}
	return map[string]any{"accounts": i.accounts, "item": i.object(), "request_id": requestID}, nil
}

// getTransactions serves the rows of a window of dates, the newest first.
func (s *Simulator) getTransactions(i *item, in request) (any, *apiError) {
	if failure := i.healthy(); failure != nil {
		return nil, failure
	}
	rows := []Transaction{}
	for _, id := range sortedIDs(i.rows) {
		if row := i.rows[id]; row.Date >= in.StartDate && row.Date <= in.EndDate {
			rows = append(rows, in.shown(row))
		}
	}
	sort.SliceStable(rows, func(i, j int) bool { return rows[j].Date < rows[i].Date })
	total, count := len(rows), s.pageSize(in.Options.Count)
	from := min(in.Options.Offset, total)
	return map[string]any{
		"accounts": i.accounts, "transactions": rows[from:min(from+count, total)], "total_transactions": total,
		"item": i.object(), "request_id": requestID,
	}, nil
}

// shown returns the row without its original description, unless the request asks for that.
func (in request) shown(row Transaction) Transaction {
	if !in.Options.Original {
		row.Original = nil
	}
	return row
}

func sortedIDs(rows map[string]Transaction) []string { return slices.Sorted(maps.Keys(rows)) }

func (s *Simulator) refresh(i *item, _ request) (any, *apiError) {
	if i.NoRefresh {
		return nil, &errProduct
	}
	if failure := i.healthy(); failure != nil {
		return nil, failure
	}
	i.updated = s.now()
	return map[string]any{"request_id": requestID}, nil
}

// createLinkToken serves a link token for the update mode of the hosted page.
func (s *Simulator) createLinkToken(_ *item, in request) (any, *apiError) {
	if in.ClientName == "" || in.Language == "" || len(in.Countries) == 0 || in.User == nil || in.HostedLink == nil {
		return nil, &errBody
	}
	return map[string]any{
		"link_token":      "link-sandbox-" + s.newID(),
		"hosted_link_url": "https://secure.plaid.com/link/" + strings.ToLower(s.newID()),
		"expiration":      s.now().Add(30 * time.Minute).UTC().Format(time.RFC3339), "request_id": requestID,
	}, nil
}

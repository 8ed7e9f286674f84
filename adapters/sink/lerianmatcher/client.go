package lerianmatcher

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/adapters/egress"
	"github.com/LerianStudio/aggregator-connections/adapters/sink/settings"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/domain/lerianmatcher"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Bounds of responses.
const (
	maxBody       = 2 << 20 // a page of transactions has at most 200 items
	pageSize      = 200     // the largest page that Matcher returns
	maxJobPages   = 5
	maxPages      = 20 // of the transactions of an import: a file has at most 2,000 rows
	maxRetryAfter = time.Hour
	maxAnswer     = 32 << 10 // of the text in which secrets are searched; longer than a token
	maxTextLength = 1000     // of a text that Matcher shows, in characters
)

// client implements ports.MatcherClient.
type client struct {
	options   Options
	base      *url.URL
	tokens    tokenSource
	transport *egress.Transport // for calls
	uploads   *egress.Transport
	leave     func()
	err       error             // if not nil, the target cannot be used
	answer    events.SinkAnswer // see Answer
}

var _ ports.MatcherClient = (*client)(nil)

func newClient(o Options, tenant domain.TenantID) *client {
	dial := egress.DialFunc(o.Guard.Dial)
	c := &client{options: o, leave: func() {}}
	transport := func(timeout time.Duration) *egress.Transport {
		return egress.NewTransport(egress.TransportConfig{
			Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
				return dial(ctx, network, address)
			},
			TLS: o.TLS, Timeout: timeout, MaxBody: maxBody, MaxConns: 1, MaxIdle: 2, MaxIdlePerHost: 1,
			IdleTimeout: time.Minute,
		})
	}
	c.transport, c.uploads = transport(o.Timeout), transport(o.UploadTimeout)
	if o.Shares != nil {
		connections := o.Shares.Join(tenant, c.closeIdle)
		dial, c.leave = connections.Dial(dial), connections.Leave
	}
	return c
}

func (c *client) closeIdle() {
	c.transport.CloseIdleConnections()
	c.uploads.CloseIdleConnections()
}

// Close implements ports.MatcherClient.
func (c *client) Close() {
	c.closeIdle()
	c.leave()
}

// Answer implements ports.MatcherClient.
func (c *client) Answer() events.SinkAnswer { return c.answer }

// call is one request to Matcher.
type call struct {
	method      string
	path        string // after the base URL, and after "/v1/imports/contexts/" and the id of the context
	query       url.Values
	contentType string
	body        []byte
	upload      bool
}

// do makes a call. If result is not nil, do decodes the body of a successful response into it. If Matcher does not
// accept the token, do renews the token and repeats the call once. status is 0 if there was no response.
func (c *client) do(ctx context.Context, t lerianmatcher.Target, r call, result any) (status int, err error) {
	c.answer = events.SinkAnswer{}
	if c.err != nil {
		return 0, c.err
	}
	for renewed := false; ; renewed = true {
		authorization, err := c.authorization(ctx, renewed)
		if err != nil {
			return 0, err
		}
		status, err = c.exchange(ctx, t, r, authorization, result)
		if status != http.StatusUnauthorized || renewed || !c.tokens.renewable() {
			return status, err
		}
	}
}

func (c *client) exchange(
	ctx context.Context, t lerianmatcher.Target, r call, authorization string, result any,
) (status int, err error) {
	base := *c.base
	base.Path = "/" + strings.TrimLeft(base.Path, "/") // otherwise JoinPath returns a relative path
	target := base.JoinPath("v1", "imports", "contexts", t.Context, r.path)
	target.RawQuery = r.query.Encode()
	header := http.Header{"Accept": {"application/json"}}
	if authorization != "" {
		header.Set("Authorization", authorization)
	}
	if r.contentType != "" {
		header.Set("Content-Type", r.contentType)
	}
	if r.method == http.MethodPost {
		// Without an idempotency key, Matcher treats a request with an equal body as a repetition. For days, it
		// returns the response to the earlier request. If Matcher was stopped during the earlier request, it refuses
		// the new request for minutes.
		header.Set("X-Idempotency-Key", uuid.NewString())
	}
	transport := c.transport
	if r.upload {
		transport = c.uploads
	}
	return c.send(ctx, transport, r.method, target, header, r.body, result)
}

// send sends a request and decodes a successful response.
func (c *client) send(
	ctx context.Context, transport *egress.Transport, method string, target *url.URL, header http.Header, body []byte,
	result any,
) (status int, err error) {
	header.Set("User-Agent", c.options.UserAgent)
	req := (&http.Request{
		Method: method, URL: target, Host: target.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header,
	}).WithContext(ctx)
	if body != nil {
		req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
	response, err := transport.RoundTrip(req)
	if err != nil {
		return 0, egress.TransportError(ctx, err)
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, egress.TransportError(ctx, err)
	}
	if response.StatusCode/100 != 2 {
		c.answer = events.NewSinkAnswer(response.StatusCode, c.shown(content))
		return response.StatusCode, c.refused(response)
	}
	c.answer = events.SinkAnswer{}
	if result != nil && json.Unmarshal(content, result) != nil {
		return response.StatusCode, unreachable("a response that cannot be read")
	}
	return response.StatusCode, nil
}

// shown returns the beginning of an answer without the secrets of the subscription.
func (c *client) shown(content []byte) []byte {
	cut := len(content) > maxAnswer
	return settings.WithoutSecrets(content[:min(len(content), maxAnswer)], cut, c.tokens.secrets())
}

// refused returns the error for a status that is not a success.
func (c *client) refused(response *http.Response) *domain.Error {
	wait, _ := domain.ParseRetryAfter(response.Header.Get("Retry-After"), c.options.Clock.Now())
	e := &domain.Error{
		Kind: domain.Unavailable, Code: domain.SinkRefused, RetryAfter: min(wait, maxRetryAfter),
		Message: "status " + strconv.Itoa(response.StatusCode), Cause: ports.ErrTargetRefused,
	}
	switch {
	case response.StatusCode >= http.StatusInternalServerError: // a proxy may have lost the response
		e.Code, e.Cause = domain.SinkUnreachable, nil
	case response.StatusCode == http.StatusTooManyRequests:
		e.Cause = ports.ErrRateLimited
	case response.StatusCode/100 != 4 || response.StatusCode == http.StatusUnauthorized:
		e.Cause = nil
	}
	return e
}

func unreachable(message string) *domain.Error {
	return &domain.Error{Kind: domain.Unavailable, Code: domain.SinkUnreachable, Message: message}
}

// row is a row of a file. It has the members of the statement format "matcher".
type row struct {
	ExternalID    string `json:"external_id"`
	TransactionID string `json:"transaction_id"`
	Amount        string `json:"amount"`
	Currency      string `json:"currency"`
	Date          string `json:"date"`
	Description   string `json:"description"`
	Reference     string `json:"reference,omitempty"`
	Counterparty  string `json:"counterparty,omitempty"`
	Type          string `json:"type"`
}

// encodeRow returns a row as JSON. The same content always has the same bytes.
func encodeRow(r ports.MatcherRow) []byte {
	c := r.Content
	direction := "credit"
	if c.Amount.IsNegative() {
		direction = "debit"
	}
	encoded, _ := json.Marshal(row{ // a struct of valid strings can always be encoded
		ExternalID: c.ExternalID, TransactionID: r.Record.String(), Amount: c.Amount.String(), Currency: c.Currency,
		Date: string(c.Date), Description: c.Description, Reference: c.Reference, Counterparty: c.Counterparty,
		Type: direction,
	}, json.Deterministic(true))
	return encoded
}

// RowSize implements ports.MatcherClient. The result includes the comma after the row.
func (*client) RowSize(r ports.MatcherRow) int { return len(encodeRow(r)) + 1 }

// job is an import as Matcher's API returns it.
type job struct {
	ID         string `json:"id"`
	SourceID   string `json:"sourceId"`
	Status     string `json:"status"`
	FileName   string `json:"fileName"`
	TotalRows  int    `json:"totalRows"`
	FailedRows int    `json:"failedRows"`
}

func (j job) port() ports.MatcherJob {
	return ports.MatcherJob{
		ID: j.ID, Done: j.Status == "COMPLETED" || j.Status == "FAILED", Rows: j.TotalRows, FailedRows: j.FailedRows,
	}
}

// Upload implements ports.MatcherClient. Matcher answers when the import has ended.
func (c *client) Upload(
	ctx context.Context, t lerianmatcher.Target, file string, rows []ports.MatcherRow,
) (ports.MatcherJob, error) {
	body, contentType := encodeFile(file, rows)
	var j job
	status, err := c.do(ctx, t, call{
		method: http.MethodPost, path: "sources/" + t.Source + "/upload", contentType: contentType, body: body,
		upload: true,
	}, &j)
	var failure *domain.Error
	switch {
	case err == nil && !isID(j.ID):
		return ports.MatcherJob{}, unreachable("a response without an import")
	case status == http.StatusBadRequest || status == http.StatusRequestEntityTooLarge ||
		status == http.StatusUnprocessableEntity:
		return ports.MatcherJob{}, &domain.Error{Kind: domain.Rejected, Code: domain.SinkRefused, Cause: err}
	case status == http.StatusInternalServerError && errors.As(err, &failure):
		failed := *failure
		failed.Cause = ports.ErrUploadFailed
		return ports.MatcherJob{}, &failed
	}
	return j.port(), err
}

// encodeFile returns the body of an upload, and its media type.
func encodeFile(file string, rows []ports.MatcherRow) (body []byte, contentType string) {
	var buffer bytes.Buffer
	form := multipart.NewWriter(&buffer)
	_ = form.WriteField("format", "json") // a buffer returns no errors
	part, _ := form.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="file"; filename="` + file + `"`},
		"Content-Type":        {"application/json"},
	})
	for i, r := range rows {
		separator := ","
		if i == 0 {
			separator = "["
		}
		_, _ = io.WriteString(part, separator)
		_, _ = part.Write(encodeRow(r))
	}
	_, _ = io.WriteString(part, "]")
	_ = form.Close()
	return buffer.Bytes(), form.FormDataContentType()
}

// page is one page of a list that Matcher's API returns.
type page[T any] struct {
	Items      []T    `json:"items"`
	NextCursor string `json:"nextCursor"`
}

// FindJob implements ports.MatcherClient. It lists the imports, newest first.
func (c *client) FindJob(ctx context.Context, t lerianmatcher.Target, file string) (ports.MatcherJob, error) {
	query := url.Values{
		"limit": {strconv.Itoa(pageSize)}, "sort_by": {"created_at"}, "sort_order": {"desc"},
	}
	for range maxJobPages {
		var jobs page[job]
		if _, err := c.do(ctx, t, call{method: http.MethodGet, path: "jobs", query: query}, &jobs); err != nil {
			return ports.MatcherJob{}, err
		}
		for _, j := range jobs.Items {
			if j.FileName == file && strings.EqualFold(j.SourceID, t.Source) && isID(j.ID) {
				return j.port(), nil
			}
		}
		if jobs.NextCursor == "" || len(jobs.Items) == 0 {
			break
		}
		query.Set("cursor", jobs.NextCursor)
	}
	return ports.MatcherJob{}, domain.NotFoundError()
}

// probe tests the connection: it asks Matcher for one import.
func (c *client) probe(ctx context.Context, t lerianmatcher.Target) error {
	_, err := c.do(ctx, t, call{method: http.MethodGet, path: "jobs", query: url.Values{"limit": {"1"}}}, nil)
	return err
}

// transaction is a transaction as Matcher's API returns it.
type transaction struct {
	ID          string `json:"id"`
	SourceID    string `json:"sourceId"`
	ExternalID  string `json:"externalId"`
	Amount      string `json:"amount"`
	Currency    string `json:"currency"`
	Date        string `json:"date"` // RFC 3339
	Description string `json:"description"`
	Status      string `json:"status"`
}

// domain converts t to a lerianmatcher.Transaction. ok is false if a member of t is invalid.
func (t transaction) domain() (_ lerianmatcher.Transaction, ok bool) {
	amount, err := decimal.NewFromString(t.Amount)
	if err != nil || len(t.Amount) > 64 || !isID(t.ID) {
		return lerianmatcher.Transaction{}, false
	}
	day, _, _ := strings.Cut(t.Date, "T")
	date, err := domain.ParseDate(day)
	return lerianmatcher.Transaction{
		ID: t.ID, ExternalID: t.ExternalID, Status: lerianmatcher.Status(strings.ToUpper(t.Status)), Amount: amount,
		Currency: truncate(t.Currency), Date: date, Description: truncate(t.Description),
	}, err == nil
}

func truncate(text string) string {
	text = strings.ToValidUTF8(text, "�")
	for i := range text {
		if i >= maxTextLength {
			return text[:i]
		}
	}
	return text
}

func isID(text string) bool {
	_, err := uuid.Parse(text)
	return err == nil && len(text) == 36
}

// JobTransactions implements ports.MatcherClient.
func (c *client) JobTransactions(
	ctx context.Context,
	t lerianmatcher.Target,
	job string,
) ([]lerianmatcher.Transaction, error) {
	var all []lerianmatcher.Transaction
	query := url.Values{"limit": {strconv.Itoa(pageSize)}}
	for range maxPages {
		var found page[transaction]
		_, err := c.do(ctx, t, call{
			method: http.MethodGet, path: "jobs/" + job + "/transactions", query: query,
		}, &found)
		if err != nil {
			return nil, err
		}
		for _, shown := range found.Items {
			one, ok := shown.domain()
			if !ok {
				return nil, unreachable("a transaction that cannot be read")
			}
			all = append(all, one)
		}
		if found.NextCursor == "" || len(found.Items) == 0 {
			break
		}
		query.Set("cursor", found.NextCursor)
	}
	return all, nil
}

// FindTransaction implements ports.MatcherClient. Matcher compares the parameter reference with the whole external id.
func (c *client) FindTransaction(
	ctx context.Context, t lerianmatcher.Target, externalID string,
) (lerianmatcher.Transaction, error) {
	var found page[transaction]
	_, err := c.do(ctx, t, call{method: http.MethodGet, path: "transactions/search", query: url.Values{
		"reference": {externalID}, "source_id": {t.Source}, "limit": {"50"},
	}}, &found)
	if err != nil {
		return lerianmatcher.Transaction{}, err
	}
	for _, shown := range found.Items {
		if shown.ExternalID == externalID && strings.EqualFold(shown.SourceID, t.Source) {
			if one, ok := shown.domain(); ok {
				return one, nil
			}
			return lerianmatcher.Transaction{}, unreachable("a transaction that cannot be read")
		}
	}
	return lerianmatcher.Transaction{}, domain.NotFoundError()
}

// IgnoreTransaction implements ports.MatcherClient.
func (c *client) IgnoreTransaction(ctx context.Context, t lerianmatcher.Target, id, reason string) error {
	body, _ := json.Marshal(struct { // a string can always be encoded
		Reason string `json:"reason"`
	}{reason})
	status, err := c.do(ctx, t, call{
		method: http.MethodPost, path: "transactions/" + id + "/ignore", contentType: "application/json", body: body,
	}, nil)
	switch status {
	case http.StatusNotFound:
		return domain.NotFoundError()
	case http.StatusConflict:
		return &domain.Error{Kind: domain.Conflict, Code: domain.NotOffered}
	}
	return err
}

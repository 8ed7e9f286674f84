package rest

import (
	"errors"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"
	"go.uber.org/zap"

	"github.com/LerianStudio/aggregator-connections/adapters/rest/operation"
	"github.com/LerianStudio/aggregator-connections/domain"
)

const signatureHeader = "X-Webhook-Signature"

// errUnknownVendor is the reason for refusing a webhook request whose path contains a vendor that is not configured.
var errUnknownVendor = errors.New("unknown vendor")

// webhookRoute describes the receiver in the access log and in metrics, because the route table does
// not contain it.
var webhookRoute = &route{method: http.MethodPost, path: webhookPath}

// receiveWebhook receives a webhook request from an aggregator. It refuses an unknown vendor before it reads the body,
// and limits the rate of requests per token. The application verifies the token, the body, the webhook signature, the
// Authorization value and the client's address.
//
// All 401 responses are identical and do not even contain the vendor. The reason for a 401 is logged. The vendor is
// logged only if it is configured, because an unknown name in the path may be any text, even a token.
func (s *server) receiveWebhook(c echo.Context) error {
	r := c.Request()
	x := exchangeOf(r.Context())
	x.instance = webhookPath
	s.enterRoute(c, x, webhookRoute)
	vendor := domain.Vendor(c.Param("vendor"))
	if !slices.Contains(s.Vendors, vendor) {
		err := &domain.Error{Kind: domain.Unauthenticated, Cause: errUnknownVendor}
		s.logUnauthenticated(r, x, err, zap.String("vendor", "unknown"))
		return err
	}
	token := c.Param("token")
	if err := s.webhookLimiter.allow(token, s.Clock.Now()); err != nil {
		return err
	}
	raw, err := s.readBody(c, x, maxWebhookBody)
	if err != nil {
		return err
	}
	_, err = s.service.Receive(r.Context(), domain.WebhookRequest{
		Vendor: vendor, Token: token, Body: raw,
		Signature: r.Header.Get(signatureHeader), Authorization: r.Header.Get(echo.HeaderAuthorization),
		Peer: clientAddress(r, s.TrustedProxies), Header: r.Header.Get,
	})
	if err != nil {
		s.logUnauthenticated(r, x, err, zap.String("vendor", string(vendor)))
		return err
	}
	status := http.StatusAccepted
	if slices.Contains(s.AnswersOK, vendor) {
		status = http.StatusOK
	}
	c.Response().WriteHeader(status)
	return nil
}

// describeReceiver adds the webhook receiver to the OpenAPI document. The route table does not contain it,
// because it is a plain Echo handler.
func (s *server) describeReceiver(doc *operation.Document) {
	text := &operation.Schema{Type: operation.TypeString}
	op := &operation.Operation{
		OperationID: "receive-webhook",
		Tags:        []string{"Webhook receiver"},
		Summary:     "Receive a webhook from an aggregator",
		Description: "Called by the aggregator. Two things are required: the token in the path, and one proof of the " +
			"source (webhook signature, shared Authorization value, or source address). Every failed verification " +
			"gets the same 401. A duplicate event also gets a 202.",
		Security: []map[string][]string{},
		Parameters: []*operation.Parameter{
			{Name: "vendor", In: "path", Required: true, Schema: s.vendorSchema(), Description: "The aggregator"},
			{Name: "token", In: "path", Required: true, Schema: text, Description: "The webhook token"},
			{
				Name: signatureHeader, In: "header", Schema: text,
				Description: "Hex HMAC-SHA256 of the raw body, with or without the prefix sha256=. Or v1,sha256= and " +
					"the hex HMAC-SHA256 of v1:, the value of X-Webhook-Timestamp, a dot and the raw body",
			},
			{
				Name: "X-Webhook-Timestamp", In: "header", Schema: text,
				Description: "When the request was signed, in Unix seconds, at most 5 minutes ago. Only for " +
					"signatures that begin with v1",
			},
			{
				Name: echo.HeaderAuthorization, In: "header", Schema: text,
				Description: "The value that the aggregator was configured to send",
			},
		},
		RequestBody: &operation.RequestBody{Required: true, Content: map[string]*operation.MediaType{
			jsonType: {Schema: &operation.Schema{
				Description: "The aggregator's event, at most 1 MiB",
				Examples: []any{map[string]any{
					"event": "item/updated", "eventId": "e6f1a2b3-0c4d-4e5f-8a7b-9c0d1e2f3a4b",
					"itemId": "7d2f9c1e-0b5a-4c3d-8e6f-1a2b3c4d5e6f",
				}},
			}},
		}},
		Responses: map[string]*operation.Response{
			"202": {Description: "The delivery is stored and its pull is requested"},
		},
	}
	if len(s.AnswersOK) > 0 {
		op.Responses["200"] = &operation.Response{
			Description: "As 202, for a vendor that sends a webhook again after any other status",
		}
	}
	for _, status := range []int{
		http.StatusUnauthorized, http.StatusMethodNotAllowed, http.StatusRequestTimeout,
		http.StatusRequestEntityTooLarge,
		http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable,
	} {
		op.Responses[statusText(status)] = s.problemResponse(webhookRoute, status)
	}
	doc.Add(http.MethodPost, webhookPath, op)
}

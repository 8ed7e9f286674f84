package rest

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"github.com/LerianStudio/aggregator-connections/domain"
)

const signatureHeader = "X-Webhook-Signature"

// receive lets an aggregator knock. Whatever keeps a knock out is the same 401: not even
// the vendor of the path comes back.
func (s *server) receive(c echo.Context) error {
	r := c.Request()
	exchangeOf(r.Context()).instance = webhookPath
	token := c.Param("token")
	if err := s.webhooks.spend(token, s.Clock.Now()); err != nil {
		return err
	}
	raw, err := readBody(c, maxDelivery)
	if err != nil {
		return err
	}
	vendor, err := domain.ParseVendor(c.Param("vendor"))
	if err != nil {
		return &domain.Error{Kind: domain.Unauthenticated, Cause: err}
	}
	_, err = s.service.Receive(r.Context(), domain.WebhookRequest{
		Vendor: vendor, Token: token, Body: raw,
		Signature: r.Header.Get(signatureHeader), Authorization: r.Header.Get(echo.HeaderAuthorization),
		Peer: caller(r, s.TrustedProxies),
	})
	if err != nil {
		return err
	}
	c.Response().WriteHeader(http.StatusAccepted)
	return nil
}

// describeReceiver writes the receiver into the OpenAPI document, which huma cannot see.
func (s *server) describeReceiver(doc *huma.OpenAPI) {
	text := &huma.Schema{Type: huma.TypeString}
	op := &huma.Operation{
		OperationID: "receive-webhook", Method: http.MethodPost, Path: webhookPath, Tags: []string{"Webhook receiver"},
		Summary:     "Where an aggregator delivers",
		Description: "Called by the aggregator. The path's token and one proof of the source (signature, shared Authorization value, or source address) are both required; every failure is the same 401. A repeated event is a 202 too.",
		Security:    []map[string][]string{},
		Parameters: []*huma.Param{
			{Name: "vendor", In: "path", Required: true, Schema: s.vendorSchema()},
			{Name: "token", In: "path", Required: true, Schema: text},
			{Name: signatureHeader, In: "header", Schema: text, Description: "Hex HMAC-SHA256 of the raw body, with or without the prefix sha256="},
			{Name: echo.HeaderAuthorization, In: "header", Schema: text, Description: "The value the aggregator was told to send"},
		},
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{jsonType: {Schema: &huma.Schema{Description: "The aggregator's event, at most 1 MiB"}}}},
		Responses:   map[string]*huma.Response{"202": {Description: "Stored, and its pull asked for"}},
	}
	for _, status := range []int{http.StatusUnauthorized, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable} {
		op.Responses[statusText(status)] = s.problemResponse(status)
	}
	doc.AddOperation(op)
}

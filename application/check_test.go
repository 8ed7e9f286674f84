package application_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

func TestConnectionTestFoldsIntoFiveReasons(t *testing.T) {
	tests := map[string]struct {
		failure error
		want    domain.Code
	}{
		"well":                  {nil, ""},
		"credential":            {rejected(domain.CredentialRejected), domain.CredentialRejected},
		"denied":                {rejected(domain.AccessDenied), domain.CredentialRejected},
		"account":               {rejected(domain.AccountNotFound), domain.AccountNotFound},
		"egress":                {rejected(domain.AddressNotAllowed), domain.AddressNotAllowed},
		"a 429":                 {unavailable(domain.VendorRateLimited), domain.VendorRateLimited},
		"our own budget":        {unavailable(domain.BudgetExhausted), domain.VendorRateLimited},
		"a 5xx":                 {unavailable(domain.VendorUnreachable), domain.VendorUnreachable},
		"a broken body":         {unavailable(domain.MalformedResponse), domain.VendorUnreachable},
		"a failure of no kind":  {errors.New("what"), domain.VendorUnreachable},
		"a sealed one, foreign": {rejected(domain.CredentialUnopened), domain.CredentialRejected},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.connection("books")
			b.vendor.onCheck = func() error { return test.failure }
			result, err := b.TestConnection(b.ctx, b.tenant, "pluggy", "books")
			b.ok(err)
			want := ports.TestResult{
				Vendor: "pluggy", Name: "books", Healthy: test.want == "", Reason: test.want, Latency: result.Latency,
			}
			if diff := cmp.Diff(want, result); diff != "" {
				t.Error(diff)
			}
			if result.Latency <= 0 {
				t.Error("no latency")
			}
			checks := noted[ports.VendorChecked](b.seen)
			if len(checks) != 1 || !errors.Is(checks[0].Err, test.failure) {
				t.Errorf("observed %v", checks)
			}
		})
	}
}

func TestConnectionTestNamesEveryFieldAtOnce(t *testing.T) {
	b := newBench(t)
	_, err := b.TestConnection(b.ctx, b.tenant, "nobody", "")
	b.fails(err, domain.Invalid)
	if diff := cmp.Diff([]string{"vendor", "configName"}, fields(err)); diff != "" {
		t.Error(diff)
	}
	_, err = b.TestConnection(b.ctx, b.tenant, "pluggy", "absent")
	b.fails(err, domain.NotFound)
}

// Only what the vendor refuses for good says something of the connection.
func TestHealthMovesWithVerdictsOnly(t *testing.T) {
	b := newBench(t)
	c := b.connection("books")
	look := func(failure error) domain.Health {
		b.vendor.onCheck = func() error { return failure }
		_, err := b.TestConnection(b.ctx, b.tenant, "pluggy", "books")
		b.ok(err)
		return b.health(c)
	}
	if h := look(unavailable(domain.VendorUnreachable)); h.StatusOrUnknown() != domain.Unknown {
		t.Errorf("a passing fault gave %+v", h)
	}
	well := look(nil)
	if well.Status != domain.Healthy {
		t.Errorf("got %+v", well)
	}
	if h := look(unavailable(domain.VendorRateLimited)); h != well {
		t.Errorf("a passing fault moved it: %+v", h)
	}
	ill := look(rejected(domain.CredentialRejected))
	if ill.Status != domain.Unhealthy || ill.Reason != domain.CredentialRejected || !ill.NeedsReauth {
		t.Errorf("got %+v", ill)
	}
	b.vendor.standing.NeedsReauth = true
	if h := look(nil); h.Status != domain.Healthy || !h.NeedsReauth || !h.Since.After(ill.Since) {
		t.Errorf("got %+v", h)
	}
}

// What was seen of the old credential says nothing of the one that replaced it.
func TestHealthIgnoresALookAtWhatIsReplaced(t *testing.T) {
	b := newBench(t)
	c := b.connection("books")
	b.vendor.onCheck = func() error {
		b.rotate(c, "right")
		return rejected(domain.CredentialRejected)
	}
	result, err := b.TestConnection(b.ctx, b.tenant, "pluggy", "books")
	b.ok(err)
	if result.Healthy {
		t.Error("the look itself failed, and must say so")
	}
	if h := b.health(c); h.StatusOrUnknown() != domain.Unknown {
		t.Errorf("the new credential is %+v", h)
	}
}

// A re-encryption replaces the bytes, and nothing of what they hold.
func TestHealthSurvivesAReseal(t *testing.T) {
	b := newBench(t)
	c := b.connection("books")
	b.vendor.onCheck = func() error {
		b.sealer.primary++
		_, err := b.Reseal(b.ctx)
		return err
	}
	_, err := b.TestConnection(b.ctx, b.tenant, "pluggy", "books")
	b.ok(err)
	if h := b.health(c); h.Status != domain.Healthy {
		t.Errorf("got %+v", h)
	}
}

func TestAConnectionDeletedDuringItsTest(t *testing.T) {
	b := newBench(t)
	c := b.connection("books")
	b.vendor.onCheck = func() error { return b.DeleteConnection(b.ctx, b.tenant, c.ID, nil) }
	result, err := b.TestConnection(b.ctx, b.tenant, "pluggy", "books")
	b.ok(err)
	if !result.Healthy {
		t.Error("the look succeeded")
	}
}

func TestACallerWhoLeavesGetsNoVerdict(t *testing.T) {
	b := newBench(t)
	c := b.connection("books")
	ctx, cancel := context.WithCancel(b.ctx)
	b.vendor.onCheck = func() error {
		cancel()
		return rejected(domain.CredentialRejected)
	}
	_, err := b.TestConnection(ctx, b.tenant, "pluggy", "books")
	b.fails(err, context.Canceled)
	if h := b.health(c); h.StatusOrUnknown() != domain.Unknown {
		t.Errorf("got %+v", h)
	}
}

func TestACallerWhoLeavesAnEngineTest(t *testing.T) {
	b := newBench(t)
	c := b.engine("warehouse")
	ctx, cancel := context.WithCancel(b.ctx)
	b.sealer.meantime = cancel
	_, err := b.TestEngine(ctx, b.tenant, c.ID)
	b.fails(err, context.Canceled)
}

// A session may outlive the credential it was granted for: a test presents it anew, where
// the aggregator can.
func TestAConnectionTestTrustsNoSession(t *testing.T) {
	b := newBench(t)
	b.deps.Aggregators = []ports.Aggregator{verifier{b.vendor}}
	c := b.connection("books")
	service := b.again()
	result, err := service.TestConnection(b.ctx, b.tenant, "pluggy", "books")
	b.ok(err)
	if result.Reason != domain.AccountNotFound || b.vendor.checks != 0 {
		t.Errorf("got %+v after %d checks", result, b.vendor.checks)
	}
	if h := b.health(c); h.Reason != domain.AccountNotFound {
		t.Errorf("got %+v", h)
	}
}

type verifier struct{ *vendor }

func (verifier) Verify(context.Context, ports.Access) (domain.LinkStatus, error) {
	return domain.LinkStatus{}, rejected(domain.AccountNotFound)
}

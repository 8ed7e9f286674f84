package application_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// maxTest is how long the vendor calls of a connection test may take together. A whole test may take 20 s. 7 s of
// them are for waiting for a slot and for closing a connection.
const maxTest = 20*time.Second - 7*time.Second

// slowVendor answers Check just before the time limit for a vendor call, and never answers Consent.
type slowVendor struct{ consentVendor }

func (v *slowVendor) Check(ctx context.Context, a ports.Access) (domain.LinkStatus, error) {
	select {
	case <-time.After(13 * time.Second):
		return v.consentVendor.Check(ctx, a)
	case <-ctx.Done():
		return domain.LinkStatus{}, unavailable(domain.VendorUnreachable)
	}
}

func (v *slowVendor) Consent(ctx context.Context, _ ports.Access) (domain.ConsentReport, error) {
	<-ctx.Done()
	return domain.ConsentReport{}, ctx.Err()
}

// All requests of a live test must share one time limit. Otherwise, a vendor that answers each of them late makes the
// test last longer than 20 s.
func TestALiveTestIsBoundedAsAWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &slowVendor{}
		e := newEnv(t, withVendor(v, &v.consentVendor))
		e.createConnection("books")
		began := time.Now()
		result, err := e.TestConnection(e.ctx, e.tenant, "pluggy", "books")
		e.noError(err)
		if took := time.Since(began); took > maxTest+time.Second || !result.Healthy {
			t.Errorf("the test took %v: %+v", took, result)
		}
	})
}

func TestATestOfASubscriptionIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDispatchEnv(t)
		s := d.subscribe(receiverURL)
		d.sink.answer[receiverURL] = func(ctx context.Context, _ ports.OutgoingEvent) error {
			<-ctx.Done()
			return unavailable(domain.SinkUnreachable)
		}
		began := time.Now()
		result, err := d.TestSubscription(d.ctx, d.tenant, s.ID)
		d.noError(err)
		if took := time.Since(began); took > maxTest || result.Delivered {
			t.Errorf("the test took %v: %+v", took, result)
		}
	})
}

package domain_test

import (
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestInitialStatusOfADelivery(t *testing.T) {
	const own, other = "item-1", "item-2"
	const lower, upper = "6d1a9c34-20b7-4f5e-8c61-93e7a5d40b12", "6D1A9C34-20B7-4F5E-8C61-93E7A5D40B12"
	const digits = "6d1a9c3420b74f5e8c6193e7a5d40b12" // a UUID without hyphens, which no vendor writes
	event := func(ref string) domain.WebhookEvent { return domain.WebhookEvent{AccountRef: ref, WantsPull: true} }
	noPull := func(ref string) domain.WebhookEvent { return domain.WebhookEvent{AccountRef: ref} }
	tests := map[string]struct {
		event      domain.WebhookEvent
		accountRef string
		unreadable bool
		want       domain.DeliveryStatus
	}{
		"the connection's account is named":       {event(own), own, false, domain.DeliveryAccepted},
		"no account is named":                     {event(""), own, false, domain.DeliveryAccepted},
		"neither side names an account":           {event(""), "", false, domain.DeliveryAccepted},
		"another account is named":                {event(other), own, false, domain.DeliveryIgnored},
		"the connection has no account reference": {event(own), "", false, domain.DeliveryIgnored},
		"the case of the references differs":      {event("ITEM-1"), own, false, domain.DeliveryIgnored},
		"the connection has a UUID in capitals":   {event(lower), upper, false, domain.DeliveryAccepted},
		"the event has a UUID in capitals":        {event(upper), lower, false, domain.DeliveryAccepted},
		"both have a UUID in capitals":            {event(upper), upper, false, domain.DeliveryAccepted},
		"a UUID of another form is another item":  {event(digits), lower, false, domain.DeliveryIgnored},
		"one reference is a prefix of the other":  {event("item"), own, false, domain.DeliveryIgnored},
		"no pull is wanted":                       {noPull(own), own, false, domain.DeliveryIgnored},
		"no pull is wanted, and no account named": {noPull(""), own, false, domain.DeliveryIgnored},
		"unreadable": {noPull(""), own, true, domain.DeliveryUnreadable},
		"unreadable, and another account is named": {event(other), own, true, domain.DeliveryUnreadable},
		"unreadable, and a pull is wanted":         {event(own), own, true, domain.DeliveryUnreadable},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := tt.event.InitialStatus(tt.accountRef, tt.unreadable); got != tt.want {
				t.Errorf("InitialStatus(%q, %t) = %s, want %s", tt.accountRef, tt.unreadable, got, tt.want)
			}
		})
	}
}

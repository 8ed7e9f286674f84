package domain_test

import (
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestInitialStatusOfADelivery(t *testing.T) {
	const own, other = "item-1", "item-2"
	wanted := func(ref string) domain.WebhookEvent { return domain.WebhookEvent{AccountRef: ref, WantsPull: true} }
	tests := map[string]struct {
		event      domain.WebhookEvent
		accountRef string
		unreadable bool
		want       domain.DeliveryStatus
	}{
		"an event about the connection's account is accepted":       {wanted(own), own, false, domain.DeliveryAccepted},
		"an event that names no account is accepted":                {wanted(""), own, false, domain.DeliveryAccepted},
		"neither the event nor the connection names an account":     {wanted(""), "", false, domain.DeliveryAccepted},
		"an event about another account is ignored":                 {wanted(other), own, false, domain.DeliveryIgnored},
		"an account is named and the connection has no reference":   {wanted(own), "", false, domain.DeliveryIgnored},
		"account references are compared with their case":           {wanted("ITEM-1"), own, false, domain.DeliveryIgnored},
		"a prefix of the account reference is another account":      {wanted("item"), own, false, domain.DeliveryIgnored},
		"an event that wants no pull is ignored":                    {domain.WebhookEvent{AccountRef: own}, own, false, domain.DeliveryIgnored},
		"an event that wants no pull and names no account":          {domain.WebhookEvent{}, own, false, domain.DeliveryIgnored},
		"an unreadable body is unreadable":                          {domain.WebhookEvent{}, own, true, domain.DeliveryUnreadable},
		"unreadable wins over the account and over the wanted pull": {wanted(other), own, true, domain.DeliveryUnreadable},
		"unreadable wins over accepted":                             {wanted(own), own, true, domain.DeliveryUnreadable},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := tt.event.InitialStatus(tt.accountRef, tt.unreadable); got != tt.want {
				t.Errorf("InitialStatus(%q, %t) = %s, want %s", tt.accountRef, tt.unreadable, got, tt.want)
			}
		})
	}
}

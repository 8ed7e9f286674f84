// Package events defines the events that the service sends, and the subscriptions and sinks to which it sends them.
// It decides when a failed event is sent again, and when a subscription is paused.
package events

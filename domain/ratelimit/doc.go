// Package ratelimit divides the rate limit of a vendor between the replicas of the service and between tenants.
package ratelimit

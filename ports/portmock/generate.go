// Package portmock provides gomock doubles of the ports, for tests that force failures.
// They are generated: `make generate-check` fails while they are stale.
package portmock

//go:generate go tool mockgen -package portmock -destination driven.gen.go github.com/LerianStudio/aggregator-connections/ports Connections,Tokens,Deliveries,IdempotencyStore,Pulls,Ledger,AuditLog,AuditTree,Prober,Aggregator,Connector,Clock,Sleeper,Tracer,IDs,Sealer,EgressGuard,Observer,Erasures,Subscriptions
//go:generate go tool mockgen -package portmock -destination driving.gen.go github.com/LerianStudio/aggregator-connections/ports API,Worker,Maintenance,EventDispatcher

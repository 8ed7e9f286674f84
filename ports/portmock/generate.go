// Package portmock provides gomock doubles of ports, for tests that force failures. A port is added to the list when a
// test needs its double. The doubles are generated: `make generate-check` fails while they are stale.
package portmock

//go:generate go tool mockgen -package portmock -destination ports.gen.go github.com/LerianStudio/aggregator-connections/ports Connector,Pulls,Sealer

// Package kit is what the simulators of vendors share without being any vendor's: a
// control surface for curl ([Control]), webhooks delivered well or badly ([Sender]), ids
// that a seed fixes ([Entropy]), and an eye on the status of answers ([Watch]).
//
// How a vendor misbehaves is simfault's business; what it says is the simulator's own.
package kit

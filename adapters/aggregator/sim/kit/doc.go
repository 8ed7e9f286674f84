// Package kit contains the code that all vendor simulators share:
//
//   - [Control] serves the HTTP calls with which a test or curl inspects and changes a simulator.
//   - [Sender] sends webhooks, and can simulate delivery problems.
//   - [NewEntropy] returns a source of ids that depend only on a seed.
//   - [RecordStatus] records the statuses of responses.
//
// The faults are in package faultinject. The responses of a vendor are in the package of its simulator.
package kit

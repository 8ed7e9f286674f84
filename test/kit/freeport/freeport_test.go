package freeport_test

import (
	"fmt"
	"net"
	"os"
	"testing"

	"github.com/LerianStudio/aggregator-connections/test/kit/freeport"
)

func TestFind(t *testing.T) {
	said, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		t.Skip(err)
	}
	var first, last int
	if _, err := fmt.Sscan(string(said), &first, &last); err != nil {
		t.Fatal(err)
	}
	for range 50 {
		port, err := freeport.Find()
		if err != nil {
			t.Fatal(err)
		}
		if first > 10000 && port >= first && port <= last {
			t.Errorf("port %d can be given to outgoing connections (%d to %d)", port, first, last)
		}
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			t.Error(err)
			continue
		}
		defer func() { _ = l.Close() }()
	}
}

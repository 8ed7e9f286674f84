package rabbittest

import (
	"path/filepath"
	"strconv"
)

// NodeName returns the name of the node, which is part of the node's command line.
func (b *Broker) NodeName() string { return filepath.Base(b.dir) + "@localhost" }

// MapperPort returns the port of the port mapper.
func (b *Broker) MapperPort() string { return strconv.Itoa(b.epmdPort) }

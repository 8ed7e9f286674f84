package kafka

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kversion"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/LerianStudio/aggregator-connections/adapters/egress"
)

// Limits of what a broker can do. A tenant chooses the brokers, so they may be hostile.
const (
	// maxResponse is the maximum size of a response in bytes. The largest one describes the brokers and the partitions
	// of the topic, with about 40 bytes each.
	maxResponse = 20 << 10
	// maxMessage is the maximum size of a message in bytes. It is the default limit of a Kafka broker.
	maxMessage = 1048588 - 100 // without the header of a batch
	// maxIterations is the maximum number of iterations of SCRAM. The library computes as many as the broker demands.
	maxIterations = 100_000
)

// Delays and timeouts of a client. They are short, because Send waits for them.
const (
	retryDelay  = 100 * time.Millisecond
	minRefresh  = 250 * time.Millisecond // between two requests for the brokers and partitions
	idleTimeout = 30 * time.Second       // after which an unused connection is closed

	// requestRetries is the number of retries of a request for the brokers and partitions. messageRetries is the
	// number of retries of a message whose partition has moved or does not exist yet.
	requestRetries = 2
	messageRetries = 4
)

// The key and the highest version of ApiVersions, the first request on a connection. It asks for the versions of
// requests that the broker supports. From version 3 on, it also tells the broker the name and the version of the
// library. Brokers support version 2 since Kafka 2.0. The test cluster of librdkafka responds incorrectly to later
// versions.
const (
	apiVersionsKey = 18
	apiVersionsMax = 2
)

// versions returns the highest version of each kind of request that a client sends.
func versions() *kversion.Versions {
	v := kversion.Stable()
	v.SetMaxKeyVersion(apiVersionsKey, apiVersionsMax)
	return v
}

// newClient returns a client that has not connected yet.
func (s *sender) newClient() (*kgo.Client, error) {
	options := []kgo.Opt{
		kgo.SeedBrokers(s.settings.Brokers...),
		kgo.Dialer(s.connect),
		kgo.ClientID(s.options.Product),
		kgo.DisableClientMetrics(),
		kgo.MaxVersions(versions()),
		kgo.AllowAutoTopicCreation(),

		kgo.BrokerMaxReadBytes(maxResponse),
		kgo.FetchMaxBytes(maxResponse),
		kgo.ConnIdleTimeout(idleTimeout),
		kgo.MetadataMinAge(minRefresh),
		kgo.RequestRetries(requestRetries),
		kgo.RetryBackoffFn(func(int) time.Duration { return retryDelay }),
		kgo.RequestTimeoutOverhead(s.options.Timeout),

		kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.DisableIdempotentWrite(),
		kgo.MaxProduceRequestsInflightPerBroker(1),
		kgo.ProducerBatchCompression(kgo.NoCompression()),
		kgo.ProducerBatchMaxBytes(maxMessage),
		kgo.ProducerLinger(0),
		kgo.RecordRetries(messageRetries),
		kgo.UnknownTopicRetries(messageRetries),
		kgo.ProduceRequestTimeout(s.options.Timeout),
	}
	if login := s.settings.SASL; login != nil {
		options = append(options, kgo.SASL(mechanisms[login.Mechanism](login.Username, string(s.password.Reveal()))))
	}
	return kgo.NewClient(options...)
}

// connect dials a broker, with TLS unless the settings turn it off. The caller must close the connection. Closing the
// sender cancels the dial.
func (s *sender) connect(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	defer context.AfterFunc(s.lifetime, cancel)()
	if _, err := s.options.Guard.Parse("https://" + address); err != nil {
		return nil, errors.Join(
			egress.ErrForbiddenAddress,
			err,
		) // a broker can return any text as the host of another broker
	}
	socket, err := s.dial(ctx, network, address)
	if err != nil || !*s.settings.TLS {
		return socket, err
	}
	cfg := s.options.TLS.Clone()
	if cfg == nil {
		cfg = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	cfg.ServerName, _, _ = net.SplitHostPort(address)
	secured := tls.Client(socket, cfg)
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = socket.Close()
		return nil, err
	}
	return secured, nil
}

// mechanisms maps the names of the SASL mechanisms to functions that return them for a user and a password.
var mechanisms = map[string]func(user, password string) sasl.Mechanism{
	"PLAIN": func(user, password string) sasl.Mechanism {
		return plain.Auth{User: user, Pass: password}.AsMechanism()
	},
	"SCRAM-SHA-256": func(user, password string) sasl.Mechanism {
		return boundedSCRAM{scram.Auth{User: user, Pass: password}.AsSha256Mechanism()}
	},
	"SCRAM-SHA-512": func(user, password string) sasl.Mechanism {
		return boundedSCRAM{scram.Auth{User: user, Pass: password}.AsSha512Mechanism()}
	},
}

// errIterations is the error for a broker that demands too many iterations of SCRAM.
var errIterations = errors.New("the broker demands too many iterations of SCRAM")

// boundedSCRAM is a SCRAM mechanism that refuses more than maxIterations iterations.
type boundedSCRAM struct{ sasl.Mechanism }

// Authenticate implements sasl.Mechanism.
func (m boundedSCRAM) Authenticate(ctx context.Context, host string) (sasl.Session, []byte, error) {
	session, first, err := m.Mechanism.Authenticate(ctx, host)
	return boundedSession{session}, first, err
}

// boundedSession is a login with boundedSCRAM.
type boundedSession struct{ sasl.Session }

// Challenge implements sasl.Session.
func (s boundedSession) Challenge(message []byte) (done bool, response []byte, err error) {
	for field := range bytes.SplitSeq(message, []byte(",")) {
		if text, found := bytes.CutPrefix(field, []byte("i=")); found {
			if n, err := strconv.Atoi(string(text)); err != nil || n > maxIterations {
				return false, nil, errIterations
			}
		}
	}
	return s.Session.Challenge(message)
}

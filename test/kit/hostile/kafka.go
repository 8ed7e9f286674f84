package hostile

import (
	"encoding/binary"
	"io"
	"math"
	"net"
	"strconv"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// KafkaTopic is the topic of the hostile Kafka brokers.
const KafkaTopic = "events"

// Kafka returns the catalogue of hostile Kafka brokers by name.
func Kafka() map[string]Behaviour {
	kafka := func(change func(*kafkaBroker)) Behaviour {
		return func(conn net.Conn) {
			b := &kafkaBroker{conn: conn}
			change(b)
			b.serve()
		}
	}
	catalogue := map[string]Behaviour{
		"no response":                     func(net.Conn) {},
		"text that is not Kafka":          func(conn net.Conn) { repeat(conn, block, 0) },
		"an announced response of 2 GiB":  kafka(func(b *kafkaBroker) { b.first = []byte{0x7f, 0xff, 0xff, 0xff} }),
		"an announced response of 40 KiB": kafka(func(b *kafkaBroker) { b.first = []byte{0, 0, 0xa0, 0} }),
		"a response, a byte at a time":    kafka(func(b *kafkaBroker) { b.slow = true }),
		"responses to other requests":     kafka(func(b *kafkaBroker) { b.shift = 1 }),
		"a list of versions with no end": kafka(
			func(b *kafkaBroker) { b.versions = append(make([]byte, 2), endless...) },
		),
		"no description of the cluster": kafka(func(b *kafkaBroker) { b.metadata = []byte{} }),
		"a list of brokers with no end": kafka(
			func(b *kafkaBroker) { b.metadata = append(make([]byte, 4), endless...) },
		),
		"a list of topics with no end": kafka(func(b *kafkaBroker) { b.metadata = endlessTopics(b.conn) }),
		"as many brokers as fit":       kafka(func(b *kafkaBroker) { b.brokers = 1800 }),
		"as many partitions as fit":    kafka(func(b *kafkaBroker) { b.partitions = 1800 }),
		"as many partitions, no leaders": kafka(
			func(b *kafkaBroker) { b.partitions, b.failure = 1800, kerr.LeaderNotAvailable },
		),
		"a topic that is never created": kafka(func(b *kafkaBroker) { b.failure = kerr.UnknownTopicOrPartition }),
		"a pause of 24 days":            kafka(func(b *kafkaBroker) { b.throttle = math.MaxInt32 }),
		"no confirmation":               kafka(func(b *kafkaBroker) { b.produce = func(kmsg.Request) {} }),
		"a partition that always moves": kafka(func(b *kafkaBroker) { b.refusal = kerr.NotLeaderForPartition }),
		"a flood instead of confirmations": kafka(
			func(b *kafkaBroker) { b.produce = func(kmsg.Request) { repeat(b.conn, block, 0) } },
		),
		"a login with a list with no end": kafka(
			func(b *kafkaBroker) { b.login = append(make([]byte, 2), endless...) },
		),
		"a challenge without end": kafka(
			func(b *kafkaBroker) { b.challenge = func() string { return "r=x" } },
		),
		"a login of many iterations": kafka(func(b *kafkaBroker) {
			b.challenge = func() string { return "r=" + b.nonce + "x,s=c2FsdA==,i=2147483647" }
		}),
	}
	return catalogue
}

// IdleKafka returns a broker that confirms a message, and then sends data without end although the client requests
// nothing.
func IdleKafka() map[string]Behaviour {
	return map[string]Behaviour{
		"responses without end": func(conn net.Conn) {
			b := &kafkaBroker{conn: conn}
			b.after = func() { repeat(conn, block, 0) }
			b.serve()
		},
	}
}

// kafkaBroker is a broker that answers all requests of a producer. Its fields change some of the answers.
type kafkaBroker struct {
	conn     net.Conn
	first    []byte // sent instead of the first response
	slow     bool   // sends each response byte by byte
	shift    int32  // added to the correlation id of the request
	throttle int32  // the pause in milliseconds that each response demands

	versions, metadata, login []byte             // sent instead of a response of this kind, after its header
	brokers, partitions       int                // numbers of brokers and partitions; 0 means 1
	failure                   *kerr.Error        // error of the topic and its partitions
	refusal                   *kerr.Error        // error of each message
	produce                   func(kmsg.Request) // called instead of the confirmation of a message
	after                     func()             // called after the confirmation of a message
	challenge                 func() string      // the answer to each step of a login; nil accepts every login
	nonce                     string             // of the last step of a login
}

// serve answers requests until the connection is closed.
func (b *kafkaBroker) serve() {
	for {
		var size [4]byte
		if _, err := io.ReadFull(b.conn, size[:]); err != nil {
			return
		}
		text := make([]byte, min(binary.BigEndian.Uint32(size[:]), 4<<20))
		if _, err := io.ReadFull(b.conn, text); err != nil || len(text) < 10 {
			return
		}
		if b.first != nil {
			_, _ = b.conn.Write(b.first)
			repeat(b.conn, block, 0)
			return
		}
		key, version := int16(binary.BigEndian.Uint16(text)), int16(binary.BigEndian.Uint16(text[2:]))
		number := int32(binary.BigEndian.Uint32(text[4:])) + b.shift
		client := int(int16(binary.BigEndian.Uint16(text[8:]))) // the length of the client's name
		if !b.answer(key, version, number, text[min(10+max(client, 0), len(text)):]) {
			return
		}
	}
}

// answer answers a request. It returns false if the broker must close the connection.
func (b *kafkaBroker) answer(key, version int16, number int32, body []byte) bool {
	request := kmsg.RequestForKey(key)
	if request == nil {
		return false
	}
	request.SetVersion(version)
	var fixed []byte
	var response kmsg.Response
	switch r := request.(type) {
	case *kmsg.ApiVersionsRequest:
		fixed, response = b.versions, b.supported(version)
	case *kmsg.MetadataRequest:
		fixed, response = b.metadata, b.description(version)
	case *kmsg.SASLHandshakeRequest:
		handshake := r.ResponseKind().(*kmsg.SASLHandshakeResponse)
		handshake.SupportedMechanisms = []string{"SCRAM-SHA-256", "PLAIN"}
		fixed, response = b.login, handshake
	case *kmsg.SASLAuthenticateRequest:
		step := r.ResponseKind().(*kmsg.SASLAuthenticateResponse)
		if b.challenge != nil {
			_ = r.ReadFrom(body)
			b.nonce = nonceOf(r.SASLAuthBytes)
			step.SASLAuthBytes = []byte(b.challenge())
		}
		response = step
	case *kmsg.ProduceRequest:
		if b.produce != nil {
			b.produce(request)
			return true
		}
		_ = r.ReadFrom(body)
		response = b.confirmation(r)
		if b.after != nil {
			defer b.after()
		}
	default:
		return false
	}
	if fixed == nil {
		fixed = response.AppendTo(nil)
	} else {
		fixed = append(fixed, make([]byte, 39<<10)...)
	}
	frame := binary.BigEndian.AppendUint32(nil, uint32(len(fixed)+4))
	frame = append(binary.BigEndian.AppendUint32(frame, uint32(number)), fixed...)
	if b.slow {
		trickle(b.conn, frame)
		return true
	}
	_, err := b.conn.Write(frame)
	return err == nil
}

// nonceOf returns the nonce in the first step of a login with SCRAM.
func nonceOf(text []byte) string {
	for i := range text {
		if i > 0 && text[i-1] == ',' && len(text) > i+2 && text[i] == 'r' && text[i+1] == '=' {
			return string(text[i+2:])
		}
	}
	return ""
}

// supported returns the versions of the requests that the broker understands. In these versions, length fields have a
// fixed size.
func (b *kafkaBroker) supported(version int16) *kmsg.ApiVersionsResponse {
	response := kmsg.NewPtrApiVersionsResponse()
	if response.SetVersion(0); version > 0 {
		response.ErrorCode = kerr.UnsupportedVersion.Code
	}
	for key, newest := range map[int16]int16{0: 7, 3: 4, 17: 1, 18: 0, 36: 0} {
		k := kmsg.NewApiVersionsResponseApiKey()
		k.ApiKey, k.MaxVersion = key, newest
		response.ApiKeys = append(response.ApiKeys, k)
	}
	return response
}

// description returns a response with the list of brokers and with the topic. Each broker in the list has the address
// of this broker.
func (b *kafkaBroker) description(version int16) *kmsg.MetadataResponse {
	response := kmsg.NewPtrMetadataResponse()
	response.SetVersion(version)
	response.ThrottleMillis = b.throttle
	host, port, _ := net.SplitHostPort(b.conn.LocalAddr().String())
	number, _ := strconv.Atoi(port)
	for i := range max(b.brokers, 1) {
		broker := kmsg.NewMetadataResponseBroker()
		broker.NodeID, broker.Host, broker.Port = int32(i), host, int32(number)
		response.Brokers = append(response.Brokers, broker)
	}
	topic := kmsg.NewMetadataResponseTopic()
	topic.Topic = new(KafkaTopic)
	if b.failure != nil {
		topic.ErrorCode = b.failure.Code
	}
	for i := range max(b.partitions, 1) {
		partition := kmsg.NewMetadataResponseTopicPartition()
		partition.Partition, partition.Leader = int32(i), int32(i%max(b.brokers, 1))
		if b.failure != nil {
			partition.ErrorCode, partition.Leader = b.failure.Code, -1
		}
		topic.Partitions = append(topic.Partitions, partition)
	}
	response.Topics = append(response.Topics, topic)
	return response
}

// confirmation returns the confirmation or the refusal of all messages in a request.
func (b *kafkaBroker) confirmation(r *kmsg.ProduceRequest) *kmsg.ProduceResponse {
	response := r.ResponseKind().(*kmsg.ProduceResponse)
	response.ThrottleMillis = b.throttle
	for _, topic := range r.Topics {
		t := kmsg.NewProduceResponseTopic()
		t.Topic = topic.Topic
		for _, partition := range topic.Partitions {
			p := kmsg.NewProduceResponseTopicPartition()
			if p.Partition = partition.Partition; b.refusal != nil {
				p.ErrorCode = b.refusal.Code
			}
			t.Partitions = append(t.Partitions, p)
		}
		response.Topics = append(response.Topics, t)
	}
	return response
}

// endlessTopics returns the beginning of a description that announces more topics than it contains.
func endlessTopics(conn net.Conn) []byte {
	response := (&kafkaBroker{conn: conn}).description(4)
	response.Topics = nil
	text := response.AppendTo(nil)
	return append(text[:len(text)-len(endless)], endless...) // the length of the list is at the end
}

// endless is the encoded length of a list with 39,000 items. The 39 KiB that follow it contain fewer items, unless
// each item is only one byte long.
var endless = []byte{0, 0, 0x98, 0x58}

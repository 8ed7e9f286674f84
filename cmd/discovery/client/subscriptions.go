package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	discovery "github.com/LerianStudio/aggregator-connections/clients/go"
)

func (c commands) subscriptions() *cobra.Command {
	return group("subscriptions", "Manage the subscriptions that send events to other systems",
		c.listSubscriptions(), c.getSubscription(), c.createSubscription(), c.updateSubscription(),
		c.deleteSubscription(), c.testSubscription(), c.pauseSubscription(), c.resumeSubscription(),
		c.rotateSecret(), c.replaySubscription(), c.skipEvent(), c.listAttempts(), c.listConflicts(), c.retryConflict(),
		c.listUnmapped(),
	)
}

func (c commands) listSubscriptions() *cobra.Command {
	var flags listFlags
	cmd := &cobra.Command{Use: "list", Short: "List the subscriptions, newest first", Args: between(0, 0)}
	flags.register(cmd)
	cmd.RunE = c.run(func(s *session, _ []string) error {
		_, err := s.list(subscriptionView, flags, "",
			func(ctx context.Context, limit *int64, cursor *string) (*http.Response, error) {
				return s.api.ListSubscriptions(ctx, &discovery.ListSubscriptionsParams{Limit: limit, Cursor: cursor})
			})
		return err
	})
	return cmd
}

// ofSubscription returns a command whose argument is the id of a subscription. The command sends a request with fn, and
// prints the subscription in the response.
func (c commands) ofSubscription(
	use, short string,
	fn func(*session, context.Context, string) (*http.Response, error),
) *cobra.Command {
	return &cobra.Command{
		Use: use + " ID", Short: short, Args: between(1, 1), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: c.run(func(s *session, args []string) error {
			return show[discovery.SubscriptionView](s, subscriptionView,
				func(ctx context.Context) (*http.Response, error) { return fn(s, ctx, args[0]) })
		}),
	}
}

func (c commands) getSubscription() *cobra.Command {
	return c.ofSubscription("get", "Print a subscription",
		func(s *session, ctx context.Context, id string) (*http.Response, error) {
			return s.api.GetSubscription(ctx, id)
		})
}

func (c commands) pauseSubscription() *cobra.Command {
	return c.ofSubscription("pause", "Stop a subscription; it keeps its position",
		func(s *session, ctx context.Context, id string) (*http.Response, error) {
			return s.api.PauseSubscription(ctx, id, nil)
		})
}

func (c commands) resumeSubscription() *cobra.Command {
	return c.ofSubscription("resume", "Make a paused or disabled subscription active",
		func(s *session, ctx context.Context, id string) (*http.Response, error) {
			return s.api.ResumeSubscription(ctx, id, nil)
		})
}

// sinkFlags are the flags that describe a sink.
type sinkFlags struct {
	kind, url, urlFile, exchange, routingKey, topic, tls, format string
	mechanism, username, passwordFile                            string
	brokers, without                                             []string
	headersFile, file                                            string
	matcherFlags
}

func (f *sinkFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.file, "sink-file", "",
		"file with the settings of any kind of sink as a JSON object; - is standard input; other flags take precedence")
	cmd.Flags().StringVar(&f.url, "url", "", "URL of the endpoint or of the broker, without a password")
	cmd.Flags().
		StringVar(&f.urlFile, "url-file", "", "file with the URL, which may contain a password; - is standard input")
	cmd.Flags().StringVar(&f.headersFile, "headers-file", "",
		"webhook: file with a JSON object of headers, such as {\"Authorization\":\"Bearer …\"}; {} removes them")
	cmd.Flags().StringSliceVar(&f.without, "without", nil,
		"members that events leave out: metadata")
	cmd.Flags().StringVar(&f.exchange, "exchange", "", "RabbitMQ: the exchange")
	cmd.Flags().
		StringVar(&f.routingKey, "routing-key", "", "RabbitMQ: the routing key (default: the type of the event)")
	cmd.Flags().StringSliceVar(&f.brokers, "brokers", nil, "Kafka: the brokers as host:port, separated by commas")
	cmd.Flags().StringVar(&f.topic, "topic", "", "Kafka: the topic (default: lerian.streaming.discovery)")
	cmd.Flags().
		StringVar(&f.tls, "tls", "", "Kafka: true or false (default: true, unless the service allows plaintext)")
	cmd.Flags().StringVar(&f.mechanism, "sasl-mechanism", "", "Kafka: "+strings.Join(saslMechanisms, ", "))
	cmd.Flags().StringVar(&f.username, "sasl-username", "", "Kafka: the user")
	cmd.Flags().StringVar(&f.passwordFile, "sasl-password-file", "",
		"Kafka: file with the password; - is standard input")
	cmd.Flags().StringVar(&f.format, "format", "",
		"RabbitMQ, Kafka: "+strings.Join(messageFormats, " or ")+
			" (default: structured for RabbitMQ, binary for Kafka)")
	f.matcherFlags.register(cmd)
	cmd.MarkFlagsMutuallyExclusive("url", "url-file")
	completeFlag(cmd, "tls", "true", "false")
	completeFlag(cmd, "sasl-mechanism", saslMechanisms...)
	completeFlag(cmd, "format", messageFormats...)
}

// The values of flags.
var (
	saslMechanisms = []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}
	messageFormats = []string{"binary", "structured"}
)

// settings returns the members of a sink that the flags specify.
func (f *sinkFlags) settings(s *session) (map[string]any, error) {
	url := f.url
	if f.urlFile != "" {
		var err error
		if url, err = s.secretValue("URL", "--url-file", f.urlFile, bufio.NewReader(s.cmd.InOrStdin())); err != nil {
			return nil, err
		}
	}
	given := map[string]any{
		"kind":       f.kind,
		"url":        url,
		"exchange":   f.exchange,
		"routingKey": f.routingKey,
		"topic":      f.topic,
		"format":     f.format,
	}
	maps.DeleteFunc(given, func(_ string, value any) bool { return value == "" })
	if len(f.brokers) > 0 {
		given["brokers"] = f.brokers
	}
	if f.tls != "" {
		encrypted, err := strconv.ParseBool(f.tls)
		if err != nil {
			return nil, usagef("--tls must be true or false")
		}
		given["tls"] = encrypted
	}
	if f.without != nil {
		given["without"] = f.without
	}
	if f.headersFile != "" {
		headers, err := readObject[string](s, f.headersFile)
		if err != nil {
			return nil, err
		}
		given["headers"] = headers
	}
	login, err := f.login(s)
	if len(login) > 0 {
		given["sasl"] = login
	}
	if err != nil {
		return nil, err
	}
	if err := f.addTo(given, s); err != nil || f.file == "" {
		return given, err
	}
	members, err := readObject[any](s, f.file)
	if err != nil {
		return nil, err
	}
	return withMembers(members, given), nil
}

// login returns the members of a login that the flags specify.
func (f *sinkFlags) login(s *session) (map[string]any, error) {
	login := map[string]any{"mechanism": f.mechanism, "username": f.username, "password": ""}
	if f.passwordFile != "" {
		password, err := s.secretValue(
			"password", "--sasl-password-file", f.passwordFile, bufio.NewReader(s.cmd.InOrStdin()),
		)
		if err != nil {
			return nil, err
		}
		login["password"] = password
	}
	maps.DeleteFunc(login, func(_ string, value any) bool { return value == "" })
	return login, nil
}

// readObject reads a file with a JSON object; "-" is standard input. The error does not contain the text of the file.
func readObject[V any](s *session, file string) (members map[string]V, err error) {
	var text []byte
	if file == "-" {
		file = "standard input"
		text, err = io.ReadAll(s.cmd.InOrStdin())
	} else {
		text, err = os.ReadFile(file)
	}
	if err != nil {
		return nil, UsageError{err}
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if decoder.Decode(&members) != nil || members == nil || decoder.Decode(new(any)) != io.EOF {
		return nil, usagef("%s must contain a JSON object", file)
	}
	return members, nil
}

// withMembers returns a copy of the members of a sink in which the given members replace the existing ones. The
// members of a login (sasl or auth) are also replaced one by one.
func withMembers(sink, given map[string]any) map[string]any {
	changed := maps.Clone(sink)
	maps.Copy(changed, given)
	for _, name := range []string{"sasl", "auth"} {
		login, signsIn := sink[name].(map[string]any)
		if part, isGiven := given[name].(map[string]any); signsIn && isGiven {
			changed[name] = withMembers(login, part)
		}
	}
	return changed
}

// sinkOf converts the JSON members of a sink to a request of the API.
func sinkOf(members map[string]any) (sink discovery.SinkRequest, err error) {
	text, err := json.Marshal(members)
	if err != nil {
		return sink, err
	}
	return sink, sink.UnmarshalJSON(text)
}

const createSubscriptionHelp = `Create a subscription. The secret of a webhook is printed once.

  discovery subscriptions create --name ledger --types 'transaction.*,pull.failed' \
    --kind webhook --url https://books.example.com/events

  discovery subscriptions create --name stream --types 'transaction.*' --kind kafka \
    --brokers kafka-1.example.com:9093,kafka-2.example.com:9093 --sasl-mechanism SCRAM-SHA-512 \
    --sasl-username discovery --sasl-password-file password.txt

  discovery subscriptions create --name matcher --kind matcher --url https://matcher.example.com \
    --token-url https://auth.example.com/v1/login/oauth/access_token --client-id discovery \
    --client-secret-file secret.txt --sources-file sources.csv --from-start

  discovery subscriptions create --name queue --types 'transaction.*' --kind rabbitmq \
    --sink-file settings.json

The file of --sink-file contains a JSON object with the settings of the kind, as the API has them.

A URL with a password is read from a file or from standard input (--url-file), and so is the
password of a login, because every user of the machine can read the arguments of a process.`

func (c commands) createSubscription() *cobra.Command {
	var body discovery.NewSubscription
	var sink sinkFlags
	var connection, account string
	var fromStart bool
	cmd := &cobra.Command{
		Use: "create", Short: "Create a subscription and print its secret, once", Long: createSubscriptionHelp,
		Args: between(0, 0),
	}
	cmd.Flags().StringVar(&body.Name, "name", "", "a name for people")
	cmd.Flags().StringSliceVar(&body.Types, "types", nil, "types of events, separated by commas, such as transaction.*")
	cmd.Flags().StringVar(&connection, "connection", "", "only events of this connection: its name or id")
	cmd.Flags().StringVar(&account, "account", "", "only events of the account with this id")
	cmd.Flags().StringVar(&sink.kind, "kind", "", "kind of sink, such as webhook or kafka; the service names all kinds")
	cmd.Flags().BoolVar(&fromStart, "from-start", false, "begin at the first record instead of now")
	sink.register(cmd)
	completeFlag(cmd, "kind")
	cmd.RunE = c.run(func(s *session, _ []string) error {
		if err := required(cmd, "name", "kind"); err != nil {
			return err
		}
		if sink.kind == "matcher" {
			body.Types = []string{"transaction.*"}
		}
		if len(body.Types) == 0 {
			return usagef("--types is required")
		}
		settings, err := sink.settings(s)
		if err != nil {
			return err
		}
		if sink.kind == "matcher" && settings["sources"] == nil {
			settings["sources"] = []any{}
		}
		if body.Sink, err = sinkOf(settings); err != nil {
			return err
		}
		body.FromStart, body.AccountID = optional(fromStart), optional(account)
		if connection != "" {
			id, err := s.connectionID(connection)
			if err != nil {
				return err
			}
			body.ConnectionID = &id
		}
		return s.printSecret(func(ctx context.Context) (*http.Response, error) {
			return s.api.CreateSubscription(ctx, nil, body)
		})
	})
	return cmd
}

// printSecret sends a request with fn, and prints the subscription and the signing secret that the response contains.
func (s *session) printSecret(fn func(ctx context.Context) (*http.Response, error)) error {
	created, text, err := decode[discovery.CreatedSubscription](s.cmd.Context(), fn)
	if err != nil {
		return err
	}
	if created.Secret != nil {
		s.printNote("The secret is shown only once. Configure it at the receiver of the webhooks.")
	}
	return s.print(createdSubscriptionView, text)
}

func (c commands) rotateSecret() *cobra.Command {
	return &cobra.Command{
		Use: "rotate-secret ID", Short: "Replace the signing secret; the previous one is also used for 24 hours",
		Args: between(1, 1), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: c.run(func(s *session, args []string) error {
			return s.printSecret(func(ctx context.Context) (*http.Response, error) {
				return s.api.RotateSubscriptionSecret(ctx, args[0], nil)
			})
		}),
	}
}

func (c commands) updateSubscription() *cobra.Command {
	var given changedSubscription
	var sink sinkFlags
	cmd := &cobra.Command{
		Use: "update ID", Short: "Change members of a subscription; the others keep their values",
		Args: between(1, 1), ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.Flags().StringVar(&given.name, "name", "", "new name")
	cmd.Flags().StringSliceVar(&given.types, "types", nil, "new types of events, separated by commas")
	cmd.Flags().StringVar(&given.connection, "connection", "", "only events of this connection; - for all")
	cmd.Flags().StringVar(&given.account, "account", "", "only events of the account with this id; - for all")
	sink.register(cmd)
	cmd.RunE = c.run(func(s *session, args []string) error {
		r, err := s.api.GetSubscriptionWithResponse(s.cmd.Context(), args[0])
		if err != nil {
			return err
		}
		if err := discovery.CheckResponse(r.HTTPResponse, r.Body); err != nil {
			return err
		}
		if r.JSON200 == nil {
			return errForeignResponse
		}
		change, err := s.changed(*r.JSON200, given, sink)
		if err != nil {
			return err
		}
		etag := r.HTTPResponse.Header.Get("ETag")
		return show[discovery.SubscriptionView](s, subscriptionView, func(ctx context.Context) (*http.Response, error) {
			return s.api.UpdateSubscription(ctx, args[0], &discovery.UpdateSubscriptionParams{IfMatch: &etag}, change)
		})
	})
	return cmd
}

// changedSubscription contains the new values of the members of a subscription, as the flags specify them. Members
// without a value keep their current values; "-" removes a connection or an account.
type changedSubscription struct {
	name, connection, account string
	types                     []string
}

// changed returns the request body that changes a subscription to the given values. Members for which no value is
// given keep their current values.
func (s *session) changed(
	subscription discovery.SubscriptionView, values changedSubscription, sink sinkFlags,
) (change discovery.SubscriptionChange, err error) {
	change = discovery.SubscriptionChange{
		Name: subscription.Name, Types: subscription.Types, ConnectionID: subscription.ConnectionID,
		AccountID: subscription.AccountID,
	}
	if values.name != "" {
		change.Name = values.name
	}
	if len(values.types) > 0 {
		change.Types = values.types
	}
	switch values.account {
	case "":
	case "-":
		change.AccountID = nil
	default:
		change.AccountID = &values.account
	}
	text, err := subscription.Sink.MarshalJSON()
	if err != nil {
		return change, err
	}
	members := map[string]any{}
	if err := json.Unmarshal(text, &members); err != nil {
		return change, err
	}
	given, err := sink.settings(s)
	if err != nil {
		return change, err
	}
	if change.Sink, err = sinkOf(sink.withSources(members, withMembers(members, given))); err != nil {
		return change, err
	}
	switch values.connection {
	case "":
	case "-":
		change.ConnectionID = nil
	default:
		id, err := s.connectionID(values.connection)
		if err != nil {
			return change, err
		}
		change.ConnectionID = &id
	}
	return change, nil
}

func (c commands) deleteSubscription() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "delete ID", Short: "Delete a subscription with its events", Args: between(1, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask for the id")
	cmd.RunE = c.run(func(s *session, args []string) error {
		if err := s.confirm(yes, "delete the subscription", args[0]); err != nil {
			return err
		}
		if _, _, err := decode[any](cmd.Context(), func(ctx context.Context) (*http.Response, error) {
			return s.api.DeleteSubscription(ctx, args[0], nil)
		}); err != nil {
			return err
		}
		s.printNote("deleted %s", args[0])
		return nil
	})
	return cmd
}

func (c commands) testSubscription() *cobra.Command {
	return &cobra.Command{
		Use: "test ID", Short: "Send a test event; exit with 1 if it is not delivered", Args: between(1, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: c.run(func(s *session, args []string) error {
			outcome, text, err := decode[discovery.SinkTestOutcome](s.cmd.Context(),
				func(ctx context.Context) (*http.Response, error) { return s.api.TestSubscription(ctx, args[0]) })
			if err != nil {
				return err
			}
			if err := s.print(sinkTestView, text); err != nil || outcome.Delivered {
				return err
			}
			reason := "without a reason"
			if outcome.Reason != nil {
				reason = printable(*outcome.Reason)
			}
			return fmt.Errorf("the event was not delivered: %s", reason)
		}),
	}
}

func (c commands) skipEvent() *cobra.Command {
	return &cobra.Command{
		Use: "skip ID SEQUENCE", Short: "Pass over one event that has failed", Args: between(2, 2),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: c.run(func(s *session, args []string) error {
			if strings.Trim(args[1], "0123456789") != "" || args[1] == "" {
				return usagef("SEQUENCE must be the number of an event, such as 42")
			}
			return show[discovery.SubscriptionView](s, subscriptionView,
				func(ctx context.Context) (*http.Response, error) {
					return s.api.SkipEvent(ctx, args[0], nil, discovery.EventSkipRequest{Sequence: args[1]})
				})
		}),
	}
}

func (c commands) replaySubscription() *cobra.Command {
	var from string
	cmd := c.ofSubscription("replay", "Send the stored events from a sequence on again, or skip to it",
		func(s *session, ctx context.Context, id string) (*http.Response, error) {
			if strings.Trim(from, "0123456789") != "" || from == "" {
				return nil, usagef("--from must be the number of an event, such as 42")
			}
			return s.api.ReplaySubscription(ctx, id, nil, discovery.EventReplayRequest{From: from})
		})
	cmd.Flags().StringVar(&from, "from", "", "the sequence of the first event")
	return cmd
}

func (c commands) listAttempts() *cobra.Command {
	var flags listFlags
	cmd := &cobra.Command{
		Use: "attempts ID", Short: "List the attempts to send events, newest first", Args: between(1, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	flags.register(cmd)
	cmd.RunE = c.run(func(s *session, args []string) error {
		_, err := s.list(attemptView, flags, "",
			func(ctx context.Context, limit *int64, cursor *string) (*http.Response, error) {
				return s.api.ListEventAttempts(ctx, args[0], &discovery.ListEventAttemptsParams{
					Limit: limit, Cursor: cursor,
				})
			})
		return err
	})
	return cmd
}

package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	discovery "github.com/LerianStudio/aggregator-connections/clients/go"
)

// applicationFlag describes the flag --application of the commands that create or change a connection.
const applicationFlag = "name or id of an application, in place of --base-url and a credential"

// access contains the values through which a new connection reaches its vendor: an application, or an address and a
// credential.
type access struct{ baseURL, clientID, secret, application *string }

// access returns the access that the flags specify. If no application is given, it reads the credential from the
// files or asks the user for it.
func (s *session) access(baseURL, application string, flags credentialFlags) (access, error) {
	switch {
	case application == "":
		clientID, secret, err := s.credential(flags)
		return access{baseURL: &baseURL, clientID: &clientID, secret: &secret}, err
	case baseURL != "" || flags.isSet():
		return access{}, usagef("--application replaces --base-url and the credential")
	}
	found, err := s.application(application)
	return access{application: &found.ID}, err
}

// unlessApplication returns the names of the required flags. The flag base is one of them only if no application is
// given.
func unlessApplication(application, base string, flags ...string) []string {
	if application != "" {
		return flags
	}
	return append([]string{base}, flags...)
}

func (c commands) applications() *cobra.Command {
	return group("applications", "List, create, change and delete credentials that several connections share",
		c.listApplications(), c.getApplication(), c.createApplication(), c.updateApplication(), c.deleteApplication())
}

func (c commands) listApplications() *cobra.Command {
	var flags listFlags
	cmd := &cobra.Command{Use: "list", Short: "List the applications, ordered by name", Args: between(0, 0)}
	flags.register(cmd)
	cmd.RunE = c.run(func(s *session, _ []string) error {
		_, err := s.list(applicationView, flags, "",
			func(ctx context.Context, limit *int64, cursor *string) (*http.Response, error) {
				return s.api.ListApplications(ctx, &discovery.ListApplicationsParams{Limit: limit, Cursor: cursor})
			})
		return err
	})
	return cmd
}

// application returns the application with the given id or name.
func (s *session) application(nameOrID string) (discovery.ApplicationView, error) {
	if _, err := uuid.Parse(nameOrID); err == nil {
		a, _, err := decode[discovery.ApplicationView](
			s.cmd.Context(),
			func(ctx context.Context) (*http.Response, error) {
				return s.api.GetApplication(ctx, nameOrID)
			},
		)
		var failure *discovery.APIError
		if !errors.As(err, &failure) || failure.Status != http.StatusNotFound {
			return a, err
		}
	}
	for params := (discovery.ListApplicationsParams{Limit: optional(int64(200))}); ; {
		page, _, err := decode[discovery.PageApplicationView](s.cmd.Context(),
			func(ctx context.Context) (*http.Response, error) { return s.api.ListApplications(ctx, &params) })
		if err != nil {
			return discovery.ApplicationView{}, err
		}
		for _, a := range page.Items {
			if a.Name == nameOrID {
				return a, nil
			}
		}
		if params.Cursor = page.NextCursor; params.Cursor == nil {
			return discovery.ApplicationView{}, fmt.Errorf(
				"application %q not found: discovery applications list prints the names", printable(nameOrID))
		}
	}
}

func (c commands) getApplication() *cobra.Command {
	return &cobra.Command{
		Use: "get NAME|ID", Short: "Print an application", Args: between(1, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: c.run(func(s *session, args []string) error {
			found, err := s.application(args[0])
			if err != nil {
				return err
			}
			return show[discovery.ApplicationView](
				s,
				applicationView,
				func(ctx context.Context) (*http.Response, error) {
					return s.api.GetApplication(ctx, found.ID)
				},
			)
		}),
	}
}

func (c commands) createApplication() *cobra.Command {
	var body discovery.NewApplication
	var vendor string
	var credential credentialFlags
	cmd := &cobra.Command{
		Use: "create", Short: "Create an application: a credential that several connections share", Args: between(0, 0),
	}
	cmd.Flags().StringVar(&vendor, "vendor", "", "the aggregator: "+c.vendorChoice())
	cmd.Flags().StringVar(&body.Name, "name", "", "name, unique among the applications")
	cmd.Flags().StringVar(&body.BaseURL, "base-url", "", "URL of the API of the aggregator")
	credential.register(cmd)
	completeFlag(cmd, "vendor", c.vendorNames()...)
	cmd.RunE = c.run(func(s *session, _ []string) error {
		if err := required(cmd, "vendor", "name", "base-url"); err != nil {
			return err
		}
		body.Vendor = discovery.NewApplicationVendor(vendor)
		if !body.Vendor.Valid() {
			return usagef("--vendor must be %s", c.vendorChoice())
		}
		clientID, secret, err := s.credential(credential)
		if err != nil {
			return err
		}
		body.ClientID, body.Secret = &clientID, &secret
		return show[discovery.ApplicationView](s, applicationView, func(ctx context.Context) (*http.Response, error) {
			return s.api.CreateApplication(ctx, nil, body)
		})
	})
	return cmd
}

func (c commands) updateApplication() *cobra.Command {
	var change discovery.ApplicationChange
	var credential credentialFlags
	var rotate, force bool
	cmd := &cobra.Command{
		Use: "update NAME|ID", Short: "Rename an application, or rotate the credential of all its connections",
		Args: between(1, 1), ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.Flags().StringVar(&change.Name, "name", "", "new name")
	cmd.Flags().BoolVar(&rotate, "rotate", false, "ask for a new client id and secret")
	cmd.Flags().BoolVar(&force, "force", false, "store the new credential without trying it at the aggregator")
	credential.register(cmd)
	cmd.RunE = c.run(func(s *session, args []string) error {
		rotate = rotate || credential.isSet()
		if change.Name == "" && !rotate {
			return usagef("nothing to change: use --name or --rotate")
		}
		found, err := s.application(args[0])
		if err != nil {
			return err
		}
		if change.Name == "" {
			change.Name = found.Name
		}
		if rotate {
			clientID, secret, err := s.credential(credential)
			if err != nil {
				return err
			}
			change.ClientID, change.Secret = &clientID, &secret
		}
		params := &discovery.UpdateApplicationParams{}
		if force {
			params.Force = optional(discovery.UpdateApplicationParamsForceTrue)
		}
		return show[discovery.ApplicationView](s, applicationView, func(ctx context.Context) (*http.Response, error) {
			return s.api.UpdateApplication(ctx, found.ID, params, change)
		})
	})
	return cmd
}

func (c commands) deleteApplication() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "delete NAME|ID", Short: "Delete an application that no connection uses", Args: between(1, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask for the name")
	cmd.RunE = c.run(func(s *session, args []string) error {
		found, err := s.application(args[0])
		if err != nil {
			return err
		}
		if err := s.confirm(yes, "delete the application", found.Name); err != nil {
			return err
		}
		if _, _, err := decode[any](cmd.Context(), func(ctx context.Context) (*http.Response, error) {
			return s.api.DeleteApplication(ctx, found.ID, nil)
		}); err != nil {
			return err
		}
		s.printNote("deleted %s", found.Name)
		return nil
	})
	return cmd
}

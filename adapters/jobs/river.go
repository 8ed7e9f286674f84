package jobs

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs/background"
)

// copyThreshold is the largest number of jobs that are inserted with one INSERT statement. For
// more jobs, River's insertion with COPY is faster.
const copyThreshold = 50

// client is a River client with additional methods for Queue. These methods read and write River's tables.
type client struct {
	*river.Client[pgx.Tx]
	migrator *rivermigrate.Migrator[pgx.Tx]
}

func newClient(pool *pgxpool.Pool, cfg *river.Config) (*client, error) {
	driver := riverpgxv5.New(pool)
	riverClient, err := river.NewClient(driver, cfg)
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: cfg.Logger})
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	return &client{Client: riverClient, migrator: migrator}, nil
}

func (c *client) migrateUp(ctx context.Context) error {
	_, err := c.migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
	return err
}

// version returns the version of the existing tables of River (current), and the version that this program needs. The
// current version is 0 if there are no tables. If the tables are newer than the program, both results are equal,
// because River checks only the versions that it knows.
func (c *client) version(ctx context.Context) (current, needed int64, err error) {
	all := c.migrator.AllVersions()
	needed = int64(all[len(all)-1].Version)
	validation, err := c.migrator.Validate(ctx, nil)
	if err != nil {
		return 0, needed, fmt.Errorf("jobs: version: %w", err)
	}
	if validation.OK {
		return needed, needed, nil
	}
	applied, err := c.migrator.ExistingVersions(ctx)
	if err != nil {
		return 0, needed, fmt.Errorf("jobs: version: %w", err)
	}
	for _, migration := range applied {
		current = max(current, int64(migration.Version))
	}
	return current, needed, nil
}

// enqueue inserts one job for each pull in ids inside the transaction tx. It does nothing
// if ids is empty.
func (c *client) enqueue(ctx context.Context, tx pgx.Tx, ids []uuid.UUID) (err error) {
	switch jobs := insertParams(ids, priorityNormal); {
	case len(jobs) == 0:
		return nil
	case len(jobs) <= copyThreshold:
		_, err = c.InsertManyTx(ctx, tx, jobs)
	default:
		_, err = c.InsertManyFastTx(ctx, tx, jobs)
	}
	if err != nil {
		return fmt.Errorf("jobs: enqueue: %w", err)
	}
	return nil
}

// nudge inserts a job for each given pull that has no waiting job. The given pulls must be stuck. A job in state
// "running" does not count as waiting: the process of a stuck pull's job must have died.
func (c *client) nudge(ctx context.Context, ids []uuid.UUID) error {
	ids, err := c.withoutWaitingJob(ctx, ids)
	if err != nil || len(ids) == 0 {
		return err
	}
	_, err = c.InsertMany(ctx, insertParams(ids, priorityNudge))
	return err
}

// withoutWaitingJob removes the pulls that have a waiting job due within background.MaxRetryDelay. Without this filter,
// every stuck pull of a backlog would receive a second job. A pull whose attempts always end in an error would
// accumulate jobs.
func (c *client) withoutWaitingJob(ctx context.Context, ids []uuid.UUID) ([]uuid.UUID, error) {
	list, err := c.JobList(ctx, river.NewJobListParams().
		Kinds(pullArgs{}.Kind()).Queues(queueName).First(10_000).
		States(rivertype.JobStateAvailable, rivertype.JobStateRetryable, rivertype.JobStateScheduled).
		Where("args->>'pull_id' = any(@ids)", river.NamedArgs{"ids": uuidStrings(ids)}))
	if err != nil {
		return nil, err
	}
	soon := time.Now().Add(background.MaxRetryDelay)
	waiting := make(map[uuid.UUID]bool)
	for _, job := range list.Jobs {
		var args pullArgs
		if json.Unmarshal(job.EncodedArgs, &args) == nil && job.ScheduledAt.Before(soon) {
			waiting[args.PullID] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id uuid.UUID) bool { return waiting[id] }), nil
}

// wake sends the same notification that River sends when it inserts jobs.
func (c *client) wake(ctx context.Context) error {
	return c.Driver().GetExecutor().NotifyMany(ctx, &riverdriver.NotifyManyParams{
		Topic: "river_insert", Payload: []string{`{"queue": "` + queueName + `"}`},
	})
}

// uuidStrings returns the ids in their text form.
func uuidStrings(ids []uuid.UUID) []string {
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = id.String()
	}
	return list
}

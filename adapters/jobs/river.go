package jobs

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs/background"
)

// copyThreshold is the number of jobs above which River's COPY is quicker than one INSERT.
const copyThreshold = 50

// client is River with transactions of type TTx. It is what both databases share.
type client[TTx any] struct {
	*river.Client[TTx]
	migrator *rivermigrate.Migrator[TTx]
	// pullIDFilter is the SQL condition that selects the jobs whose pull is one of @ids,
	// and pullIDArg encodes that argument.
	pullIDFilter string
	pullIDArg    func([]uuid.UUID) any
}

func newClient[TTx any](q *Queue, driver riverdriver.Driver[TTx]) (*client[TTx], error) {
	cfg, err := q.riverConfig()
	if err != nil {
		return nil, err
	}
	riverClient, err := river.NewClient(driver, cfg)
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: cfg.Logger})
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	return &client[TTx]{Client: riverClient, migrator: migrator}, nil
}

func (c *client[TTx]) migrateUp(ctx context.Context) error {
	if _, err := c.migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("jobs: migrate: %w", err)
	}
	return nil
}

// version returns the version of River's tables, 0 if there are none, and the version that
// is needed. River does not know versions beyond its own: newer tables count as the one
// that is needed.
func (c *client[TTx]) version(ctx context.Context) (current, needed int64, err error) {
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

// enqueue inserts a job for each pull inside a transaction.
func (c *client[TTx]) enqueue(ctx context.Context, tx TTx, ids []uuid.UUID) (err error) {
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

// nudge inserts jobs for stuck pulls that have none waiting. A "running" job does not
// count: it belongs to a dead process, because the pull is stuck.
func (c *client[TTx]) nudge(ctx context.Context, ids []uuid.UUID) error {
	ids, err := c.withoutWaitingJob(ctx, ids)
	if err != nil || len(ids) == 0 {
		return err
	}
	_, err = c.InsertMany(ctx, insertParams(ids, priorityNudge))
	return err
}

// withoutWaitingJob returns ids without the pulls that a waiting job will run soon.
// Otherwise a whole backlog would be nudged, and a pull whose attempts end in an error would
// accumulate jobs.
func (c *client[TTx]) withoutWaitingJob(ctx context.Context, ids []uuid.UUID) ([]uuid.UUID, error) {
	list, err := c.JobList(ctx, river.NewJobListParams().
		Kinds(pullArgs{}.Kind()).Queues(queueName).First(10_000).
		States(rivertype.JobStateAvailable, rivertype.JobStateRetryable, rivertype.JobStateScheduled).
		Where(c.pullIDFilter, river.NamedArgs{"ids": c.pullIDArg(ids)}))
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

// wake sends the notification that River sends with an insertion.
func (c *client[TTx]) wake(ctx context.Context) error {
	return c.Driver().GetExecutor().NotifyMany(ctx, &riverdriver.NotifyManyParams{
		Topic: "river_insert", Payload: []string{`{"queue": "` + queueName + `"}`},
	})
}

// uuidStrings returns the text forms of ids.
func uuidStrings(ids []uuid.UUID) []string {
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = id.String()
	}
	return list
}

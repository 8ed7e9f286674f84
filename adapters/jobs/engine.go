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
)

// fewJobs is up to how many jobs one INSERT is quicker than River's COPY.
const fewJobs = 50

// base is what the engines share: River over transactions of type TTx.
type base[TTx any] struct {
	*river.Client[TTx]
	migrator *rivermigrate.Migrator[TTx]
	// named is the SQL that keeps the jobs whose pull is one of @ids, and ids writes that
	// argument.
	named string
	ids   func([]uuid.UUID) any
}

func newBase[TTx any](q *Queue, driver riverdriver.Driver[TTx]) (*base[TTx], error) {
	cfg, err := q.riverConfig()
	if err != nil {
		return nil, err
	}
	client, err := river.NewClient(driver, cfg)
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: cfg.Logger})
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	return &base[TTx]{Client: client, migrator: migrator}, nil
}

func (b *base[TTx]) up(ctx context.Context) error {
	if _, err := b.migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("jobs: migrate: %w", err)
	}
	return nil
}

// version tells at which version River's tables are, 0 when there are none, and which one
// is needed. River knows no versions beyond its own: tables that are newer are at that.
func (b *base[TTx]) version(ctx context.Context) (at, needed int64, err error) {
	all := b.migrator.AllVersions()
	needed = int64(all[len(all)-1].Version)
	verdict, err := b.migrator.Validate(ctx, nil)
	if err != nil {
		return 0, needed, fmt.Errorf("jobs: version: %w", err)
	}
	if verdict.OK {
		return needed, needed, nil
	}
	done, err := b.migrator.ExistingVersions(ctx)
	if err != nil {
		return 0, needed, fmt.Errorf("jobs: version: %w", err)
	}
	for _, migration := range done {
		at = max(at, int64(migration.Version))
	}
	return at, needed, nil
}

// enqueue writes messengers inside a transaction.
func (b *base[TTx]) enqueue(ctx context.Context, tx TTx, ids []uuid.UUID) (err error) {
	switch jobs := messengers(ids, priorityPull); {
	case len(jobs) == 0:
		return nil
	case len(jobs) <= fewJobs:
		_, err = b.InsertManyTx(ctx, tx, jobs)
	default:
		_, err = b.InsertManyFastTx(ctx, tx, jobs)
	}
	if err != nil {
		return fmt.Errorf("jobs: enqueue: %w", err)
	}
	return nil
}

// kick writes messengers for pulls that have none on its way. One that is "running" does
// not count: it is a dead process's, for the pull is stranded.
func (b *base[TTx]) kick(ctx context.Context, ids []uuid.UUID) error {
	ids, err := b.without(ctx, ids)
	if err != nil || len(ids) == 0 {
		return err
	}
	_, err = b.InsertMany(ctx, messengers(ids, priorityKick))
	return err
}

// without leaves out the pulls that a waiting job will bring up soon. Else a backlog
// would be kicked, and a pull whose tries end in an error would gather jobs.
func (b *base[TTx]) without(ctx context.Context, ids []uuid.UUID) ([]uuid.UUID, error) {
	waiting, err := b.JobList(ctx, river.NewJobListParams().
		Kinds(pullArgs{}.Kind()).Queues(queueName).First(10_000).
		States(rivertype.JobStateAvailable, rivertype.JobStateRetryable, rivertype.JobStateScheduled).
		Where(b.named, river.NamedArgs{"ids": b.ids(ids)}))
	if err != nil {
		return nil, err
	}
	soon := time.Now().Add(maxRetryWait)
	coming := make(map[uuid.UUID]bool)
	for _, job := range waiting.Jobs {
		var args pullArgs
		if json.Unmarshal(job.EncodedArgs, &args) == nil && job.ScheduledAt.Before(soon) {
			coming[args.PullID] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id uuid.UUID) bool { return coming[id] }), nil
}

// wake sends what River sends with an insertion.
func (b *base[TTx]) wake(ctx context.Context) error {
	return b.Driver().GetExecutor().NotifyMany(ctx, &riverdriver.NotifyManyParams{
		Topic: "river_insert", Payload: []string{`{"queue": "` + queueName + `"}`},
	})
}

package telemetry

import (
	"context"
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// bridge exports the Prometheus series by OTLP under the same names. Events are counted only in the Prometheus
// registry, and not a second time for OTLP. Summaries are not exported; the service has no series of that type.
type bridge struct {
	registry  prometheus.Gatherer
	startTime time.Time
}

// Produce implements metric.Producer. The values of counters and histograms are cumulative. If a
// Prometheus collector fails, only its own series are missing.
func (b bridge) Produce(context.Context) ([]metricdata.ScopeMetrics, error) {
	families, err := b.registry.Gather()
	if len(families) == 0 {
		return nil, err
	}
	all := metricdata.ScopeMetrics{Scope: instrumentation.Scope{Name: scope}}
	now := time.Now()
	for _, family := range families {
		if data := b.aggregate(family, now); data != nil {
			all.Metrics = append(
				all.Metrics,
				metricdata.Metrics{Name: family.GetName(), Description: family.GetHelp(), Data: data},
			)
		}
	}
	return []metricdata.ScopeMetrics{all}, nil
}

func (b bridge) aggregate(family *dto.MetricFamily, now time.Time) metricdata.Aggregation {
	switch family.GetType() {
	case dto.MetricType_COUNTER:
		return metricdata.Sum[float64]{
			Temporality: metricdata.CumulativeTemporality, IsMonotonic: true,
			DataPoints: points(family, func(m *dto.Metric) metricdata.DataPoint[float64] {
				return metricdata.DataPoint[float64]{
					Attributes: attributes(m), Time: now,
					StartTime: b.createdAt(m.GetCounter().GetCreatedTimestamp()), Value: m.GetCounter().GetValue(),
				}
			}),
		}
	case dto.MetricType_GAUGE:
		return metricdata.Gauge[float64]{DataPoints: points(family, func(m *dto.Metric) metricdata.DataPoint[float64] {
			return metricdata.DataPoint[float64]{Attributes: attributes(m), Time: now, Value: m.GetGauge().GetValue()}
		})}
	case dto.MetricType_HISTOGRAM:
		return metricdata.Histogram[float64]{
			Temporality: metricdata.CumulativeTemporality,
			DataPoints: points(family, func(m *dto.Metric) metricdata.HistogramDataPoint[float64] {
				return b.histogram(m, now)
			}),
		}
	default:
		return nil
	}
}

// histogram returns m as an OTLP data point. In Prometheus, a bucket counts all values up to its
// upper bound. In OTLP, a bucket counts only the values between its lower and its upper bound.
func (b bridge) histogram(m *dto.Metric, now time.Time) metricdata.HistogramDataPoint[float64] {
	h := m.GetHistogram()
	point := metricdata.HistogramDataPoint[float64]{
		Attributes: attributes(m), Time: now, StartTime: b.createdAt(h.GetCreatedTimestamp()),
		Count: h.GetSampleCount(), Sum: h.GetSampleSum(),
	}
	below := uint64(0)
	for _, bucket := range h.GetBucket() {
		if math.IsInf(bucket.GetUpperBound(), 1) {
			continue // the values above the last bound are appended after the loop
		}
		point.Bounds = append(point.Bounds, bucket.GetUpperBound())
		point.BucketCounts = append(point.BucketCounts, bucket.GetCumulativeCount()-below)
		below = bucket.GetCumulativeCount()
	}
	point.BucketCounts = append(point.BucketCounts, point.Count-below)
	return point
}

// createdAt returns the time at which a series was created. If the timestamp is nil, createdAt
// returns the start of the export.
func (b bridge) createdAt(timestamp *timestamppb.Timestamp) time.Time {
	if timestamp == nil {
		return b.startTime
	}
	return timestamp.AsTime()
}

func points[P any](family *dto.MetricFamily, point func(*dto.Metric) P) []P {
	all := make([]P, 0, len(family.GetMetric()))
	for _, m := range family.GetMetric() {
		all = append(all, point(m))
	}
	return all
}

func attributes(m *dto.Metric) attribute.Set {
	all := make([]attribute.KeyValue, 0, len(m.GetLabel()))
	for _, label := range m.GetLabel() {
		all = append(all, attribute.String(label.GetName(), label.GetValue()))
	}
	return attribute.NewSet(all...)
}

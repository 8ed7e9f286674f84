// A bar chart drawn by uPlot. The library is loaded with the first chart. The chart is decoration for assistive
// technology: its caption says the same in words.
import { html, useEffect, useRef } from './preact.js';

const height = 180;

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();

// options returns the options of uPlot. series is a list of {name, colour, format}; labels are the texts of the
// axis below the bars.
function options(uPlot, width, labels, series, format) {
  const axis = { stroke: colour('muted'), grid: { stroke: colour('line'), width: 1 }, ticks: { show: false }, font: '12px system-ui' };
  const bars = uPlot.paths.bars({ size: [0.7, 28], radius: 0.15 });
  return {
    width, height, padding: [10, 8, 0, 0], cursor: { show: false }, legend: { show: false },
    scales: {
      x: { time: false, range: [-0.6, labels.length - 0.4] },
      // The length of a bar shows its value only if the axis contains zero.
      y: { range: (chart, low, high) => uPlot.rangeNum(Math.min(low ?? 0, 0), Math.max(high ?? 0, 0), { min: { pad: 0.05, soft: 0, mode: 1 }, max: { pad: 0.05, soft: 0, mode: 1 } }) },
    },
    axes: [
      { ...axis, grid: { show: false }, size: 26, values: (chart, splits) => splits.map((i) => labels[i] ?? ''), incrs: [1, 2, 5, 10, 20, 50], space: 64 },
      { ...axis, size: 64, values: (chart, splits) => splits.map(format) },
    ],
    series: [{}, ...series.map((one) => ({ fill: colour(one.colour), stroke: colour(one.colour), width: 0, points: { show: false }, paths: bars }))],
  };
}

// BarChart draws one bar of each series for each label.
export function BarChart({ labels, series, format, caption }) {
  const element = useRef();
  useEffect(() => {
    let chart;
    let ended = false;
    const target = element.current; // the reference is empty once the chart is removed
    const dark = window.matchMedia('(prefers-color-scheme: dark)');
    const draw = async () => {
      const { default: uPlot } = await import('./vendor/uplot.js');
      if (ended) return;
      chart?.destroy();
      const data = [labels.map((label, i) => i), ...series.map((one) => one.values)];
      chart = new /** @type {any} */ (uPlot)(options(uPlot, target.clientWidth, labels, series, format), data, target);
    };
    const resized = new ResizeObserver(() => chart?.setSize({ width: target.clientWidth, height }));
    resized.observe(target);
    dark.addEventListener('change', draw);
    draw();
    return () => {
      ended = true;
      resized.disconnect();
      dark.removeEventListener('change', draw);
      chart?.destroy();
    };
  }, [JSON.stringify([labels, series])]);
  return html`<figure class="chart"><figcaption>${caption}</figcaption><div ref=${element} aria-hidden="true"></div></figure>`;
}

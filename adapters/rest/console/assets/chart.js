// A bar chart as plain SVG. The chart is decoration for assistive technology: its caption says the same in words.
import { html } from './preact.js';

const height = 180; // of the whole chart
const bottom = 24; // the height of the texts below the bars
const mostTexts = 12;

// axis returns the values of the grid lines, from the lowest to the highest, about four steps apart. They contain zero,
// because the length of a bar shows its value only if the axis does.
function axis(values) {
  const low = Math.min(0, ...values);
  const high = Math.max(0, ...values);
  const rough = (high - low || 1) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
  const lines = [];
  for (let i = Math.floor(low / step); i <= Math.ceil(high / step); i++) lines.push(i * step);
  return lines.length > 1 ? lines : [...lines, step];
}

// BarChart draws one bar of each series for each label. series is a list of {colour, values}; format formats the values of
// the axis. Horizontal positions are percentages, so that the chart fits its width without being measured.
export function BarChart({ labels, series, format, caption }) {
  const lines = axis(series.flatMap(({ values }) => values));
  const [low, high] = [lines[0], lines[lines.length - 1]];
  const y = (value) => 8 + (height - bottom - 8) * (high - value) / (high - low);
  const wide = 100 / labels.length;
  const every = Math.ceil(labels.length / mostTexts);
  return html`<figure class="chart"><figcaption>${caption}</figcaption><div aria-hidden="true">
    <svg class="axis" height=${height}>${lines.map((value) => html`<text x="100%" y=${y(value) + 4}>${format(value)}</text>`)}</svg>
    <svg height=${height}>
      ${lines.map((value) => html`<line x2="100%" y1=${y(value)} y2=${y(value)} />`)}
      ${series.map(({ colour, values }) => values.map((value, i) => value && html`<rect class=${colour} x=${wide * (i + 0.15) + '%'}
        width=${wide * 0.7 + '%'} y=${Math.min(y(value), y(0))} height=${Math.abs(y(value) - y(0))} />`))}
      ${labels.map((label, i) => i % every === 0 && html`<text x=${wide * (i + 0.5) + '%'} y=${height - 6}>${label}</text>`)}
    </svg></div></figure>`;
}

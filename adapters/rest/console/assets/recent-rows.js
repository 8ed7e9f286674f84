// A small bar chart: the rows that the pulls of the last days added, by day.
import { shortDay } from './format.js';
import { t } from './i18n.js';
import { html } from './preact.js';

const height = 24;

// nameDay makes the tooltip of the chart name the day below the pointer, and its number of rows.
const nameDay = (days) => ({ currentTarget: chart, clientX }) => {
  const { left, width } = chart.getBoundingClientRect();
  const { date, count } = days[Math.max(0, Math.min(days.length - 1, Math.floor(((clientX - left) / width) * days.length)))];
  chart.querySelector('title').textContent = `${shortDay(date)}: ${count}`;
};

// RecentRows draws one bar for each day of the member rowsByDay of a connection's health. The height of a bar grows
// with the square root, so that a first read of thousands of rows does not hide the other days. All bars are two paths:
// a page has many charts, and an element for each day would take most of the time to show it.
export function RecentRows({ days }) {
  const most = Math.sqrt(Math.max(...days.map(({ count }) => count), 1));
  const total = days.reduce((sum, { count }) => sum + count, 0);
  const bars = (some) => days.map(({ count }, i) => (Boolean(count) === some
    ? `M${i * 6} ${height}v-${some ? Math.max(3, Math.round((Math.sqrt(count) / most) * height)) : 1}h4V${height}z` : '')).join('');
  return html`<svg class="bars" viewBox="0 0 ${days.length * 6} ${height}" width=${days.length * 6} height=${height} role="img"
      aria-label=${t('recentRows.label', { n: total })} onPointerMove=${nameDay(days)}>
    <title></title><path d=${bars(true)} /><path class="none" d=${bars(false)} />
  </svg>`;
}

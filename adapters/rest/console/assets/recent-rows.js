// A small bar chart: the rows that the pulls of the last days added, by day.
import { shortDay } from './format.js';
import { t } from './i18n.js';
import { html } from './preact.js';

// RecentRows draws one bar for each day of the member rowsByDay of a connection's health. The height of a bar grows
// with the square root, so that a first read of thousands of rows does not hide the other days.
export function RecentRows({ days }) {
  const most = Math.sqrt(Math.max(...days.map(({ count }) => count), 1));
  const total = days.reduce((sum, { count }) => sum + count, 0);
  return html`<svg class="bars" viewBox="0 0 ${days.length * 6} 24" width=${days.length * 6} height="24" role="img"
      aria-label=${t('recentRows.label', { n: total })}>
    ${days.map(({ date, count }, i) => {
      const height = count ? Math.max(3, (Math.sqrt(count) / most) * 24) : 1;
      return html`<rect key=${date} class=${count ? '' : 'none'} x=${i * 6} y=${24 - height} width="4" height=${height} rx="1">
        <title>${shortDay(date)}: ${count}</title>
      </rect>`;
    })}
  </svg>`;
}

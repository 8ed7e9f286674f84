// A small bar chart: the rows that the pulls of the last 14 days added, by day.
import { isoDay, shortDay } from './format.js';
import { t } from './i18n.js';
import { html, useEffect, useRef, useState } from './preact.js';
import { readAll, useLoad } from './resource.js';

const days = 14;
const maxPages = 3;

// addedByDay returns the number of added rows of each of the last 14 days, the oldest first.
export function addedByDay(pulls, now = Date.now()) {
  const counts = Array(days).fill(0);
  const today = Date.parse(isoDay(now));
  for (const pull of pulls) {
    const age = Math.round((today - Date.parse(isoDay(Date.parse(pull.createdAt)))) / 86400000);
    if (age >= 0 && age < days) counts[days - 1 - age] += pull.counts.added + pull.counts.modified;
  }
  return counts;
}

// useVisible reports whether the element was on the screen at least once.
function useVisible(element) {
  const [visible, setVisible] = useState(false);
  useEffect(() => {
    const observer = new IntersectionObserver(([entry]) => entry.isIntersecting && setVisible(true));
    observer.observe(element.current);
    return () => observer.disconnect();
  }, []);
  return visible;
}

// RecentRows reads the pulls of a connection when it becomes visible. The height of a bar grows with the square
// root, so that a first read of thousands of rows does not hide the other days.
export function RecentRows({ connection }) {
  const element = useRef();
  const visible = useVisible(element);
  const path = `/aggregator-connections/${connection}/pulls?limit=200`;
  const { value } = useLoad(visible ? path + '#recent' : null, (signal) => readAll(path, maxPages, signal));
  const counts = value ? addedByDay(value.items) : Array(days).fill(0);
  const most = Math.sqrt(Math.max(...counts, 1));
  const total = counts.reduce((sum, n) => sum + n, 0);
  return html`<svg class="bars" ref=${element} viewBox="0 0 ${days * 6} 24" width=${days * 6} height="24" role="img"
      aria-label=${t('recentRows.label', { n: total })}>
    ${counts.map((n, i) => {
      const height = n ? Math.max(3, (Math.sqrt(n) / most) * 24) : 1;
      return html`<rect key=${i} class=${n ? '' : 'none'} x=${i * 6} y=${24 - height} width="4" height=${height} rx="1">
        <title>${shortDay(isoDay(Date.now(), i - days + 1))}: ${n}</title>
      </rect>`;
    })}
  </svg>`;
}

// The statement of the bank that differs from the transactions of an account.
import { query as queryString, request } from './api.js';

// isOpen reports whether a statement differs and nobody has accepted the difference.
const isOpen = ({ comparison, decisions }) => comparison?.verdict === 'differs'
  && !decisions.some(({ decision, endedAt }) => decision === 'accepted' && !endedAt);

// findDiffering returns the id of the newest such statement of the account, which covers days that no later one has compared;
// undefined if there is none. days limits the months: {from, to}.
export async function findDiffering(account, days = {}, signal) {
  const { data: months } = await request('GET', `/accounts/${account}/coverage` + queryString(days), { signal });
  const ids = new Set(months.items.filter(({ statement }) => statement === 'differs').flatMap((month) => month.ids));
  for (const id of ids) {
    const { data } = await request('GET', '/bank-statements/' + id, { signal });
    if (isOpen(data)) return id;
  }
  return undefined;
}

// Reads the connections for a choice of one of them.
import { query as queryString, request } from './api.js';

const most = 200;
const mostFound = 20;

// loadConnections returns the first connections by name. complete reports whether these are all.
export async function loadConnections(signal) {
  const { data } = await request('GET', '/aggregator-connections?limit=' + most, { signal });
  const all = data.items.map(({ id, configName }) => ({ connectionId: id, configName }));
  return { all, complete: !data.hasMore };
}

// findConnections returns the first connections whose name contains the text.
export async function findConnections(text, signal) {
  const { data } = await request('GET', '/aggregator-connections/health' + queryString({ q: text, limit: mostFound }), { signal });
  return data.items.map(({ connectionId, configName }) => ({ connectionId, configName }));
}

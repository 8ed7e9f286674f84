// Reads the connections for a choice of one of them.
import { request } from './api.js';

const most = 200;

// loadConnections returns the first connections by name. complete reports whether these are all.
export async function loadConnections(signal) {
  const { data } = await request('GET', '/aggregator-connections?limit=' + most, { signal });
  const all = data.items.map(({ id, configName }) => ({ connectionId: id, configName }));
  return { all, complete: !data.hasMore };
}

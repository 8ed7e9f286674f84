// Reads the health of all connections.
import { readAll } from './resource.js';

const maxPages = 25;

// loadConnections returns the health of all connections with their names, ordered by config name.
export async function loadConnections(signal) {
  const { items, complete } = await readAll('/aggregator-connections/health?limit=200', maxPages, signal);
  return { all: items, complete };
}

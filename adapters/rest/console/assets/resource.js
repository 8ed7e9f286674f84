// Hooks that read from the API and keep what was read, so that a view appears at once when it is opened again.
import { newKey, Problem, request } from './api.js';
import { useCallback, useEffect, useRef, useState } from './preact.js';
import { session } from './session.js';

// kept contains the last response by path. It is dropped when the operator or the tenant changes.
const kept = new Map();
let keptFor = session.get()?.holder;
session.subscribe((current) => {
  if (current?.holder !== keptFor) kept.clear();
  keptFor = current?.holder;
});

// useAgain calls run when the operator has signed in again, if the service has refused the last token with problem.
export function useAgain(problem, run) {
  useEffect(() => {
    if (problem?.status !== 401) return undefined;
    return session.subscribe((current) => current?.token && run());
  }, [problem]);
}

// useLoad calls load, which returns a promise, when name changes and when reload is called. It returns the
// value that was loaded last under this name, also while it is loaded again. While it is loaded for the first time, load
// can show a part of the value with its second argument. name null loads nothing.
export function useLoad(name, load) {
  const [state, setState] = useState({ name, value: kept.get(name), problem: null, loading: name !== null });
  const [round, setRound] = useState(0);
  const present = state.name === name ? state : { name, value: kept.get(name), problem: null, loading: name !== null };
  useEffect(() => {
    if (name === null) return undefined;
    const abort = new AbortController();
    if (!present.loading) setState({ ...present, loading: true });
    const show = (value) => {
      if (!abort.signal.aborted && !kept.has(name)) setState({ name, value, problem: null, loading: true });
    };
    load(abort.signal, show).then(
      (value) => {
        kept.set(name, value);
        if (!abort.signal.aborted) setState({ name, value, problem: null, loading: false });
      },
      (problem) => {
        if (!abort.signal.aborted) setState({ name, value: kept.get(name), problem, loading: false });
      },
    );
    return () => abort.abort();
  }, [name, round]);
  const reload = useCallback(() => setRound((n) => n + 1), []);
  useAgain(present.problem, reload);
  return { ...present, reload };
}

// useResource reads one object. Its value is {data, etag}.
export function useResource(path) {
  return useLoad(path, (signal) => request('GET', path, { signal }));
}

const withCursor = (path, cursor) => path + (cursor && (path.includes('?') ? '&' : '?') + 'cursor=' + encodeURIComponent(cursor));

// readPage reads a page of a list. A page can be empty although there are more items; then the next one is read.
async function readPage(path, cursor, signal) {
  for (;;) {
    const answer = await request('GET', withCursor(path, cursor), { signal });
    if (answer.data.items.length > 0 || !answer.data.nextCursor) return answer;
    cursor = answer.data.nextCursor;
  }
}

// useList reads the first page of a list, and further pages with more().
export function useList(path) {
  const first = useLoad(path, (signal) => readPage(path, '', signal));
  const [further, setFurther] = useState(() => kept.get('further ' + path) || { path, items: [] });
  const [busy, setBusy] = useState(false);
  const page = first.value?.data;
  // Further pages fit the first one as long as it ends at the same place.
  const added = page && further.path === path && further.after === page.nextCursor ? further : { items: [] };
  const cursor = added.cursor === undefined ? page?.nextCursor : added.cursor;
  const more = async () => {
    setBusy(true);
    try {
      const { data } = await readPage(path, cursor);
      const next = { path, after: page.nextCursor, items: [...added.items, ...data.items], cursor: data.nextCursor || '' };
      kept.set('further ' + path, next);
      setFurther(next);
    } catch {
      first.reload(); // the list shows the problem
    } finally {
      setBusy(false);
    }
  };
  return {
    ...first, items: page && [...page.items, ...added.items],
    hasMore: Boolean(cursor), more, loadingMore: busy,
    extended: added.items.length > 0,
  };
}

const maxLimit = 200; // of a list of the API

const noScan = { items: [], last: null, cursor: '', pages: 0, ended: false, running: false, problem: null };

// useScan reads the pages of a list whose pages can be empty before the end, until it has found batch items or has
// reached the end. The first page has at most first items, so that it is shown soon; each further one has as many as are
// wanted. The items are shown while it reads. more() reads on, stop() ends the reading. pages is the number of pages that
// were read, last the last one; ended is true only if the list has no more items. path null reads nothing.
export function useScan(path, first, batch) {
  const [state, setState] = useState({ path, ...noScan, running: path !== null });
  const abort = useRef();
  const run = async (start, wanted) => {
    abort.current?.abort();
    const { signal } = abort.current = new AbortController();
    let found = { ...start, running: true, problem: null };
    setState(found);
    try {
      do {
        const limit = found.pages === 0 ? first : Math.min(maxLimit, wanted - found.items.length);
        const { data } = await request('GET', withCursor(`${path}${path.includes('?') ? '&' : '?'}limit=${limit}`, found.cursor), { signal });
        found = {
          ...found, items: [...found.items, ...data.items], last: data, cursor: data.nextCursor || '', pages: found.pages + 1,
          ended: !data.nextCursor,
        };
        found.running = !found.ended && found.items.length < wanted;
        if (!signal.aborted) setState(found);
      } while (found.running && !signal.aborted);
    } catch (problem) {
      if (!signal.aborted) setState({ ...found, running: false, problem });
    }
  };
  useEffect(() => {
    if (path !== null) run({ path, ...noScan }, batch);
    return () => abort.current?.abort();
  }, [path]);
  const present = state.path === path ? state : { ...noScan, running: path !== null };
  useAgain(present.problem, () => run(present, present.items.length + batch));
  return {
    ...present,
    more: () => run(present, present.items.length + batch),
    stop: () => {
      abort.current?.abort();
      setState({ ...present, running: false });
    },
  };
}

// readAll reads all pages of a list, up to a number of pages. complete reports whether it reached the end. show is called
// after each page with the items, and whether there are more.
export async function readAll(path, maxPages, signal, show = (_items, _more) => {}) {
  const items = [];
  let cursor = '';
  for (let page = 0; page < maxPages; page++) {
    const { data } = await request('GET', withCursor(path, cursor), { signal });
    items.push(...data.items);
    cursor = data.nextCursor || '';
    show(items, Boolean(cursor));
    if (!cursor) break;
  }
  return { items, complete: !cursor };
}

// useAction returns run, which performs one change, with its state. A change that got no answer is repeated with
// the same idempotency key, so that it happens once.
export function useAction(perform) {
  const [state, setState] = useState({ busy: false, problem: null, result: null });
  const attempt = useRef({ input: '', key: '' });
  const run = async (input) => {
    const text = JSON.stringify(input ?? null);
    if (attempt.current.input !== text || !attempt.current.key) attempt.current = { input: text, key: newKey() };
    setState({ busy: true, problem: null, result: null });
    try {
      const result = await perform(input, attempt.current.key);
      attempt.current.key = '';
      setState({ busy: false, problem: null, result });
      return result;
    } catch (error) {
      const problem = error instanceof Problem ? error : new Problem(0, { detail: String(error) });
      if (problem.status) attempt.current.key = '';
      setState({ busy: false, problem, result: null });
      return undefined;
    }
  };
  const reset = () => setState({ busy: false, problem: null, result: null });
  return { ...state, run, reset };
}

// usePolling calls reload every interval milliseconds while active is true and the page is visible.
export function usePolling(reload, active, interval) {
  useEffect(() => {
    if (!active) return undefined;
    const timer = setInterval(() => document.hidden || reload(), interval);
    return () => clearInterval(timer);
  }, [reload, active, interval]);
}

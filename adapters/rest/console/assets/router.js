// Routing by path. Every view has a path of its own, and filters are in the query, so that a link or a reload
// shows the same view. A token is never part of a location.
import { createStore, useStore } from './store.js';

// root is the path that a proxy puts in front of all paths of the service; mostly it is empty.
export const root = document.querySelector('meta[name="prefix"]')?.getAttribute('content') ?? '';

export const base = root + '/console';

const read = () => ({
  path: window.location.pathname.slice(base.length).replace(/\/+$/, '') || '/',
  query: Object.fromEntries(new URLSearchParams(window.location.search)),
});

const location = createStore(read());

// useLocation returns the path below the base, and the query as an object.
export const useLocation = () => useStore(location);

// link returns the address of a path of the console. Query values that are empty are left out.
export function link(path, query = {}) {
  const set = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  const text = new URLSearchParams(set).toString();
  return base + (path === '/' ? '' : path) + (text && '?' + text);
}

// The browser restores the scroll position before the content of a view is loaded, so the console does it. The position
// of each entry of the history is in its state.
window.history.scrollRestoration = 'manual';
let wantedScroll = 0;
let noting;
window.addEventListener('scroll', () => {
  clearTimeout(noting);
  noting = setTimeout(noteScroll, 150);
}, { passive: true });

function noteScroll() {
  clearTimeout(noting);
  window.history.replaceState({ scroll: window.scrollY }, '');
}

// restoreScroll scrolls to where the view was left, now or when its content is long enough, unless the operator scrolls
// before that.
export function restoreScroll() {
  const y = wantedScroll;
  wantedScroll = 0;
  window.scrollTo(0, y);
  if (y === 0) return;
  const sizes = new ResizeObserver(() => {
    window.scrollTo(0, y);
    if (window.scrollY >= y - 1) end();
  });
  const end = () => {
    sizes.disconnect();
    clearTimeout(timer);
    for (const name of ['wheel', 'touchstart', 'keydown', 'pointerdown']) window.removeEventListener(name, end);
  };
  const timer = setTimeout(end, 5000);
  for (const name of ['wheel', 'touchstart', 'keydown', 'pointerdown']) window.addEventListener(name, end, { passive: true });
  sizes.observe(document.body);
}

// navigate shows another view. With replace, the browser's history gets no new entry.
export function navigate(address, replace = false) {
  if (!replace) noteScroll();
  clearTimeout(noting);
  window.history[replace ? 'replaceState' : 'pushState'](null, '', address);
  location.set(read());
}

// setQuery changes query values of the present location without a new entry in the history.
export function setQuery(changes) {
  const { path, query } = location.get();
  navigate(link(path, { ...query, ...changes }), true);
}

window.addEventListener('popstate', ({ state }) => {
  clearTimeout(noting);
  wantedScroll = state?.scroll || 0;
  location.set(read());
});

// Links are real anchors. This handler turns a plain click on a link of the console into a navigation.
document.addEventListener('click', (event) => {
  const anchor = /** @type {any} */ (event.target).closest?.('a[href]');
  const modified = event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button !== 0;
  if (!anchor || modified || event.defaultPrevented || anchor.target) return;
  const { origin, pathname, search } = new URL(anchor.href);
  const isConsole = pathname === base || pathname.startsWith(base + '/');
  if (origin !== window.location.origin || !isConsole || anchor.getAttribute('href').startsWith('#')) return;
  event.preventDefault();
  navigate(pathname + search);
});

// A value that components can subscribe to.
import { useEffect, useState } from './preact.js';

// createStore returns a store with an initial value. set replaces the value and notifies subscribers.
export function createStore(value) {
  const subscribers = new Set();
  return {
    get: () => value,
    set(next) {
      value = next;
      subscribers.forEach((notify) => notify(value));
    },
    subscribe(notify) {
      subscribers.add(notify);
      return () => subscribers.delete(notify);
    },
  };
}

// useStore returns the value of a store and renders the component again when it changes.
export function useStore(store) {
  const [value, setValue] = useState(store.get);
  useEffect(() => {
    setValue(() => store.get());
    return store.subscribe((next) => setValue(() => next));
  }, [store]);
  return value;
}

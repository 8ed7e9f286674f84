// Re-exports the parts of Preact that the console uses, with htm as the notation for elements. Both escape
// all text: nothing that the API returns is ever parsed as HTML.
import { element } from './hidden-characters.js';
import { render, createContext } from './vendor/preact.js';
import { useCallback, useContext, useEffect, useLayoutEffect, useMemo, useRef, useState } from './vendor/preact-hooks.js';
import htm from './vendor/htm.js';

export const html = htm.bind(element);
export { render, createContext, useCallback, useContext, useEffect, useLayoutEffect, useMemo, useRef, useState };

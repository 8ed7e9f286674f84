// The search box, which is on every page. The key "/" leads to it.
import { t } from './i18n.js';
import { html, useEffect, useLayoutEffect, useRef } from './preact.js';
import { link, navigate, useLocation } from './router.js';

// isTyping reports whether a key goes into a field, or whether a dialog is open.
const isTyping = (target) => Boolean(target.closest?.('input, select, textarea') || document.querySelector('dialog[open]'));

export function SearchBox() {
  const { path, query } = useLocation();
  const box = useRef();
  const present = path === '/search' ? query.q || '' : '';
  // Before the page is painted: an effect after it would overwrite what a quick person has typed by then.
  useLayoutEffect(() => { box.current.value = present; }, [present]);
  useEffect(() => {
    const press = (event) => {
      if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTyping(event.target)) return;
      event.preventDefault();
      box.current.focus();
      box.current.select();
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, []);
  const submit = (event) => {
    event.preventDefault();
    const q = box.current.value.trim();
    if (q) navigate(link('/search', path === '/search' ? { ...query, q } : { q }));
  };
  return html`<form class="search-box" role="search" aria-label=${t('searchBox.label')} onSubmit=${submit}>
    <input id="search-box" type="search" maxlength="255" autocomplete="off" spellcheck=${false} aria-label=${t('searchBox.label')}
      aria-keyshortcuts="/" placeholder=${t('searchBox.placeholder')} ref=${box} defaultValue=${present} />
    <kbd aria-hidden="true">/</kbd>
  </form>`;
}

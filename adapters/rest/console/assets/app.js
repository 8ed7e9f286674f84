// The frame of the console: navigation, the sign-in, and the view that belongs to the location.
import { language, languages, setLanguage, t } from './i18n.js';
import { signOut } from './oidc.js';
import { Problem } from './api.js';
import { html, useEffect, useState } from './preact.js';
import { link, useLocation } from './router.js';
import { SearchBox } from './search-box.js';
import { session } from './session.js';
import { SignIn, SignInAgain } from './sign-in.js';
import { useStore } from './store.js';
import { Empty, Failure, notice, Page, Skeleton } from './ui.js';
import { views } from './views.js';

// match returns the view of a path with the parameters in the path.
function match(path) {
  for (const [pattern, view] of views) {
    const names = pattern.split('/');
    const parts = path.split('/');
    const params = {};
    const fits = names.length === parts.length && names.every((name, i) => {
      if (!name.startsWith(':')) return name === parts[i];
      params[name.slice(1)] = parts[i];
      return true;
    });
    if (fits) return { view, params };
  }
  return { view: { component: NotFound, load: () => Promise.resolve() }, params: {} };
}

const NotFound = () => html`<${Page} title=${t('notFound.title')}>
  <${Empty} title=${t('notFound.text')}><a href=${link('/')}>${t('nav.connections')}</a></${Empty}>
</${Page}>`;

const sections = [
  ['/', 'nav.connections'], ['/coverage', 'nav.coverage'], ['/search', 'nav.search'], ['/changes', 'nav.changes'],
  ['/webhooks', 'nav.webhooks'],
  ['/possible-replacements', 'nav.suggestions'], ['/month-end', 'nav.monthEnd'], ['/institutions', 'nav.institutions'],
  ['/applications', 'nav.applications'], ['/subscriptions', 'nav.subscriptions'], ['/engines', 'nav.engines'],
  ['/erasures', 'nav.erasures'], ['/audit', 'nav.audit'],
];

const isCurrent = (section, path) =>
  (section === '/' ? path === '/' || path.startsWith('/connections') : path.startsWith(section));

function LanguageSwitch() {
  return html`<div class="language" role="group" aria-label=${t('nav.language')}>${languages.map((name) => html`
    <button type="button" key=${name} lang=${name} aria-pressed=${name === language.get() ? 'true' : 'false'}
      title=${t('language.' + name)} onClick=${() => setLanguage(name)}>${name.slice(0, 2).toUpperCase()}</button>`)}
  </div>`;
}

function Notice() {
  const text = useStore(notice);
  useEffect(() => {
    if (!text) return undefined;
    const timer = setTimeout(() => notice.set(''), 8000);
    return () => clearTimeout(timer);
  }, [text]);
  return html`<div class="toast" role="status" aria-live="polite">${text}</div>`;
}

// Shown shows a view, and reads its scripts first if necessary. Scripts that cannot be read may be those of an earlier
// version of the service: the page is then read again.
function Shown({ view, params }) {
  const [failed, setFailed] = useState(false);
  const [, setRead] = useState(0);
  const { component } = view;
  useEffect(() => {
    let left = false;
    // The scripts can arrive between the rendering and this effect. The view must then be rendered again, too.
    if (!component) view.load().then(() => !left && setRead((n) => n + 1), () => !left && setFailed(true));
    return () => { left = true; };
  }, [view]);
  if (component) return html`<${component} ...${params} />`;
  return failed ? html`<${Failure} problem=${new Problem(0, {})} retry=${() => window.location.reload()} />`
    : html`<${Skeleton} rows=${8} />`;
}

export function App() {
  const { path } = useLocation();
  const current = useStore(session);
  const spoken = useStore(language);
  useEffect(() => {
    document.documentElement.lang = spoken;
  }, [spoken]);
  useEffect(() => { // in a narrow window the sections can be scrolled
    document.querySelector('nav [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [path]);
  const { view, params } = match(path);
  return html`<div class="frame">
    <a class="skip" href="#main">${t('nav.skip')}</a>
    <header class="top">
      <a class="brand" href=${link('/')}>${t('app.name')}</a>
      ${current && html`<${SearchBox} />`}
      <div class="top-end">
        <${LanguageSwitch} />
        ${current && html`<button type="button" class="quiet" onClick=${signOut}>${t('action.signOut')}</button>`}
      </div>
      ${current && html`<nav aria-label=${t('nav.label')}>${sections.map(([to, name]) => html`
        <a href=${link(to)} key=${to} aria-current=${isCurrent(to, path) ? 'page' : undefined}>${t(name)}</a>`)}</nav>`}
    </header>
    <main id="main" tabindex="-1">
      ${current ? html`<${Shown} key=${current.holder + path} view=${view} params=${params} />` : html`<${SignIn} />`}
    </main>
    ${current?.expired && html`<${SignInAgain} />`}
    <${Notice} />
  </div>`;
}
